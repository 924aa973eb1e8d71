# SPDX-License-Identifier: GPL-2.0-or-later
"""haven's packages, from one router of a pair to all of them, one after the other."""
