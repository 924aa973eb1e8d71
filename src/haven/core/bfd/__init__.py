# SPDX-License-Identifier: GPL-2.0-or-later
"""BFD (RFC 5880, 5881): the octets, one session, and which session a packet is for."""
