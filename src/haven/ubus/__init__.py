# SPDX-License-Identifier: GPL-2.0-or-later
"""ubus: its octets, a client for programs that end soon, and a server for the agent."""
