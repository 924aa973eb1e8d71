# SPDX-License-Identifier: GPL-2.0-or-later
"""Groups to which nothing happens, as nearly all the time: an Active advertises, a Backup hears that."""

from haven.core.clock import NEVER
from haven.core.virtual_router import EARLY
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.effects import Send
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
    found = []
    # A comprehension is one call more.
    for member in members:
        if now + member.spec.advert_interval_us // EARLY >= member.deadline:
            found.append(member.advertise_again(now))  # noqa: PERF401
    return found


def usual_members(groups: "Iterable[Group]") -> "list[VirtualRouter]":
    """Return the virtual routers of groups that are all Backup, and to whom the usual packet can come."""
    if any(group.state != states.BACKUP for group in groups):
        return []
    return [member for group in groups for member in group.members if member.has_usual_packet()]
