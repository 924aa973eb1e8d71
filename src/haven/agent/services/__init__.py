# SPDX-License-Identifier: GPL-2.0-or-later
"""Services that run by the role of their group."""
