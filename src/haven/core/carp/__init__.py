# SPDX-License-Identifier: GPL-2.0-or-later
"""CARP as octets, a digest, a counter and a table of states; carp_router.py is the way in."""
