# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the kernels of Actives all the time, and tells the engine when one that answered does so no more.

A router is dead when no way to it answers: neither the links of the group nor the one over which connections
are copied. One way that is silent beside another that answers is a cut link, and VRRP's own timers see to it.
"""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.events import Unanswered
from haven.core.heartbeat import QUICK_US, HeartbeatPath
from haven.core.vrrp import states
from haven.havend.heartbeat_socket import HeartbeatSocket
from haven.havend.host import system
from haven.inet import octets_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.contract.plan import Plan
    from haven.core.engine import Engine
    from haven.core.group import Group
    from haven.core.value import Value
    from haven.havend.event_history import EventHistory
    from haven.havend.kernel_tables import KernelTables

    # A device and the address of a router on it.
    Place = tuple[str, bytes]

# How often it is looked whom to ask.
LOOK_US = 200 * MILLISECOND
# All ways but one of a group are asked so often until that one is silent.
SELDOM_US = 100 * MILLISECOND
# A router that answers again so soon was not dead: no machine boots in that time.
REGRET_US = 3 * SECOND
MOST_LENIENT = 64
# Of several standbys the one with the highest priority comes first.
SKEW_US = 5 * MILLISECOND


class Way:
    """One place that is asked: the socket, what came of it, and when it is asked next."""

    def __init__(self, sock: HeartbeatSocket, pace_us: int, now: int) -> None:
        self.socket = sock
        self.path = HeartbeatPath(pace_us, now)
        self.due = now
        self.leniency = 1
        self.taken_for_dead_at: int | None = None

    def turn(self, now: int) -> None:
        """Read the answers, and ask again."""
        answers = self.socket.answers()
        if answers:
            self.path.hear(answers, now)
        elif self.path.is_given_up(now) and self.socket.mac is not None:
            self.socket.forget()
        self.socket.ask()
        self.path.ask(now)
        self.due = now + (self.path.next_us(now) if self.taken_for_dead_at is None else SELDOM_US)

    def is_silent(self, more_us: int, now: int) -> bool:
        """Tell whether a router that lives would have answered by now."""
        return self.path.is_silent(self.leniency, more_us, now)


class Heartbeats:
    """Asks for every group that is Backup; `deadline` is when act() has something to do."""

    def __init__(
        self,
        engine: "Engine",
        kernel: "KernelTables",
        events: "EventHistory",
        handle: "Callable[[Value], None]",
    ) -> None:
        self._engine, self._kernel, self._events, self._handle = engine, kernel, events, handle
        self.deadline = 0
        self._look_at = 0
        self._link: tuple[str, bytes, bytes] | None = None
        self._ways: dict[Place, Way] = {}
        self._of_group: dict[str, list[Place]] = {}

    def set_plan(self, plan: "Plan") -> None:
        """Take the link between two routers, and look anew whom to ask."""
        copied = plan.work("conntrack")
        self._link = None
        # Of several peers nobody knows which one is the Active.
        if copied is not None and len(copied["peers"]) == 1:
            self._link = copied["device"], octets_of(copied["address"]), octets_of(copied["peers"][0])
        self.deadline = self._look_at = 0

    def close(self) -> None:
        """Ask nobody any more."""
        for place in list(self._ways):
            self._ways.pop(place).socket.close()

    def act(self) -> None:
        """Look whom to ask, ask those whose turn it is, and tell who is dead."""
        now = system.now()
        if now >= self._look_at:
            self._look(now)
        for place in list(self._ways):
            if now >= self._ways[place].due:
                self._ways[place].turn(now)
                self._regret(place, now)
        for name in list(self._of_group):
            self._judge(self._engine.groups.get(name), now)
        self.deadline = min([self._look_at] + [way.due for way in self._ways.values()])

    # Whom to ask

    def _look(self, now: int) -> None:
        self._look_at = now + LOOK_US
        wanted: dict[Place, bytes] = {}
        self._of_group = {}
        for name in sorted(self._engine.groups):
            sources = self._sources(self._engine.groups[name])
            if sources:
                self._of_group[name] = sorted(sources)
                wanted.update(sources)
        for place in list(self._ways):
            if not self._is_right(place, wanted, now):
                self._ways.pop(place).socket.close()
        for place in sorted(wanted):
            self._open(place, wanted[place], now)
        for name in self._of_group:
            self._set_pace(name)

    def _sources(self, group: "Group") -> "dict[Place, bytes]":
        """Return the places to ask for a group, each with the address to ask from."""
        found: dict[Place, bytes] = {}
        if group.state != states.BACKUP or group.maintenance or not group.spec.heartbeat_us:
            return found
        for member in group.members:
            is_near = not (member.spec.unicast_peers and member.spec.unicast_hops)
            if member.active_source is not None and member.source is not None and is_near:
                found[(member.spec.device, member.active_source)] = member.source
        if found and self._link is not None:
            device, own, peer = self._link
            found[(device, peer)] = own
        return found

    def _is_right(self, place: "Place", wanted: "dict[Place, bytes]", now: int) -> bool:
        way = self._ways[place]
        if way.taken_for_dead_at is not None and now - way.taken_for_dead_at < REGRET_US:
            return self._kernel.link(place[0]) == way.socket.link
        is_the_same = wanted.get(place) == way.socket.source
        return is_the_same and self._kernel.link(place[0]) == way.socket.link

    def _open(self, place: "Place", source: bytes, now: int) -> None:
        link = self._kernel.link(place[0])
        if place in self._ways or link is None or not (link.up and link.ethernet):
            return
        try:
            self._ways[place] = Way(HeartbeatSocket(link, source, place[1]), SELDOM_US, now)
        except OSError:
            # The device has gone in between; it is looked again soon.
            return

    def _set_pace(self, name: str) -> None:
        """Let one way of the group be asked quickly; the others are when that one is silent."""
        is_watched = False
        for place in self._of_group[name]:
            way = self._ways.get(place)
            if way is not None and way.path.is_believed():
                pace_us = self._engine.groups[name].spec.heartbeat_us
                way.path.pace_us = max(SELDOM_US, pace_us) if is_watched and way.path.is_known() else pace_us
                is_watched = True

    # Who is dead

    def _believed(self, name: str) -> "list[Way]":
        ways = [self._ways[place] for place in self._of_group[name] if place in self._ways]
        return [way for way in ways if way.path.is_believed() and not way.path.is_given_up(system.now())]

    def _judge(self, group: "Group | None", now: int) -> None:
        if group is None or group.state != states.BACKUP:
            return
        ways = self._believed(group.spec.name)
        if any(way.path.unanswered > 1 for way in ways):
            for way in ways:
                way.due = min(way.due, now + QUICK_US)
        more_us = _skew_us(group)
        if ways and all(way.is_silent(more_us, now) for way in ways) and not _was_heard(group, ways):
            self._tell(group, ways, now)

    def _tell(self, group: "Group", ways: "list[Way]", now: int) -> None:
        for way in ways:
            way.taken_for_dead_at = now
        places = [(way.socket.link.name, way.socket.address, way.path.open_since or now) for way in ways]
        for device, address, since in places:
            self._handle(Unanswered(device, 4 if len(address) == 4 else 6, address, now - since))

    def _regret(self, place: "Place", now: int) -> None:
        """Be more patient with a router that answers again too soon to have been dead."""
        way = self._ways[place]
        at = way.taken_for_dead_at
        if at is None:
            return
        if now - at >= REGRET_US:
            way.taken_for_dead_at = None
        elif way.path.unanswered == 1:
            way.taken_for_dead_at = None
            way.leniency = min(MOST_LENIENT, 2 * way.leniency)
            patience_us = way.path.patience_us(way.leniency)
            peer = text_of(place[1])
            self._events.add("heartbeat-false", peer=peer, device=place[0], patience_us=patience_us)

    # What is shown

    def report(self, group: "Group", now: int) -> "dict[str, Any]":
        """Return how soon a group would take over from an Active that dies now, and by what it knows."""
        name = group.spec.name
        ways = self._believed(name) if name in self._of_group and group.state == states.BACKUP else []
        after_us = _by_advertisements(group)
        heartbeat_us = NEVER
        if ways:
            slowest = max([way.path.patience_us(way.leniency) for way in ways])
            heartbeat_us = 2 * group.spec.heartbeat_us + slowest + _skew_us(group)
        by = "heartbeat" if heartbeat_us < after_us else "advertisements"
        return {
            "by": by,
            "after_ms": round(min(heartbeat_us, after_us) / 1000, 1),
            "ways": [self._way(place, now) for place in self._of_group.get(name, []) if place in self._ways],
        }

    def _way(self, place: "Place", now: int) -> "dict[str, Any]":
        path = self._ways[place].path
        return {
            "device": place[0],
            "address": text_of(place[1]),
            "asked": path.asked,
            "lost": path.lost,
            "believed": path.is_believed() and not path.is_given_up(now),
            "patience_ms": round(path.patience_us(self._ways[place].leniency) / 1000, 1),
            "years": min(round(path.years()), 1_000_000),
        }


def _skew_us(group: "Group") -> int:
    return (256 - min(255, group.members[0].priority)) * SKEW_US // 256


def _was_heard(group: "Group", ways: "list[Way]") -> bool:
    """Tell whether its Active has spoken while its kernel was silent."""
    heard = [member.heard_at for member in group.members if member.heard_at is not None]
    opened = [way.path.open_since for way in ways if way.path.open_since is not None]
    return bool(heard and opened) and max(heard) > max(opened)


def _by_advertisements(group: "Group") -> int:
    return max([member.active_down_us() for member in group.members])
