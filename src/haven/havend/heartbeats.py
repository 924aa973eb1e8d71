# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the kernels of Actives all the time, and tells the engine when one that answered does so no more.

A router is dead when no way to it answers: neither the links of the group nor the one over which connections
are copied. One way that is silent beside another that answers is a cut link, and VRRP's own timers see to it.
"""

from haven.contract.problems import problem
from haven.core.clock import NEVER, SECOND
from haven.core.engine import AT_ONCE
from haven.core.events import KernelSilent, Together
from haven.core.heartbeat import NOTICED_AFTER_US, QUICK_US, HeartbeatPath, is_dead
from haven.core.vrrp import states
from haven.havend.heartbeat_place import SELDOM_US, HeartbeatPlace
from haven.havend.heartbeat_rules import (
    OWN_LATE_US,
    has_left_a_link,
    is_followed_long,
    is_steady,
    may_go_by_it,
    skew_us,
    was_heard,
)
from haven.havend.heartbeat_socket import HeartbeatSocket
from haven.havend.host import system
from haven.havend.standbys import Standbys
from haven.inet import octets_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.contract.plan import Plan
    from haven.core.effects import Send
    from haven.core.engine import Engine
    from haven.core.group import Group
    from haven.core.value import Value
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.event_history import EventHistory
    from haven.havend.kernel_tables import KernelTables

    # A device and the address of a router on it.
    Place = tuple[str, bytes]
    # A place, and the priority that this node has there.
    Voice = tuple[Place, int]
    # A group whose Active is dead, where that one was asked, and whether its kernel is dead as well.
    Dead = tuple[Group, list[HeartbeatPlace], bool]
    # The address to ask from, and what else the router has while it is Active.
    Asking = tuple[bytes, bytes | None]

# How often it is looked whom to ask.
LOOK_US = SECOND
# A router that answers again so soon was not dead: no machine boots in that time.
REGRET_US = 3 * SECOND
MOST_LENIENT = 64
# Of so many places it is known that they gave a false alarm.
MOST_REMEMBERED = 64
# A stranger is shown for so long.
STRANGE_FOR_US = 60 * SECOND
# Of virtual routers, in one look.
PREPARED_AT_ONCE = 64


class Heartbeats:
    """Asks for every group that is Backup; `deadline` is when act() has something to do."""

    def __init__(
        self,
        engine: "Engine",
        kernel: "KernelTables",
        events: "EventHistory",
        handle: "Callable[[Value], None]",
        prepare: "Callable[[Send], bool]",
    ) -> None:
        self._engine, self._kernel, self._events, self._handle = engine, kernel, events, handle
        self._prepare = prepare
        self.deadline = 0
        # Whether answers may still be on their way through this machine's own kernel.
        self.is_own_late: Callable[[int], bool] = lambda _now: False
        # Whether a question has stayed without an answer.
        self.is_quiet = False
        self._look_at = 0
        self._link: tuple[str, bytes, bytes] | None = None
        self._asked: dict[Place, HeartbeatPlace] = {}
        self._of_group: dict[str, list[Place]] = {}
        # What has been told to the engine, and not been taken back by an answer since.
        self._told: set[str] = set()
        self._standbys = Standbys(kernel)
        self._spokesmen: dict[Voice, VirtualRouter] = {}
        # After a false alarm; a place that is asked anew has not deserved more trust by that.
        self._leniency: dict[Place, int] = {}

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
        for place in list(self._asked):
            self._asked.pop(place).socket.close()
        self._standbys.close()

    def act(self) -> None:
        """Look whom to ask, ask those whose turn it is, and tell who is dead."""
        now = system.now()
        if now >= self._look_at:
            self._look(now)
        self.is_quiet = False
        soonest = self._look_at
        for asked in self._asked.values():
            if asked.is_due(now):
                was_believed = asked.path.is_believed()
                asked.turn(now)
                if asked.path.is_believed() != was_believed:
                    # Who is asked quickly follows from who answers.
                    self._look_at = now
            if asked.is_urgent(now):
                self.is_quiet = True
            soonest = min(soonest, asked.due)
        self.deadline = min(soonest, self._look_at)
        if self.is_quiet or self._told:
            is_more = self._judge_all(now)
            soonest = min([self._look_at] + [asked.due for asked in self._asked.values()])
            self.deadline = now if is_more else soonest

    # Whom to ask

    def _look(self, now: int) -> None:
        self._look_at = now + LOOK_US
        wanted: dict[Place, Asking] = {}
        self._of_group = {}
        for name in sorted(self._engine.groups):
            found = self._places_of(self._engine.groups[name], now)
            if found:
                self._of_group[name] = sorted(found)
                for place in found:
                    wanted.setdefault(place, found[place])
        self._told = {name for name in self._told if name in self._of_group}
        for place in list(self._asked):
            if not self._is_right(place, wanted, now):
                self._asked.pop(place).socket.close()
        for place in sorted(wanted):
            self._open(place, wanted[place], now)
        self._spokesmen = self._find_spokesmen(now)
        self._standbys.look([self._spokesmen[each] for each in sorted(self._spokesmen)], now)
        self._set_paces(now)
        self._prepare_takeovers()

    def _places_of(self, group: "Group", now: int) -> "dict[Place, Asking]":
        """Return the places to ask for a group."""
        found: dict[Place, Asking] = {}
        if not may_go_by_it(group, now):
            return found
        for member in group.members:
            source, active = member.source, member.active_source
            if source is not None and active is not None and is_steady(member, now):
                found[(member.spec.device, active)] = (source, member.spec.addresses[0])
        if found and self._link is not None:
            device, own, peer = self._link
            found.setdefault((device, peer), (own, None))
        return found

    def _is_right(self, place: "Place", wanted: "dict[Place, Asking]", now: int) -> bool:
        asked = self._asked[place]
        if self._kernel.link(place[0]) != asked.socket.link:
            return False
        at = asked.taken_for_dead_at
        is_wanted = place in wanted and wanted[place][0] == asked.socket.source
        return is_wanted or (at is not None and now - at < REGRET_US)

    def _open(self, place: "Place", asking: "Asking", now: int) -> None:
        link = self._kernel.link(place[0])
        if place in self._asked or link is None or not (link.up and link.ethernet):
            return
        try:
            sock = HeartbeatSocket(link, asking[0], place[1], asking[1])
        except OSError:
            # The device has gone in between; it is looked again soon.
            return
        path = HeartbeatPath(SELDOM_US, now)
        path.leniency = self._leniency.get(place, 1)
        self._asked[place] = HeartbeatPlace(sock, path, now)

    def _find_spokesmen(self, now: int) -> "dict[Voice, VirtualRouter]":
        """Return the first virtual router of each place that is asked, for each priority that this node has.

        It is greeted for, and heard of, in the place of all others: hundreds would fill a link.
        """
        found: dict[Voice, VirtualRouter] = {}
        for name in self._of_group:
            for member in self._engine.groups[name].members:
                place = _place_of(member)
                if place in self._asked and self._asked[place].counts(now):
                    found.setdefault((place, member.priority), member)
        return found

    def _is_next(self, group: "Group", now: int) -> bool:
        """Tell whether no other Backup would take over before this one.

        One virtual router says it for all: equals may rank in opposite order on two links, and none be next.
        """
        for member in group.members:
            spokesman = self._spokesmen.get((_place_of(member), member.priority))
            if spokesman is not None:
                return not self._standbys.outranks(spokesman, now)
        return True

    def _pace_us(self, group: "Group", now: int) -> int:
        """Return how often a group asks: seldom where another Backup would take over before it."""
        is_next = self._is_next(group, now)
        return group.spec.heartbeat_us if is_next else max(SELDOM_US, group.spec.heartbeat_us)

    def _set_paces(self, now: int) -> None:
        """Let one place of each group be asked quickly; the others are when that one is silent."""
        paces: dict[Place, int] = {}
        for name in self._of_group:
            pace_us, is_watched = self._pace_us(self._engine.groups[name], now), False
            for place in self._of_group[name]:
                asked = self._asked.get(place)
                if asked is not None and asked.counts(now):
                    own_us = max(SELDOM_US, pace_us) if is_watched and asked.path.is_known() else pace_us
                    paces[place] = min(own_us, paces.get(place, own_us))
                    is_watched = True
        for place in paces:
            asked = self._asked[place]
            asked.path.pace_us = paces[place]
            asked.due = min(asked.due, now + paces[place])

    def _prepare_takeovers(self) -> None:
        """Have ready what hundreds of virtual routers say first: to make it takes longer than to send it."""
        left = PREPARED_AT_ONCE
        for group in self._engine.groups.values():
            for member in group.members if group.state == states.BACKUP else ():
                if left and member.source is not None:
                    left -= self._prepare(member.advertisement())

    # Who is dead

    def _counting(self, name: str, now: int) -> "list[HeartbeatPlace]":
        found = [self._asked[place] for place in self._of_group.get(name, ()) if place in self._asked]
        return [asked for asked in found if asked.counts(now)]

    def _judge_all(self, now: int) -> bool:
        """Tell of the groups whose Active is dead; of so many only that others wait until it was read."""
        for place in list(self._asked):
            self._regret(place, now)
        dead: list[Dead] = []
        for name in list(self._of_group):
            group = self._engine.groups.get(name)
            if group is not None and group.state == states.BACKUP:
                self._judge(group, dead, now)
                if len(dead) == AT_ONCE:
                    break
        if dead:
            self._tell(dead, now)
        return len(dead) == AT_ONCE

    def _judge(self, group: "Group", dead: "list[Dead]", now: int) -> None:
        asked, name = self._counting(group.spec.name, now), group.spec.name
        if any(each.path.is_noticed(now) for each in asked):
            is_late = self.is_own_late(now)
            for each in asked:
                each.due = now + OWN_LATE_US if is_late else min(each.due, now + QUICK_US)
            if is_late:
                return
        has_left = has_left_a_link(group, asked, now) and self._is_next(group, now)
        if not has_left and not is_dead([each.path for each in asked], skew_us(group), now):
            self._told.discard(name)
        elif not has_left and was_heard(group, asked):
            # It lives, and its answers do not come.
            for each in asked:
                each.path.hear(0, now)
        elif name not in self._told and may_go_by_it(group, now) and is_followed_long(group, now):
            self._told.add(name)
            dead.append((group, asked, not has_left))

    def _tell(self, dead: "list[Dead]", now: int) -> None:
        silences = [
            KernelSilent(
                group.spec.name, each.socket.link.name, each.socket.address, each.path.silence_us(now)
            )
            for group, asked, _is_kernel in dead
            for each in asked
        ]
        self._handle(Together(tuple(silences)))
        for group, asked, is_kernel in dead:
            if is_kernel and group.state == states.ACTIVE:
                for each in asked:
                    each.taken_for_dead_at = now

    def _regret(self, place: "Place", now: int) -> None:
        """Be more patient with a router that answers, or speaks, again too soon to have been dead."""
        asked = self._asked[place]
        at = asked.taken_for_dead_at
        if at is None:
            return
        if now - at >= REGRET_US:
            asked.taken_for_dead_at = None
        elif asked.path.unanswered == 1 or self._is_followed(place, at):
            asked.taken_for_dead_at = None
            self._be_lenient(place)

    def _is_followed(self, place: "Place", since: int) -> bool:
        return any(
            member.active_source == place[1] and (member.heard_at or 0) > since
            for group in self._engine.groups.values()
            for member in group.members
            if group.state == states.BACKUP and member.spec.device == place[0]
        )

    def _be_lenient(self, place: "Place") -> None:
        path = self._asked[place].path
        path.leniency = min(MOST_LENIENT, 2 * path.leniency)
        if len(self._leniency) < MOST_REMEMBERED or place in self._leniency:
            self._leniency[place] = path.leniency
        self._events.add(
            "heartbeat-false", peer=text_of(place[1]), device=place[0], patience_us=path.patience_us()
        )

    def hurry(self, device: str) -> None:
        """Ask at once on all ways to whoever is at the other end of a cable that has lost its carrier."""
        now = system.now()
        for places in self._of_group.values():
            if any(place[0] == device and place in self._asked for place in places):
                for place in places:
                    if place in self._asked:
                        self._asked[place].alarm(now)
                self.deadline, self.is_quiet = now, True

    # What is shown

    def report(self, group: "Group", now: int) -> "dict[str, Any]":
        """Return how soon a group would take over from an Active that dies now, and by what it knows."""
        name = group.spec.name
        asked = self._counting(name, now)
        after_us = max([member.active_down_us() for member in group.members])
        heartbeat_us = NEVER
        answering = [(each.socket.link.name, each.socket.address) for each in asked]
        # A link on which nobody can be asked is waited for.
        if asked and all(
            member.silent or (member.spec.device, member.active_source) in answering
            for member in group.members
        ):
            slowest = max([each.path.patience_us() for each in asked])
            pace_us = min([each.path.pace_us for each in asked])
            # A second question tells that the first one has no answer.
            heartbeat_us = pace_us + max(0, pace_us - NOTICED_AFTER_US) + slowest + skew_us(group)
        by = "heartbeat" if heartbeat_us < after_us else "advertisements"
        return {
            "by": by,
            "after_ms": round(min(heartbeat_us, after_us) / 1000, 1),
            "ways": [self._way(place, now) for place in self._of_group.get(name, []) if place in self._asked],
        }

    def _way(self, place: "Place", now: int) -> "dict[str, Any]":
        path = self._asked[place].path
        return {
            "device": place[0],
            "address": text_of(place[1]),
            "asked": path.asked,
            "lost": path.lost,
            "believed": self._asked[place].counts(now),
            "patience_ms": round(path.patience_us() / 1000, 1),
            "years": min(round(path.years()), 1_000_000),
            "strange": self._asked[place].socket.strange,
        }

    def problems(self, group: "Group", now: int) -> "list[dict[str, Any]]":
        """Return where another machine than the Active answers for its address."""
        found = []
        for place in self._of_group.get(group.spec.name, ()):
            asked = self._asked.get(place)
            if asked is None or now - asked.strange_at >= STRANGE_FOR_US:
                continue
            sock = asked.socket
            facts = {"address": text_of(place[1]), "device": place[0], "count": sock.strange}
            # Which of the two is the Active nobody here can know.
            facts["mac"], facts["other"] = [(each or b"").hex(":") for each in (sock.stranger, sock.mac)]
            found.append(problem("answers-strange", group.spec.name, **facts))
        return found


def _place_of(member: "VirtualRouter") -> "Place":
    return (member.spec.device, member.active_source or b"")
