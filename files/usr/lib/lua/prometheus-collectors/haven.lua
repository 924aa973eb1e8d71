-- SPDX-License-Identifier: GPL-2.0-or-later
-- A collector of prometheus-node-exporter-lua: what haven-agent tells, as it is (docs/metrics.md).
-- luacheck: globals out metric
local ubus = require "ubus"

local function scrape()
	local connection = ubus.connect()
	local answer = connection and connection:call("haven", "metrics", {})
	if connection then
		connection:close()
	end
	if answer and answer.text then
		out:write(answer.text)
	else
		metric("haven_up", "gauge", nil, 0)
	end
end

return { scrape = scrape }
