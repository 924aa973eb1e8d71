-- SPDX-License-Identifier: GPL-2.0-or-later
-- Times and troubles as words for the reader.

local translate = require("luci.i18n").translate

local M = {}

-- A word that LuCI's own catalogue has, too, with another sense: said as haven means it. luci.i18n knows no
-- contexts of gettext, but a catalogue has a word under the hash of context, \1 and word, and so it is found.
-- What collects the words for translation knows a function by this name, and the context behind the word.
function M.translate(word, context)
	local name = context .. "\1" .. word
	local said = translate(name)
	return said ~= name and said or word
end

-- What is the matter, and what to do.
local TROUBLES = {
	agent = { translate("haven does not run on this router."),
		translate("Enable it under Settings, or start it with “service haven start”.") },
	havend = { translate("havend does not answer; the agent does."),
		translate("Look at the system log; “service haven restart” starts it again.") },
	refused = { translate("haven did not do this."), translate("The reason is below; nothing was changed.") },
	denied = { translate("This login may not do that."),
		translate("Log in as a user with the right “haven”, or log in again after an installation.") },
	late = { translate("The router has not answered in time."),
		translate("It may be busy. This page goes on asking; what you typed stays.") },
	lost = { translate("It is not known how the reload has ended: haven was started anew meanwhile."),
		translate("The overview shows how it is now; the system log says more.") },
	argument = { translate("The router does not understand this request."),
		translate("The packages haven and luci-app-haven-classic may be of different versions: install both anew.") },
	malformed = { translate("The router gave an answer that is not one of haven."),
		translate("The packages haven and luci-app-haven-classic may be of different versions: install both anew.") },
	schema = { translate("The table of options cannot be read."),
		translate("Install the package haven anew: /usr/share/haven/schema.json is missing or damaged.") },
	unreadable = { translate("The configuration cannot be read."),
		translate("Look at /etc/config/haven; “haven validate” names the line that is wrong.") },
	unsaved = { translate("The settings could not be saved."),
		translate("What you typed stays on this page. This login may lack the right to write, or the flash may be full.") },
	unknown = { translate("Something unexpected went wrong."), translate("The system log may say more.") }
}

-- Seconds, and what so many are called, the largest first.
local UNITS = {
	{ 86400, translate("%d d") }, { 3600, translate("%d h") }, { 60, translate("%d min") }, { 1, translate("%d s") }
}

function M.trouble(trouble)
	local known = TROUBLES[trouble.kind] or TROUBLES.unknown
	return { kind = trouble.kind, what = known[1], advice = known[2], detail = trouble.detail }
end

-- A length of time in its two largest units.
function M.duration(seconds)
	local rest, parts = math.max(0, math.floor(seconds)), {}
	for _, unit in ipairs(UNITS) do
		local count = math.floor(rest / unit[1])
		rest = rest - count * unit[1]
		if count > 0 and #parts < 2 then
			parts[#parts + 1] = unit[2]:format(count)
		end
	end
	return #parts > 0 and table.concat(parts, " ") or UNITS[#UNITS][2]:format(0)
end

function M.ago(seconds)
	return seconds < 1 and translate("just now") or translate("%s ago"):format(M.duration(seconds))
end

function M.clock(at)
	return os.date("%Y-%m-%d %H:%M:%S", math.floor(at))
end

return M
