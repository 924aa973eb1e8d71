# SPDX-License-Identifier: GPL-2.0-or-later
"""The resident fast path: elections, sockets, addresses."""
