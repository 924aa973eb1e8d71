-- SPDX-License-Identifier: GPL-2.0-or-later
-- The status document as what the pages show: words and rows of words.

local bus = require "luci.haven.bus"
local followers = require "luci.haven.followers"
local message = require "luci.haven.message"
local words = require "luci.haven.words"
local translate = require("luci.i18n").translate

local M = {}

local EVENTS_SHOWN = 12

local function holder(router)
	local active = router.active or {}
	if active.self then
		return "self", translate("this router")
	elseif active.address then
		return "peer", translate("the other router, %s"):format(active.address)
	end
	return "nobody", translate("nobody")
end

local function address_row(router)
	local who, said = holder(router)
	return {
		name = router.name, held_by = who, holder = said,
		addresses = table.concat(router.addresses, ", "),
		link = translate("%s, VRID %d"):format(router.interface or router.device, router.vrid),
		state = message.state(router.state)
	}
end

local function group_row(group, now)
	return {
		name = group.name, state = message.state(group.state), code = group.state,
		since = translate("%s (%s)"):format(words.clock(group.since), words.ago(now - group.since)),
		why = message.reason(group.last_transition),
		maintenance = group.maintenance, detection = followers.detection(group.detection),
		wait_s = group.sync_wait_ms and math.ceil(group.sync_wait_ms / 1000)
	}
end

local function share(table_)
	local entries = table_.entries
	return table_.limit and translate("%d of %d"):format(entries or 0, table_.limit) or tostring(entries or "?")
end

-- What the other agents tell of their routers and tables.
local function peer_row(peer)
	local heard = peer.fresh
	return {
		name = peer.node or peer.address, state = heard and message.state(peer.state or "unknown") or translate("not heard"),
		entries = heard and share(peer) or "", in_sync = heard and peer.in_sync ~= false
	}
end

local function all_in_sync(table_, peers)
	local agree = table_.connected and table_.in_sync
	for _, peer in ipairs(peers) do
		agree = agree and peer_row(peer).in_sync
	end
	return agree
end

local function connection_rows(table_, peers)
	if not table_ or not table_.state then
		return nil
	end
	local rows = { { translate("Connections here"), share(table_) } }
	for _, peer in ipairs(peers) do
		local row = peer_row(peer)
		rows[#rows + 1] = { translate("Connections on %s"):format(row.name), row.entries ~= "" and row.entries or row.state }
	end
	rows[#rows + 1] = { translate("Copied from the other router"), tostring(table_.injected or "?") }
	rows[#rows + 1] = { translate("Other router"), table.concat(table_.peers or {}, ", ") }
	rows[#rows + 1] = { translate("Last heard"),
		table_.heard_ms and words.ago(table_.heard_ms / 1000) or words.translate("never", "haven") }
	rows[#rows + 1] = { translate("Both tables"),
		all_in_sync(table_, peers) and translate("in sync") or translate("not in sync") }
	return rows
end

-- A router that is paired with this one.
local function paired_row(peer)
	return {
		name = tostring(peer.node), state = message.state(peer.state or "unknown"), address = peer.address or "",
		heard = peer.heard_ms and words.ago(peer.heard_ms / 1000) or translate("not heard")
	}
end

-- Whether the paired routers have one configuration; nothing where that is not wanted.
local function common(sync)
	if not sync then
		return nil
	end
	return sync.in_sync and translate("in sync") or translate("not in sync")
end

local function problem_row(problem)
	return {
		severe = problem.severity == "error", about = problem.about or "",
		message = message.problem(problem), advice = message.advice(problem)
	}
end

local function mapped(list, convert, now)
	local rows = {}
	for index, each in ipairs(list) do
		rows[index] = convert(each, now)
	end
	return rows
end

local function event_row(event)
	return { at = words.clock(event.at), text = message.event(event) }
end

-- The latest first, and not all of them.
local function latest(events)
	local rows = {}
	for index = #events, math.max(1, #events - EVENTS_SHOWN + 1), -1 do
		rows[#rows + 1] = event_row(events[index])
	end
	return rows
end

local function switchable(groups)
	local names = {}
	for _, group in ipairs(groups) do
		if group.state == "active" then
			names[#names + 1] = group.name
		end
	end
	return names
end

local function in_maintenance(groups)
	for _, group in ipairs(groups) do
		if group.maintenance then
			return true
		end
	end
	return false
end

-- All that the pages show of a status document at a time in seconds.
function M.from_status(status, now)
	return {
		node = tostring(status.node), state = message.state(status.state), code = status.state,
		since = words.ago(now - status.since),
		addresses = mapped(status.virtual_routers, address_row),
		groups = mapped(status.groups, group_row, now),
		problems = mapped(status.problems, problem_row), at_risk = message.at_risk(status.at_risk),
		connections = connection_rows(status.conntrack, status.peers or {}),
		peers = mapped(status.peers or {}, peer_row),
		paired = mapped((status.channel or {}).peers or {}, paired_row), common = common(status.sync),
		wans = mapped((status.wan or {}).wans or {}, followers.wan_row), leases = followers.lease_rows(status.leases),
		services = mapped(status.services or {}, followers.service_row),
		switchable = switchable(status.groups), maintenance = in_maintenance(status.groups)
	}
end

local function understood(convert, ...)
	local good, result = pcall(convert, ...)
	if good then
		return result
	end
	return nil, { kind = "malformed", detail = tostring(result) }
end

-- The model of the status page, or nil and a trouble.
function M.load()
	local status, why = bus.status()
	if not status then
		return nil, why
	end
	return understood(M.from_status, status, os.time())
end

-- The rows of the last events, or nil and a trouble.
function M.load_events()
	local events, why = bus.events()
	if not events then
		return nil, why
	end
	return understood(latest, events)
end

return M
