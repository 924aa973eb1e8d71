# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN's clients: known to all routers, and called back by the new Active."""
