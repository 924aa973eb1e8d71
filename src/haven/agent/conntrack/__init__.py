# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections live on: the table of connections is copied to the other routers."""
