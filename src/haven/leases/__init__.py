# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that holds a DHCP server's answers until another router knows of the lease."""
