# SPDX-License-Identifier: GPL-2.0-or-later
"""How bad a problem is."""

# The gateway does not work, or is about to be answered for by two.
ERROR = "error"
# It works; something is lost when it has to move, or sooner or later.
WARNING = "warning"
SEVERITIES = (ERROR, WARNING)
