-- SPDX-License-Identifier: GPL-2.0-or-later
-- What follows the address, as rows of words: how soon it moves, WANs, leases, services.

local message = require "luci.haven.message"
local words = require "luci.haven.words"
local translate = require("luci.i18n").translate

local M = {}

local SERVICE_STATES = {
	unknown = translate("not known yet"), stopped = words.translate("stopped", "haven"),
	starting = translate("is starting"), running = words.translate("running", "haven"),
	stopping = translate("is stopping"), reloading = translate("is told its role"),
	failed = words.translate("failed", "haven"), stuck = translate("does not stop")
}

local function believed(ways)
	local names, seen = {}, {}
	for _, way in ipairs(ways) do
		if way.believed and not seen[way.device] then
			names[#names + 1], seen[way.device] = way.device, true
		end
	end
	return table.concat(names, ", ")
end

-- How soon it would take over from an Active that dies now, and by what it would know; nil on that one.
function M.detection(found)
	if not found then
		return nil
	end
	local after = translate("%s s after the Active has died"):format(("%.2g"):format(found.after_ms / 1000))
	if found.by == "heartbeat" then
		return translate("%s: its kernel answers on %s"):format(after, believed(found.ways))
	end
	if found.by == "bfd" then
		return translate("%s: its BFD session fails"):format(after)
	end
	return #found.ways > 0 and translate("%s: its kernel does not answer well enough, or not yet"):format(after) or after
end

local function given(lease)
	local names = {}
	for _, list in ipairs({ lease.addresses, lease.prefixes }) do
		for _, name in ipairs(list) do
			names[#names + 1] = name
		end
	end
	return table.concat(names, ", ")
end

-- What a WAN was given is the Active's; another router would go on with it.
function M.wan_row(wan)
	local lease, is_own = wan.lease, wan.state == "up"
	local label = is_own and translate("Lease") or translate("Would go on with")
	return {
		name = wan.name, interface = wan.interface, state = message.wan_state(wan),
		lease = lease and ("%s: %s"):format(label, given(lease)) or ""
	}
end

local function number(value)
	return type(value) == "number" and ("%.3g"):format(value) or nil
end

-- How many leases are known where; nil where they are not common.
function M.lease_rows(leases)
	if not leases then
		return nil
	end
	local rows = { { translate("Leases here"), ("%d"):format(leases.known) } }
	for _, peer in ipairs(leases.peers) do
		local known = number(peer.known) and ("%d"):format(peer.known) or translate("not reached")
		if number(peer.known) and not peer.in_sync then
			known = translate("%s so far"):format(known)
		end
		rows[#rows + 1] = { translate("Leases on %s"):format(peer.node), known }
	end
	rows[#rows + 1] = { translate("Answers clients on"), #leases.serves > 0 and table.concat(leases.serves, ", ") or
		translate("none: the DHCP server of this router is silent") }
	if number(leases.waited_ms) then
		rows[#rows + 1] = { translate("Usual wait"), translate("%s ms"):format(number(leases.waited_ms)) }
	end
	return rows
end

-- A service by role, with the last words of what has failed.
function M.service_row(service)
	local failure = service.failure
	return {
		name = service.name, state = SERVICE_STATES[service.is] or tostring(service.is), code = service.is,
		why = message.service_reason(service.why),
		failure = failure and message.failure(failure) or "", words = failure and failure.words or ""
	}
end

return M
