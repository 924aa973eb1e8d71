# SPDX-License-Identifier: GPL-2.0-or-later
"""The 64 bits by which a word is known to be new: seconds, 1/65536 of one, and a counter.

They are compared as serial numbers (RFC 1982), so that 2106 is a second like any other.
"""

from haven.core.clock import SECOND

_ALL = (1 << 64) - 1
_HALF = 1 << 63


def sequence_at(unix_us: int) -> int:
    """Return the sequence of a moment with a counter of zero."""
    return ((unix_us // SECOND) & 0xFFFFFFFF) << 32 | ((unix_us % SECOND << 16) // SECOND) << 16


def is_after(sequence: int, other: int) -> bool:
    """Tell whether one comes after another."""
    return 0 < (sequence - other) & _ALL < _HALF


def following(sequence: int) -> int:
    """Return the next one; the counter carries into the time."""
    return (sequence + 1) & _ALL


def distance_us(sequence: int, unix_us: int) -> int:
    """Return by how much a sequence's time is ahead of a moment, in microseconds; behind is negative."""
    ahead = (sequence - sequence_at(unix_us)) & _ALL
    if ahead >= _HALF:
        ahead -= _ALL + 1
    return ahead * SECOND >> 32
