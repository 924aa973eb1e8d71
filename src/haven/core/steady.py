# SPDX-License-Identifier: GPL-2.0-or-later
"""Groups that do nothing but advertise, as an Active does nearly all the time."""

from haven.core.clock import NEVER
from haven.core.virtual_router import EARLY
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.effects import Effects, Send
    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter


def steady_members(groups: "Iterable[Group]") -> "tuple[list[VirtualRouter], int]":
    """Return the virtual routers of groups that all only advertise, and until when they do no more than that.

    There are none while any group does something else.
    """
    members: list[VirtualRouter] = []
    until = NEVER
    for group in groups:
        if group.state != states.ACTIVE or group.handover is not None or group.isolation is not None:
            return [], 0
        until = min(until, group.retry_handover_at)
        for member in group.members:
            until = min(until, member.announce_at, member.source_until)
            members.append(member)
    return members, until


def advertise_due(members: "list[VirtualRouter]", now: int) -> "list[Send]":
    """Return the ADVERTISEMENTs of those whose Adver_Timer fires now or soon."""
    effects: Effects = []
    for member in members:
        if now + member.spec.advert_interval_us // EARLY >= member.deadline:
            member.advertise_again(now, effects)
    return effects  # type: ignore[return-value]
