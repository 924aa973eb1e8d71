# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for drills: it holds the router for one, begins those that are due, and cleans up."""
