# SPDX-License-Identifier: GPL-2.0-or-later
"""When a group may go by another sign than VRRP's, such as the silence of its Active's kernel."""

from haven.core.clock import MILLISECOND
from haven.core.heartbeat import SHORTEST_US, is_dead
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.heartbeat_place import HeartbeatPlace

# Of several standbys the one with the highest priority comes first.
SKEW_US = 5 * MILLISECOND
# VRRP's own timer has to be so many times slower, or nobody is asked.
WORTHWHILE = 2
# Where this machine's own kernel is late it needs the processor, which havend takes from it by asking.
OWN_LATE_US = 20 * MILLISECOND


def may_go_by_signs(group: "Group", now: int) -> bool:
    """Tell whether a group may go by other signs than VRRP's own timers.

    A witness says only after some time whether this node is the one that is cut off; and where words are
    forged, nothing but those timers counts.
    """
    is_alone = group.isolation is not None
    return group.state == states.BACKUP and not (group.maintenance or is_alone or group.is_wary(now))


def may_go_by_it(group: "Group", now: int) -> bool:
    """Tell whether a group would take over by its Active's kernel, sooner than by VRRP, and may do so."""
    heartbeat_us = group.spec.heartbeat_us
    if not heartbeat_us or not may_go_by_signs(group, now):
        return False
    soonest = min([member.active_down_us() for member in group.members])
    return soonest >= WORTHWHILE * (heartbeat_us + SHORTEST_US + SKEW_US)


def is_steady(member: "VirtualRouter", now: int) -> bool:
    """Tell whether a virtual router follows one Active on its own link, and nobody else for a while."""
    if member.spec.unicast_peers and member.spec.unicast_hops:
        return False
    return member.followed_since is not None and now - member.followed_since >= member.active_down_us()


def is_followed_long(group: "Group", now: int) -> bool:
    """Tell whether none of its members has just come to follow another Active, or the same anew."""
    return all(member.silent or is_steady(member, now) for member in group.members)


def skew_us(group: "Group") -> int:
    """Return how much longer than the first of several standbys this one waits."""
    return (256 - min(255, group.members[0].priority)) * SKEW_US // 256


def was_heard(group: "Group", asked: "list[HeartbeatPlace]") -> bool:
    """Tell whether its Active has spoken since its kernel is silent on every way."""
    # Another one may have come meanwhile.
    sources = [each.socket.address for each in asked]
    heard = [member.heard_at or 0 for member in group.members if member.active_source in sources]
    opened = [each.path.open_since for each in asked if each.path.open_since is not None]
    return bool(heard and opened) and max(heard) > max(opened)


def has_left_a_link(group: "Group", asked: "list[HeartbeatPlace]", now: int) -> bool:
    """Tell whether its Active has resigned because it is cut off: a link of the group is silent as well.

    Skew_Time is there for the best of several Backups, and for an Active that takes a forged word back.
    """
    if not any(member.resigned for member in group.members):
        return False
    devices = [member.spec.device for member in group.members]
    own = [each.path for each in asked if each.socket.link.name in devices]
    return any(is_dead([path], skew_us(group), now) for path in own)
