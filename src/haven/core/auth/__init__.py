# SPDX-License-Identifier: GPL-2.0-or-later
"""Authenticated VRRP (draft-cassen-vrrp-auth-hmac): loaded where a virtual router has a key."""
