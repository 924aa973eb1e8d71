-- SPDX-License-Identifier: GPL-2.0-or-later

-- The functions of luci.dispatcher, which calls index() with itself as its environment.
-- luacheck: read globals entry firstchild template cbi post _

local function index()
	-- The rights of haven itself: to read is to look, to write is to act and to change settings.
	entry({"admin", "services", "haven-classic"}, firstchild(), _("High availability (classic)"), 61)
		.acl_depends = { "haven" }
	entry({"admin", "services", "haven-classic", "status"}, template("haven/status"), _("Overview"), 10)
	entry({"admin", "services", "haven-classic", "settings"}, cbi("haven"), _("Settings"), 20)
	entry({"admin", "services", "haven-classic", "actions"}, template("haven/actions"), _("Actions"), 30)
	entry({"admin", "services", "haven-classic", "live"}, template("haven/live"))
	entry({"admin", "services", "haven-classic", "reloaded"}, template("haven/reloaded"))
	-- With the method POST and the token of the session alone.
	entry({"admin", "services", "haven-classic", "act"}, post("act"))
end

-- The first time it asks, the second time it acts.
local function act()
	local http = require "luci.http"
	local template = require "luci.template"
	local actions = require "luci.haven.actions"
	local action = actions.find(http.formvalue("action"))
	if not action then
		http.status(400, "Bad Request")
		template.render("haven/actions")
	elseif http.formvalue("confirmed") then
		template.render("haven/outcome", { action = action, outcome = actions.run(action, http.formvalue("group")) })
	else
		template.render("haven/confirm", { action = action, group = http.formvalue("group") })
	end
end

return { index = index, act = act }
