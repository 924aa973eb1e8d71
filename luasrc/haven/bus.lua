-- SPDX-License-Identifier: GPL-2.0-or-later
-- Calls of the object `haven` on ubus. A page runs as root, so each call is made only where rpcd would let
-- this session make it. What fails is a trouble {kind, detail}, which luci.haven.words explains.

local M = {}

local patience = require("luci.haven.catalogue").patience
local refusal = require("luci.haven.message").refusal

local QUICK_S = patience.answer_s
-- uhttpd ends a page after 60 s.
local SLOW_S = math.min(patience.handover_s, 50)

-- Status of ubus -> kind of trouble.
local KIND_OF = {
	[2] = "argument", [3] = "agent", [4] = "agent", [6] = "denied", [7] = "late", [9] = "refused", [10] = "havend"
}

local function trouble(kind, detail)
	return nil, { kind = kind, detail = detail or "" }
end

local function session()
	return require("luci.dispatcher").context.authsession
end

-- Whether rpcd would let the user of this page call a method.
function M.may(method)
	local right = require("luci.util").ubus("session", "access", {
		ubus_rpc_session = session(), scope = "ubus", object = "haven", ["function"] = method
	})
	return type(right) == "table" and right.access == true
end

-- The document is taken for what it says, and the status where there is none.
local function opened(answer, status)
	if type(answer) == "table" and answer.error then
		return trouble(answer.kind or KIND_OF[status] or "unknown", refusal(answer))
	elseif type(answer) == "table" then
		return answer
	elseif status and status ~= 0 then
		return trouble(KIND_OF[status] or "unknown", ("ubus status %s"):format(status))
	end
	return trouble("malformed")
end

-- A document within another one; `kind` is the trouble of there being none.
function M.opened(answer, kind)
	if type(answer) ~= "table" then
		return trouble(kind)
	end
	return opened(answer)
end

local function shaped(answer, keys)
	for _, key in ipairs(keys) do
		if type(answer[key]) ~= "table" then
			return trouble("malformed", ("there is no '%s' in it"):format(key))
		end
	end
	return answer
end

local function ask(method, arguments, seconds, keys)
	if not M.may(method) then
		return trouble("denied")
	end
	local connection = require("ubus").connect(nil, seconds)
	if not connection then
		return trouble("unknown", "there is no ubus")
	end
	local answer, why = opened(connection:call("haven", method, arguments))
	connection:close()
	if not answer then
		return nil, why
	end
	return shaped(answer, keys)
end

function M.status()
	return ask("status", {}, QUICK_S, { "virtual_routers", "groups", "problems" })
end

function M.events()
	local answer, why = ask("events", {}, QUICK_S, { "events" })
	return answer and answer.events, why
end

-- The agent does not run before haven is enabled, and enabling it has to be checked as well.
local function validate_here(text)
	local path = os.tmpname()
	local input = io.popen("haven --config /proc/self/fd/0 validate --json >" .. path .. " 2>/dev/null", "w")
	input:write(text)
	input:close()
	local output = io.open(path)
	local answer = require("luci.jsonc").parse(output:read("*a"))
	output:close()
	os.remove(path)
	local document, why = opened(answer)
	return document and shaped(document, { "problems" }), why
end

-- The problems of a configuration as UCI text.
function M.validate(text)
	local answer, why = ask("validate", { text = text }, SLOW_S, { "problems" })
	if why and why.kind == "agent" then
		answer, why = validate_here(text)
	end
	return answer and answer.problems, why
end

-- By the command: the binding for Lua throws away what a call says that fails.
function M.act(method, arguments)
	if not M.may(method) then
		return trouble("denied")
	end
	local quote = require("luci.util").shellquote
	local jsonc = require "luci.jsonc"
	local command = ("ubus -t %d -S call haven %s %s 2>/dev/null; echo; echo $?"):format(
		SLOW_S, quote(method), quote(next(arguments) and jsonc.stringify(arguments) or "{}"))
	local output = io.popen(command)
	local said = output:read("*a")
	output:close()
	local text, code = said:match("^(.-)%s*(%d+)%s*$")
	local status = tonumber(code) or 0
	-- A status may come out as the octet of its negative.
	return opened(jsonc.parse(text or ""), status > 127 and 256 - status or status)
end

return M
