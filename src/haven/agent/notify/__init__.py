# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices: what people are told, by whom of the routers, and how."""
