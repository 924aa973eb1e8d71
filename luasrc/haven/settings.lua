-- SPDX-License-Identifier: GPL-2.0-or-later
-- The map of the settings page.

local cbi = require "luci.cbi"
local buffer = require "luci.haven.buffer"
local fields = require "luci.haven.fields"
local schema = require "luci.haven.schema"
local verdict = require "luci.haven.verdict"
local words = require "luci.haven.words"
local translate = require("luci.i18n").translate

local M = {}

local function without_form(map, trouble)
	local said = words.trouble(trouble)
	map.message = ("%s %s %s"):format(said.what, said.advice, said.detail)
	map.pageaction = false
	return map
end

function M.map()
	local map = cbi.Map("haven", translate("Settings"),
		translate("Every option of haven. The router checks them all before anything is saved."))
	local described, trouble = schema.read()
	if not described then
		return without_form(map, trouble)
	end
	local kept, why = buffer.over(map.uci, "haven")
	if not kept then
		return without_form(map, { kind = why == "Permission denied" and "denied" or "unreadable", detail = why })
	end
	map.uci = kept
	for _, section in ipairs(described.sections) do
		fields.section(map, section)
	end
	verdict.follow(map)
	return map
end

return M
