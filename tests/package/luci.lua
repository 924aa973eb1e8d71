-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the classic pages ask of LuCI, as little as they need: `lua5.1 luci.lua LUASRC` runs the chunk on its
-- standard input and prints what it returns as JSON. Classes, fields and templates behave as those of
-- luci-compat and luci-lua-runtime; what would go to a router is kept in `world`.

-- luacheck: globals world io.popen

local luasrc = arg[1]

-- What a test sets, and what the pages have done.
world = { form = {}, rights = {}, answers = {}, calls = {}, commands = {}, output = {}, uci = {}, written = {} }
world.said = {}

local function class(base)
	local made = setmetatable({}, {
		__index = base,
		__call = function(self, ...)
			local instance = setmetatable({}, { __index = self })
			if self.__init__ then
				self.__init__(instance, ...)
			end
			return instance
		end
	})
	return made
end

local function pcdata(text)
	return (tostring(text):gsub("[<>&\"']", function(letter) return ("&#%d;"):format(letter:byte()) end))
end

-- luci.cbi

local Node = class()
function Node.__init__(self, title, description)
	self.children, self.title, self.description = {}, title or "", description or ""
end
function Node.append(self, child) self.children[#self.children + 1] = child end
function Node.render(self, scope)
	scope = scope or {}
	scope.self = self
	require("luci.template").render(self.template, scope)
end

local Map = class(Node)
function Map.__init__(self, config, ...)
	Node.__init__(self, ...)
	self.config, self.save, self.uci = config, true, require("luci.model.uci").cursor()
end
function Map.formvalue(_, key) return world.form[key] end
function Map.section(self, kind, ...)
	local made = kind(self, ...)
	self:append(made)
	return made
end

local TypedSection = class(Node)
function TypedSection.__init__(self, map, type_, ...)
	Node.__init__(self, ...)
	self.map, self.sectiontype, self.fields = map, type_, {}
end
function TypedSection.option(self, kind, name, ...)
	local made = kind(self.map, self, name, ...)
	made.class = kind.class
	self:append(made)
	self.fields[name] = made
	return made
end
function TypedSection.cfgsections(self)
	local names = {}
	self.map.uci:foreach(self.map.config, self.sectiontype, function(section) names[#names + 1] = section[".name"] end)
	return names
end
function TypedSection.render(self, scope) world.drawn = { scope = scope.scope, addremove = self.addremove } end

local Field = class(Node)
function Field.__init__(self, map, _, option, ...)
	Node.__init__(self, ...)
	self.map, self.option, self.keys, self.labels, self.deps = map, option, {}, {}, {}
end
function Field.value(self, key, label)
	for _, known in ipairs(self.keys) do
		if known == key then return end
	end
	self.keys[#self.keys + 1], self.labels[#self.labels + 1] = key, label or key
end
-- Lua's datatypes lack some that the browser has: asked for them, CBI ends with an error.
function Field.validate(self) error("no datatype " .. tostring(self.datatype)) end
Field.transform = Field.validate
function Field.depends(self, name, value) self.deps[#self.deps + 1] = { [name] = value } end
function Field.cfgvalue(self, section) return self.map.uci:get(self.map.config, section, self.option) end

local cbi = { Node = Node, Map = Map, TypedSection = TypedSection }
for _, name in ipairs({ "Value", "ListValue", "DynamicList", "Flag" }) do
	cbi[name] = class(Field)
	cbi[name].class = name
end

-- luci.model.uci

local cursor = {}
function cursor.get_all(_, config)
	if world.uci_error then return false, world.uci_error end
	local values = {}
	for index, section in ipairs(world.uci[config] or {}) do
		section[".index"] = index
		values[section[".name"]] = section
	end
	return values
end
function cursor.foreach(_, config, type_, visit)
	for _, section in ipairs(world.uci[config] or {}) do
		if section[".type"] == type_ then visit(section) end
	end
end
local function write(...)
	world.written[#world.written + 1] = { ... }
	return not world.refuses, world.refuses
end
function cursor.section(_, config, type_, name, values)
	local good, why = write("section", config, type_, name or "", values)
	return good and (name or "cfg123456"), why
end
function cursor.tset(_, ...) return write("set", ...) end
function cursor.delete(_, config, name, option) return write("delete", config, name, option or "") end

-- luci.template: text and tags into a chunk of Lua, as template_parser.c does it

local TAGS = {
	["="] = "write(tostring(%s or ''))", ["+"] = "include(%q)", [":"] = "write(pcdata(translate(%q)))", ["#"] = ""
}

local function compiled(name)
	local text = assert(io.open(luasrc .. "/view/" .. name .. ".htm")):read("*a")
	local chunk = {}
	for before, tag in (text .. "<%%>"):gmatch("(.-)<%%%-?(.-)%-?%%>") do
		chunk[#chunk + 1] = ("write(%q)"):format(before)
		local form = TAGS[tag:sub(1, 1)]
		chunk[#chunk + 1] = form and form:format(tag:sub(2)) or tag
	end
	return assert(loadstring(table.concat(chunk, "\n"), name .. ".htm"))
end

local view = {
	pcdata = pcdata, translate = function(text) return world.said[text] or text end, token = "TOKEN",
	translatef = function(text, ...) return text:format(...) end,
	url = function(path) return "/cgi-bin/luci/" .. path end,
	ifattr = function(wanted, name) return wanted and (' %s=""'):format(name) or "" end,
	write = function(text) world.output[#world.output + 1] = text end
}

local function render(name, scope)
	local chunk = compiled(name)
	local env = setmetatable({}, { __index = function(_, key)
		return view[key] or scope and scope[key] or _G[key]
	end })
	env.include = function(inner)
		if io.open(luasrc .. "/view/" .. inner .. ".htm") then render(inner, env) end
	end
	setfenv(chunk, env)()
end

local function encoded(value)
	if type(value) == "string" then
		return '"' .. value:gsub('[%c"\\]', function(letter) return ("\\u%04x"):format(letter:byte()) end) .. '"'
	elseif type(value) ~= "table" then
		return value == nil and "null" or tostring(value)
	end
	local parts = {}
	if #value > 0 or next(value) == nil then
		for index = 1, #value do parts[index] = encoded(value[index]) end
		return "[" .. table.concat(parts, ",") .. "]"
	end
	for key, each in pairs(value) do parts[#parts + 1] = encoded(tostring(key)) .. ":" .. encoded(each) end
	return "{" .. table.concat(parts, ",") .. "}"
end

-- luci.jsonc: JSON is written as Lua and read as that

local LUA_FOR = { ["["] = "{", ["]"] = "}", [":"] = "=" }

local function character(code)
	local number = tonumber(code, 16)
	if number < 128 then return ("\\%03d"):format(number) end
	local low, rest = number % 64 + 128, math.floor(number / 64)
	if rest < 32 then return string.char(rest + 192, low) end
	return string.char(math.floor(rest / 64) + 224, rest % 64 + 128, low)
end

local function text_at(json, at)
	local last = at + 1
	while last <= #json and json:sub(last, last) ~= '"' do
		last = last + (json:sub(last, last) == "\\" and 2 or 1)
	end
	local text = json:sub(at, last):gsub("\\u(%x%x%x%x)", character):gsub("\\/", "/")
	return json:find("^%s*:", last + 1) and "[" .. text .. "]" or text, last
end

local function parse(json)
	local lua, at = {}, 1
	while at <= #json do
		local letter = json:sub(at, at)
		local text = LUA_FOR[letter] or letter
		if letter == '"' then
			text, at = text_at(json, at)
		end
		lua[#lua + 1], at = text, at + 1
	end
	local chunk = loadstring("local null; return " .. table.concat(lua))
	return chunk and chunk() or nil
end

-- What the modules of ours require

local known = {
	["luci.cbi"] = cbi, ["luci.xml"] = { pcdata = pcdata }, ["luci.template"] = { render = render },
	["luci.i18n"] = { translate = view.translate },
	["luci.model.uci"] = { cursor = function() return cursor end },
	["luci.dispatcher"] = { context = { authsession = "SESSION" } },
	["luci.jsonc"] = { parse = parse, stringify = function(value) return encoded(value) end },
	["luci.util"] = {
		class = class, shellquote = function(text) return "'" .. text:gsub("'", "'\\''") .. "'" end,
		ubus = function(object, method, asked)
			assert(object == "session" and method == "access" and asked.ubus_rpc_session == "SESSION")
			return { access = world.rights[asked["function"]] ~= false }
		end
	},
	["luci.http"] = {
		formvalue = function(name) return world.form[name] end,
		status = function(code) world.status = code end
	},
	ubus = { connect = function(_, seconds)
		return {
			call = function(_, object, method, arguments)
				world.calls[#world.calls + 1] = { object, method, arguments, seconds }
				return unpack(world.answers[method] or { nil, 4 })
			end,
			close = function() end
		}
	end }
}
for name, module in pairs(known) do
	package.preload[name] = function() return module end
end
table.insert(package.loaders, 2, function(name)
	local inner = name:match("^luci%.(.+)$")
	return inner and loadfile(luasrc .. "/" .. inner:gsub("%.", "/") .. ".lua")
end)

-- In place of `ubus` runs what the test says.
local popen = io.popen
function io.popen(command, mode)
	world.commands[#world.commands + 1] = command
	return popen(world.program or command, mode or "r")
end

io.write(encoded(assert(loadstring(io.read("*a"), "test"))()))
