# SPDX-License-Identifier: GPL-2.0-or-later
"""A failover that is rehearsed on the living pair."""
