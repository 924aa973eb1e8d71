# SPDX-License-Identifier: GPL-2.0-or-later
"""What a silence is worth: another path to the Active, when it is asked, and who was late itself."""

from haven.core.clock import NEVER, SECOND
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.lockstep import Lockstep
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
    worth_at = 0 if member.first_word_until else _last_moment(member)
    return worth_at if member.doubted_at is None else max(worth_at, member.doubted_at + ASKED_EVERY_US)


def _last_moment(member: "VirtualRouter") -> int:
    silent_at = member.deadline
    if member.heard_at is not None:
        silent_at = min(silent_at, member.heard_at + member.active_down_us())
    return silent_at - DOUBTED_FOR * member.active_adver_interval_us


def is_word_needed(member: "VirtualRouter", state: str) -> bool:
    """Tell whether the link has brought none itself since another path was asked.

    An Active that is about to be preempted, as its link has said who it is, is not waited for.
    """
    return state == states.ACTIVE or (member.doubted_at is not None and not member.lower_heard)


def take_word(member: "VirtualRouter", now: int) -> None:
    """Wait for the next word by another path, where that has just said that the Active lives.

    Nobody is preempted over a link that brings nothing: its hosts may not be reached by it, either.
    """
    if member.deadline != NEVER:
        member.deadline, member.lower_heard = max(member.deadline, now + WORD_US), False
        # Three questions before the word is no more good, and no more of them where intervals are short.
        member.doubted_at = now - ASKED_EVERY_US // 2


def oversleep(groups: "Iterable[Lockstep]", late_us: int, now: int) -> None:
    """Let Backups wait longer by so much as this node was late: what held it up may hold up the Active, too.

    That is one Active_Down_Interval in all at the most, until a link brings a word again.
    """
    for group in groups:
        for member in group.members if group.state == states.BACKUP else ():
            if member.deadline != NEVER and member.heard_at is not None and not member.resigned:
                _bear(member, member.heard_at, late_us, now)


def _bear(member: "VirtualRouter", heard_at: int, late_us: int, now: int) -> None:
    before_us = member.borne[1] if member.borne[0] == heard_at else 0
    more_us = max(0, min(late_us, member.active_down_us() - before_us))
    member.borne = (heard_at, before_us + more_us)
    member.deadline = max(member.deadline, now) + more_us


def end_first_wait(members: "list[VirtualRouter]", now: int) -> None:
    """Wait no longer than any standby for what was heard on one link: it is the group's first word."""
    for member in members:
        if member.first_word_until and member.deadline != NEVER:
            member.deadline = min(member.deadline, now + member.active_down_us())
        member.first_word_until = 0
