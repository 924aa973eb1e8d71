# SPDX-License-Identifier: GPL-2.0-or-later
"""The part for addresses that a routing daemon announces."""
