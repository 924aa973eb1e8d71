# SPDX-License-Identifier: GPL-2.0-or-later
"""A power cut that is rehearsed: an Active that falls silent and gives its addresses up without a word.

It is a Backup then like any other, but for its Active_Down_Timer: should nobody take over, it does so itself
when the time is over. So nothing has to be taken back, whatever dies meanwhile.
"""

from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.events import Rehearsal
    from haven.core.group import Group


def may_rehearse(group: "Group") -> bool:
    """Tell whether it is Active, and nothing else is under way."""
    return group.state == states.ACTIVE and group.handover is None


def rehearse(group: "Group", limit_us: int, now: int) -> None:
    """Play dead; an Active that is heard is followed, whatever its priority, as after a switchover."""
    group.fire(states.REHEARSED, now, reason="rehearsal")
    group.preemption.barred = True
    for member in group.members:
        member.deadline = max(member.deadline, now + limit_us)


def rehearse_asked(groups: "list[Group]", event: "Rehearsal", now: int) -> None:
    """Let the groups that were asked for play dead, where they may."""
    for group in groups:
        if event.group in (None, group.spec.name) and may_rehearse(group):
            rehearse(group, event.limit_us, now)
