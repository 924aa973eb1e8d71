# SPDX-License-Identifier: GPL-2.0-or-later
"""Another path to the Active of a silent link: when it is asked, and what its word is worth."""

from haven.core.clock import NEVER, SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.virtual_router import VirtualRouter

# How many intervals another path to the Active has for its first answer.
DOUBTED_FOR = 2
# Where the link is deaf: until it is asked again, and how long its word is good, which is three beats of it.
# Whoever is asked may be busy for longer than a short interval, and two Actives are worse than a late one.
ASKED_EVERY_US = SECOND
WORD_US = 3 * SECOND


def doubt_at(member: "VirtualRouter") -> int:
    """Return when the Active has been silent for so long that another path to it is worth asking."""
    if member.resigned or member.deadline == NEVER:
        return NEVER
    if member.doubted_at is not None:
        return member.doubted_at + ASKED_EVERY_US
    if member.first_word_until:
        return 0
    silent_at = member.deadline
    if member.heard_at is not None:
        silent_at = min(silent_at, member.heard_at + member.active_down_us())
    return silent_at - DOUBTED_FOR * member.active_adver_interval_us


def take_word(member: "VirtualRouter", now: int) -> None:
    """Wait for the next word by another path, where that has just said that the Active lives."""
    if member.deadline != NEVER:
        member.deadline = max(member.deadline, now + WORD_US)
