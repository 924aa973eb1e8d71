-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the programs of haven say by a code with facts, in the reader's language: the rules are those of
-- haven/contract/message.py. What this catalogue does not know stays in the words of the program.

local catalogue = require "luci.haven.catalogue"
local words = require "luci.haven.words"
local translate = require("luci.i18n").translate

local M = {}

local TEXTS = catalogue.texts
local UNFIT = {}

local function set(names)
	local found = {}
	for _, name in ipairs(names) do
		found[name] = true
	end
	return found
end

local STATE_FACTS, FAILURE_FACTS = set(catalogue.state_facts), set(catalogue.failure_facts)

local said

local function is_message(value)
	return type(value) == "table" and type(value.code) == "string"
end

function M.state(name)
	return TEXTS.states[name] and words.translate(TEXTS.states[name], "haven") or tostring(name)
end

local function joined(parts, separator)
	local there = {}
	for index = 1, table.maxn(parts) do
		local part = parts[index]
		there[#there + 1] = type(part) == "string" and part ~= "" and part or nil
	end
	return table.concat(there, separator)
end

-- LuCI's numbers are of floating point: 3 shall not be "3.0".
local function plain(value)
	return type(value) == "number" and ("%.14g"):format(value) or tostring(value)
end

local function number(value)
	-- Neither NaN nor an infinity, which differs from itself by NaN.
	if type(value) ~= "number" or value - value ~= 0 then
		error(UNFIT, 0)
	end
	return value
end

local function duration(microseconds)
	if microseconds < 1000000 then
		return translate(TEXTS.durations.milliseconds):format(math.floor(microseconds / 1000))
	end
	return translate(TEXTS.durations.seconds):format(microseconds / 1000000)
end

local function scalar(name, value)
	if STATE_FACTS[name] then
		return M.state(value)
	elseif FAILURE_FACTS[name] and TEXTS.failure_words[value] then
		return translate(TEXTS.failure_words[value])
	elseif name:sub(-3) == "_us" then
		return duration(number(value))
	elseif name:sub(-2) == "_s" then
		return translate(TEXTS.durations.whole_seconds):format(number(value))
	end
	return plain(value)
end

local function inner(name, value)
	if name == "diagnostic" then
		return M.placed(value)
	end
	return said(catalogue.inner[name], value.code, value.facts or {}) or
		tostring(value.text or value.message or value.code)
end

local function shown(name, value)
	if is_message(value) then
		return inner(name, value)
	elseif type(value) ~= "table" then
		return scalar(name, value)
	end
	local texts = {}
	for index, each in ipairs(value) do
		texts[index] = shown(name, each)
	end
	return joined(texts, is_message(value[1]) and "; " or ", ")
end

local function filled(template, facts)
	return (template:gsub("{([%w_]+)}", function(name)
		if facts[name] == nil then
			error(UNFIT, 0)
		end
		return shown(name, facts[name])
	end))
end

local function render(template, facts)
	local text = filled(template, facts)
	if facts.suggestion then
		text = text .. filled(translate(TEXTS.ends.suggestion), facts)
	end
	-- A sentence may begin with a fault, which elsewhere stands behind a colon.
	if template:sub(1, 7) == "{fault}" then
		return text:sub(1, 1):upper() .. text:sub(2)
	end
	return text
end

-- The text of a code; nil where the catalogue has none, or the facts do not fit it.
function said(kind, code, facts)
	local template = (TEXTS[kind] or {})[code]
	if not template or type(facts) ~= "table" then
		return nil
	end
	local good, text = pcall(render, translate(template), facts)
	if not good and text ~= UNFIT then
		error(text, 0)
	end
	return good and text:match("^%s*(.-)%s*$") or nil
end

-- What is the matter with a configuration, without its place.
function M.diagnostic(found)
	return said("diagnostics", found.code, found.facts) or tostring(found.message or found.code)
end

-- The same with its section and option.
function M.located(found)
	local option = found.option and filled(translate(TEXTS.places.option), found)
	return joined({ joined({ found.section, option }, ", "), M.diagnostic(found) }, ": ")
end

-- The same with its file as well.
function M.placed(found)
	local has_line = type(found.line) == "number" and found.line > 0
	local file = has_line and ("%s:%d"):format(tostring(found.file), found.line) or found.file
	return joined({ file, M.located(found) }, ": ")
end

function M.problem(problem)
	return said("problems", problem.code, problem.facts) or tostring(problem.message)
end

function M.advice(problem)
	return said("advice", problem.code, problem.facts) or tostring(problem["do"] or "")
end

-- What a takeover at this moment might lose; nil where that is nothing.
function M.at_risk(risks)
	local texts = {}
	for index, risk in ipairs(risks or {}) do
		texts[index] = said("at_risk", risk.code, risk.facts) or tostring(risk.text)
	end
	return #texts > 0 and filled(translate(TEXTS.ends.at_risk), { risks = joined(texts, "; ") }) or nil
end

function M.event(event)
	return said("events", event.code, event.facts) or tostring(event.text)
end

-- Why a group is in its state.
function M.reason(transition)
	if not transition then
		return ""
	end
	return said("reasons", transition.reason, transition.facts) or tostring(transition.text or transition.reason or "")
end

-- What a WAN that is dialled does.
function M.wan_state(wan)
	local other = wan.waits_for and wan.waits_for ~= "" and wan.waits_for or translate("the other router")
	return said("wan_states", wan.state, { waits_for = other }) or tostring(wan.state)
end

-- Why a service by role is to run, or not, and what of it has failed.
function M.service_reason(found)
	return said("service_reasons", found.code, found.facts) or tostring(found.text or found.code)
end

function M.failure(found)
	return said("service_failures", found.code, found.facts) or tostring(found.text or found.code)
end

-- Why havend did not do what it was asked.
function M.refusal(answer)
	return said("refusals", answer.code, answer.facts) or tostring(answer.error)
end

return M
