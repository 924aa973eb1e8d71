# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is preferred in CARP, as one whole number: the higher, the better, as with VRRP's priorities.

The demotion counts first (OpenBSD; it is 0 with others), then the time between two advertisements. As with
VRRP, 0 is for who leaves; who is demoted, or so slow that it would be taken for dead, ranks below that, and
is relieved by anybody who is not.
"""

from haven.core.carp.packet import LEAVES
from haven.core.vrrp.constants import LOWEST_PRIORITY

UNITS_PER_SECOND = 256
MOST_UNITS = 65535
# Above what VRRP's priorities mean: the owner's is 255.
SLOWEST = 256
# OpenBSD's number of lost advertisements.
DEAD_RATIO = 3
# FreeBSD's CARP_MAXSKEW: as far as tracked devices and checks lower an advskew.
MOST_LOWERED_SKEW = 240
HIGHEST_SKEW = 254
# In maintenance; OpenBSD counts to it by ones.
DEMOTED = 128


def rank(demote: int, advbase: int, advskew: int, own_advbase: int) -> int:
    """Return the rank of what an advertisement says, for a router with an advbase of its own."""
    if (advbase, advskew) == LEAVES:
        return 0
    units = advbase * UNITS_PER_SECOND + advskew
    if demote or units > DEAD_RATIO * own_advbase * UNITS_PER_SECOND:
        return -(demote << 16 | units)
    return SLOWEST + MOST_UNITS - units


def fields_of(ranked: int) -> "tuple[int, int, int]":
    """Return demotion, advbase and advskew of a rank."""
    if not ranked:
        return (0,) + LEAVES
    demote, units = (0, SLOWEST + MOST_UNITS - ranked) if ranked > 0 else divmod(-ranked, 1 << 16)
    return (demote,) + divmod(units, UNITS_PER_SECOND)


def priority_of(advskew: int) -> int:
    """Return the priority that stands for an advskew, and the other way round."""
    return max(LOWEST_PRIORITY, HIGHEST_SKEW - advskew)


def lowered(advskew: int, by: int) -> int:
    """Return an advskew from which tracked devices and checks have taken something off."""
    return max(advskew, min(MOST_LOWERED_SKEW, advskew + by))


def tie(source: bytes) -> bytes:
    """Return what decides between equals, the higher the better.

    ucarp prefers the lower address, and compares it as a number of its machine: with the last octet first
    on almost every processor.
    """
    return bytes([255 - octet for octet in reversed(source)])
