# SPDX-License-Identifier: GPL-2.0-or-later
"""From a router as it is to a router of a pair: what is proposed, changed, tried and taken back."""
