-- SPDX-License-Identifier: GPL-2.0-or-later
-- The option table as sections and fields of CBI. No option is named here but `interface`, whose names come
-- from the configuration of the network.

local cbi = require "luci.cbi"
local pcdata = require("luci.xml").pcdata
local translate = require("luci.i18n").translate

local M = {}

local function class_of(option)
	if option.list then
		return cbi.DynamicList
	elseif option.kind == "flag" then
		return cbi.Flag
	end
	return #option.choices > 0 and cbi.ListValue or cbi.Value
end

local function title(option)
	return option.unit ~= "" and ("%s (%s)"):format(option.title, option.unit) or option.title
end

-- The name is what stands in the file and in what is said of it.
local function help(option)
	local said = ("%s: %s"):format(option.name, option.help)
	if option.kind == "flag" then
		return pcdata(said)
	end
	local allowed = option.unit ~= "" and option.values .. " " .. option.unit or option.values
	return pcdata(said .. " " .. translate("Allowed: %s."):format(allowed))
end

-- Names that stand in this or in the network's configuration; another may be typed all the same.
local function names(option, map)
	local config, type_ = "haven", option.name
	if option.name == "interface" then
		config, type_ = "network", "interface"
	end
	local found = {}
	local cursor = config == "haven" and map.uci or map.uci.cursor
	cursor:foreach(config, type_, function(section)
		if section[".name"] ~= "loopback" then
			found[#found + 1] = section[".name"]
		end
	end)
	return found
end

-- A value that the table does not know is shown as it is, for `validate` to refuse.
local function show_unknown(field)
	local known = field.cfgvalue
	function field.cfgvalue(self, section)
		local value = known(self, section)
		if value then
			self:value(value)
		end
		return value
	end
end

local function offer(field, option, map)
	if option.kind == "flag" then
		return
	elseif #option.choices > 0 and not option.list then
		field:value("", translate("default (%s)"):format(option.default or option.default_says))
		show_unknown(field)
	end
	for _, name in ipairs(option.kind == "name" and names(option, map) or option.choices) do
		field:value(name)
	end
end

-- The other option's default counts as its value when it is left out.
local function depend(field, option, siblings)
	if not option.only_with then
		return
	end
	local name, value = unpack(option.only_with)
	field:depends(name, value)
	for _, other in ipairs(siblings) do
		if other.name == name and other.default == value then
			field:depends(name, "")
		end
	end
end

local function accept(_, value)
	return value
end

local function add_field(drawn, option, siblings)
	local field = drawn:option(class_of(option), option.name, pcdata(title(option)), help(option))
	field.rmempty = not option.required
	field.password = option.kind == "secret"
	field.placeholder = option.default_says ~= "" and option.default_says or option.default
	field.default = option.kind == "flag" and option.default or nil
	-- For the browser alone: what counts is what `validate` says of the whole.
	field.datatype = option.kind ~= "flag" and option.datatype or nil
	field.validate, field.transform = accept, accept
	offer(field, option, drawn.map)
	depend(field, option, siblings)
end

-- Of a single section there is one, so it can be added while there is none, and one too many can be deleted.
local function restrict(drawn, described)
	local draw = drawn.render
	function drawn.render(self, scope)
		self.addremove = not described.single or #self:cfgsections() ~= 1
		-- For luci-compat's cbi/ucisection: the footer that shows what was refused.
		scope = scope or {}
		scope.scope = { valuefooter = "haven/valuefooter" }
		draw(self, scope)
	end
end

-- A section of the schema, drawn into a map whose cursor is a buffer.
function M.section(map, described)
	local drawn = map:section(cbi.TypedSection, described.type, pcdata(described.title), pcdata(described.help))
	drawn.anonymous = not described.named
	drawn.addremove = true
	for _, option in ipairs(described.options) do
		add_field(drawn, option, described.options)
	end
	restrict(drawn, described)
end

return M
