-- SPDX-License-Identifier: GPL-2.0-or-later
-- A cursor of luci.model.uci for one configuration that keeps what a form writes until save(), so that the
-- whole can be checked first. CBI asks it for every option, which is one call to rpcd instead of hundreds.

local Buffer = {}
Buffer.__index = Buffer

local M = {}

local function copy(value)
	if type(value) ~= "table" then
		return value
	end
	local made = {}
	for key, each in pairs(value) do
		made[key] = copy(each)
	end
	return made
end

local function equal(one, other)
	if type(one) ~= "table" or type(other) ~= "table" then
		return one == other
	end
	for key, value in pairs(one) do
		if not equal(value, other[key]) then
			return false
		end
	end
	for key in pairs(other) do
		if one[key] == nil then
			return false
		end
	end
	return true
end

local function option_names(section)
	local names = {}
	for name in pairs(section) do
		if name:sub(1, 1) ~= "." then
			names[#names + 1] = name
		end
	end
	table.sort(names)
	return names
end

local function in_order(values)
	local sections = {}
	for _, section in pairs(values) do
		sections[#sections + 1] = section
	end
	table.sort(sections, function(one, other) return (one[".index"] or 0) < (other[".index"] or 0) end)
	return sections
end

-- A buffer over a cursor, or nil and what the cursor says.
function M.over(cursor, config)
	local values, why = cursor:get_all(config)
	if type(values) ~= "table" then
		return nil, why or "it is empty"
	end
	local sections = in_order(values)
	return setmetatable({
		cursor = cursor, config = config, sections = sections, saved = copy(sections), made = 0
	}, Buffer)
end

function Buffer:find(name)
	for index, section in ipairs(self.sections) do
		if section[".name"] == name then
			return section, index
		end
	end
	return nil
end

-- What luci.cbi asks of a cursor

function Buffer:get_all(_, name)
	if name then
		return (self:find(name))
	end
	local all = {}
	for _, section in ipairs(self.sections) do
		all[section[".name"]] = section
	end
	return all
end

function Buffer:get(_, name, option)
	local section = self:find(name)
	return section and section[option or ".type"]
end

function Buffer:foreach(_, type_, visit)
	-- Who visits may add and delete.
	for _, section in ipairs(copy(self.sections)) do
		if (not type_ or section[".type"] == type_) and visit(section) == false then
			break
		end
	end
	return true
end

function Buffer:section(_, type_, name)
	self.made = self.made + 1
	self.sections[#self.sections + 1] = {
		[".type"] = type_, [".name"] = name or ("new%d"):format(self.made), [".anonymous"] = not name, [".new"] = true
	}
	return self.sections[#self.sections][".name"]
end

function Buffer:add(config, type_)
	return self:section(config, type_)
end

-- set(config, section, option, value), or set(config, section, type) for a new section.
function Buffer:set(config, name, option, value)
	if value == nil then
		return self:section(config, option, name) ~= nil
	end
	local section = self:find(name)
	if section then
		section[option] = copy(value)
	end
	return section ~= nil
end

function Buffer:delete(_, name, option)
	local section, index = self:find(name)
	if not section or option and section[option] == nil then
		return false
	elseif option then
		section[option] = nil
	else
		table.remove(self.sections, index)
	end
	return true
end

function Buffer.load() return true end
function Buffer.unload() return true end

-- From here to the router

local function values_of(section)
	local values = {}
	for _, name in ipairs(option_names(section)) do
		values[name] = section[name]
	end
	return values
end

function Buffer:save_new(section)
	local name, why = self.cursor:section(
		self.config, section[".type"], not section[".anonymous"] and section[".name"] or nil, values_of(section))
	if name then
		section[".name"], section[".new"] = name, nil
	end
	return name, why
end

function Buffer:save_changes(section, before)
	local name, changed = section[".name"], {}
	for _, option in ipairs(option_names(section)) do
		if not equal(section[option], before[option]) then
			changed[option] = section[option]
		end
	end
	local good, why = true, nil
	if next(changed) then
		good, why = self.cursor:tset(self.config, name, changed)
	end
	for _, option in ipairs(option_names(before)) do
		if good and section[option] == nil then
			good, why = self.cursor:delete(self.config, name, option)
		end
	end
	return good, why
end

function Buffer:save_section(section)
	if section[".new"] then
		return self:save_new(section)
	end
	for _, before in ipairs(self.saved) do
		if before[".name"] == section[".name"] then
			return self:save_changes(section, before)
		end
	end
	return nil, "the section is gone"
end

-- Write what has changed; what could not be written is kept in `failure`.
function Buffer:save()
	self.failure = nil
	for _, before in ipairs(self.saved) do
		if not self.failure and not self:find(before[".name"]) then
			local good, why = self.cursor:delete(self.config, before[".name"])
			self.failure = not good and (why or "it was refused") or nil
		end
	end
	for _, section in ipairs(self.sections) do
		if not self.failure then
			local good, why = self:save_section(section)
			self.failure = not good and (why or "it was refused") or nil
		end
	end
	self.saved = self.failure and self.saved or copy(self.sections)
	return not self.failure, self.failure
end

-- As a text, to be checked

local function quoted(value)
	return "'" .. tostring(value):gsub("'", "'\\''") .. "'"
end

local function line_ends(text)
	return select(2, text:gsub("\n", ""))
end

local function text_of(sections)
	local lines, places, at = {}, {}, 1
	local function put(text, section, option)
		lines[#lines + 1] = text
		places[at] = { section = section[".name"], type = section[".type"], option = option }
		at = at + 1 + line_ends(text)
	end
	for _, section in ipairs(sections) do
		local name = section[".anonymous"] and "" or " " .. quoted(section[".name"])
		put("config " .. section[".type"] .. name, section)
		for _, option in ipairs(option_names(section)) do
			local value = section[option]
			local keyword = type(value) == "table" and "\tlist " or "\toption "
			for _, each in ipairs(type(value) == "table" and value or { value }) do
				put(keyword .. option .. " " .. quoted(each), section, option)
			end
		end
	end
	return table.concat(lines, "\n") .. "\n", places
end

-- The file of /etc/config that this would be, and for each line its section and option.
function Buffer:text()
	return text_of(self.sections)
end

-- A word that differs when what the router has saved differs.
function Buffer:fingerprint()
	local sum, text = 0, text_of(self.saved)
	for index = 1, #text do
		sum = (sum * 33 + text:byte(index)) % 4294967296
	end
	return ("%08x%x"):format(sum, #text)
end

return M
