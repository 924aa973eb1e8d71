# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP versions 2 and 3 as octets, arithmetic and a table of states."""
