-- SPDX-License-Identifier: GPL-2.0-or-later
-- The actions: whether each can be done now, what will happen, how it is done, and how it ended.

local bus = require "luci.haven.bus"
local message = require "luci.haven.message"
local translate = require("luci.i18n").translate

local M = {}

local function names(list)
	return table.concat(list or {}, ", ")
end

local function chosen(model, group)
	return group and group ~= "" and group or names(model.switchable)
end

M.LIST = {
	{
		id = "switchover", method = "switchover", title = translate("Switch over"),
		possible = function(model) return #model.switchable > 0 end,
		why_not = translate("This router is not Active: there is nothing to hand over."),
		says = function(model, group)
			return {
				translate("This router hands %s to the other one and becomes Backup."):format(chosen(model, group)),
				translate("Connections live on when both tables are in sync. If nobody takes over, this router stays Active.")
			}
		end,
		arguments = function(group) return group and group ~= "" and { group = group } or {} end
	},
	{
		id = "maintenance-on", method = "maintenance", title = translate("Start maintenance"),
		possible = function(model) return not model.maintenance end,
		why_not = translate("Maintenance is on."),
		says = function()
			return {
				translate("This router hands over and becomes Active only when no other router is."),
				translate("It lasts until you end it, or until this router is started anew.")
			}
		end,
		arguments = function() return { on = true } end
	},
	{
		id = "maintenance-off", method = "maintenance", title = translate("End maintenance"),
		possible = function(model) return model.maintenance end,
		why_not = translate("Maintenance is off."),
		says = function()
			return { translate("This router is a candidate again. " ..
				"Where “preempt” is set and it has the higher priority, it takes over.") }
		end,
		arguments = function() return { on = false } end
	},
	{
		id = "reload", method = "reload", title = translate("Reload the configuration"),
		possible = function() return true end,
		says = function()
			return {
				translate("The saved configuration is checked and taken without a failover; only what has changed is touched."),
				translate("If it has a problem, the one in force stays.")
			}
		end,
		arguments = function() return { begin = true } end
	}
}

function M.find(id)
	for _, action in ipairs(M.LIST) do
		if action.id == id then
			return action
		end
	end
	return nil
end

local function sentences(answer)
	local said = {}
	if answer.on ~= nil then
		said[1] = answer.on and translate("Maintenance has begun.") or translate("Maintenance has ended.")
	end
	if #(answer.handed_over or {}) > 0 then
		said[#said + 1] = translate("Another router is Active now for %s."):format(names(answer.handed_over))
	end
	if #(answer.still_active or {}) > 0 then
		said[#said + 1] = translate("No other router takes over %s: this one stays Active there."):format(
			names(answer.still_active))
	end
	return #said > 0 and said or { translate("Done.") }
end

-- What came of it: {trouble}, {problems} or {said}, the last two lists of sentences.
local function told(answer, why)
	if not answer then
		return { trouble = why }
	elseif type(answer.problems) == "table" and #answer.problems > 0 then
		local problems = {}
		for index, problem in ipairs(answer.problems) do
			problems[index] = message.located(problem)
		end
		return { problems = problems }
	end
	return { said = sentences(answer) }
end

-- The same of a reload, which was begun; {running} while it goes on.
local function told_of_reload(state, why)
	if not state then
		return { trouble = why }
	elseif state.running then
		return { running = true }
	end
	return told(bus.opened(state.answer, "lost"))
end

function M.run(action, group)
	local answer, why = bus.act(action.method, action.arguments(group))
	return (action.id == "reload" and told_of_reload or told)(answer, why)
end

-- Where the reload stands that was begun last. That it cannot be asked for a moment is not its end.
function M.ask_again()
	local state, why = bus.act("reload", { begin = false })
	if state or why.kind == "denied" then
		return told_of_reload(state, why)
	end
	return { running = true, trouble = why }
end

return M
