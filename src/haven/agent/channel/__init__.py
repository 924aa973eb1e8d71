# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for the other routers: offers to join, and a channel to each that is paired."""
