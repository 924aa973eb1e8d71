# SPDX-License-Identifier: GPL-2.0-or-later
"""High availability for OpenWrt: two routers share one gateway."""

VERSION = "0.1.0"
# Of the plan as a file; docs/plan.md says when it changes.
PLAN_VERSION = 2
