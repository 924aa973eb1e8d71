-- SPDX-License-Identifier: GPL-2.0-or-later
-- The option table of haven, as the package haven ships it.

local M = { PATH = "/usr/share/haven/schema.json" }

-- The schema, or nil and a trouble.
function M.read()
	local file, why = io.open(M.PATH)
	local found = file and require("luci.jsonc").parse(file:read("*a"))
	if file then
		file:close()
	end
	if type(found) == "table" and type(found.sections) == "table" then
		return found
	end
	return nil, { kind = "schema", detail = why or "" }
end

return M
