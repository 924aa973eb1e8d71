-- SPDX-License-Identifier: GPL-2.0-or-later
-- The last child of the map of settings: when the sections have read the form, it asks haven to check the
-- whole, and refuses it with each problem at its field. CBI saves nothing of a map that is refused.

local cbi = require "luci.cbi"
local bus = require "luci.haven.bus"
local message = require "luci.haven.message"
local words = require "luci.haven.words"
local translate = require("luci.i18n").translate

local Verdict = require("luci.util").class(cbi.Node)

-- What was saved when the form was made: another window may have saved since.
local SEEN = "haven.seen"

local M = {}

function Verdict.__init__(self, map)
	cbi.Node.__init__(self)
	self.map, self.template, self.name = map, "haven/seen", SEEN
end

local function refuse(map, sentence)
	map.save = false
	map.message = map.message and map.message .. " " .. sentence or sentence
end

local function drawn_as(map, type_)
	for _, drawn in ipairs(map.children) do
		if drawn.sectiontype == type_ then
			return drawn
		end
	end
	return nil
end

local function note(node, section, sentence)
	node.error = node.error or {}
	local said = node.error[section]
	if node.fields then
		node.error[section] = said or {}
		table.insert(node.error[section], sentence)
	else
		node.error[section] = said and said .. " " .. sentence or sentence
	end
end

-- Write a problem at its field, or at its section; false where neither is on the page.
local function mark(map, problem, place)
	local drawn = place and drawn_as(map, place.type)
	if not drawn then
		return false
	end
	local field = problem.option and drawn.fields[problem.option]
	note(field or drawn, place.section, field and message.diagnostic(problem) or message.located(problem))
	return true
end

local function place_of(problem)
	return (problem.section or "") .. (problem.option and " " .. problem.option or "")
end

-- Refuse a map for the problems of its text, whose lines are in `places`.
function M.refuse(map, problems, places)
	local marked = {}
	refuse(map, translate("Nothing was saved."))
	for _, problem in ipairs(problems) do
		if mark(map, problem, places[problem.line]) then
			marked[#marked + 1] = place_of(problem)
		else
			refuse(map, message.located(problem))
		end
	end
	if #marked > 0 then
		refuse(map, translate("haven refuses what is marked below: %s."):format(table.concat(marked, "; ")))
	end
end

local function explain(map, trouble)
	local said = words.trouble(trouble)
	refuse(map, translate("Nothing was saved."))
	refuse(map, ("%s %s %s"):format(said.what, said.advice, said.detail))
end

function Verdict.judge(self)
	local map = self.map
	local seen = map:formvalue(SEEN)
	if seen and seen ~= map.uci:fingerprint() then
		return refuse(map, translate("Nothing was saved: somebody has saved other settings of haven since this page " ..
			"was opened. Save again to replace what was changed there where both differ."))
	end
	local text, places = map.uci:text()
	local problems, why = bus.validate(text)
	if not problems then
		explain(map, why)
	elseif #problems > 0 then
		M.refuse(map, problems, places)
	end
end

function Verdict.parse(self)
	-- CBI parses once more after saving.
	if self.judged then
		return
	end
	self.judged = true
	if not self.map.save then
		refuse(self.map, translate("Nothing was saved: some values are missing. They are marked below."))
	elseif self.map.proceed then
		-- A section that was just added is still without its values.
		self.map.message = translate("Sections were added or deleted. Nothing takes effect before you save and apply.")
	else
		self:judge()
	end
end

function Verdict.prepare() end

function Verdict.render(self, scope)
	self.value = self.map.uci:fingerprint()
	cbi.Node.render(self, scope)
end

-- Put the verdict at the end of a map, and have it say when saving fails.
function M.follow(map)
	map:append(Verdict(map))
	function map.on_after_save(self)
		if self.uci.failure then
			explain(self, { kind = "unsaved", detail = self.uci.failure })
		end
	end
	function map.commit_handler(self)
		self.apply_needed = self.save and self.apply_needed or nil
	end
end

return M
