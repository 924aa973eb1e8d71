# SPDX-License-Identifier: GPL-2.0-or-later
"""Router advertisements of a virtual router (RFC 4861 6.2; RFC 9568 6.4.3, 8.2): octets, timers, prefixes."""
