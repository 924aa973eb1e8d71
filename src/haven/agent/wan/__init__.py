# SPDX-License-Identifier: GPL-2.0-or-later
"""The WAN that is dialled: its interface is up on the Active alone."""
