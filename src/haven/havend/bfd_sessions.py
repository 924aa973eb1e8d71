# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps the BFD sessions that virtual routers watch, and tells the engine when one with an Active has failed.

Each member of a group watches its own link: a group takes over when all of its members are silent, by this or
by their own timers.
"""

import os

from haven.core.bfd.bfd_session import FAILURES, SILENCE, BfdSession, SessionChange, SessionSpec
from haven.core.bfd.demultiplexer import Demultiplexer
from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.events import SessionFailed, Together
from haven.core.vrrp import states
from haven.havend.bfd_report import of_session, of_strangers, told
from haven.havend.bfd_sockets import BfdReceiver, BfdSender
from haven.havend.heartbeat_rules import OWN_LATE_US, may_go_by_signs
from haven.havend.host import system
from haven.havend.watched_session import WatchedSession
from haven.inet import octets_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.contract.plan import Plan
    from haven.core.engine import Engine
    from haven.core.group import Group
    from haven.core.value import Value
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.event_history import EventHistory
    from haven.havend.kernel_tables import KernelTables

# How often it is looked whether the sockets are still right.
LOOK_US = SECOND
# Who looks so much later than it meant to has not listened meanwhile.
LATE_US = 2 * MILLISECOND


class BfdSessions:
    """All sessions of a node; `deadline` is when act() has something to do."""

    def __init__(
        self,
        engine: "Engine",
        kernel: "KernelTables",
        poller: system.Poller,
        events: "EventHistory",
        handle: "Callable[[Value], None]",
    ) -> None:
        self._engine, self._kernel, self._poller = engine, kernel, poller
        self._events, self._handle = events, handle
        self.deadline = 0
        # Whether packets may still be on their way through this machine's own kernel.
        self.is_own_late: Callable[[int], bool] = lambda _now: False
        self.demultiplexer = Demultiplexer()
        self.watched: dict[str, WatchedSession] = {}
        self._receivers: dict[tuple[str, int], BfdReceiver] = {}
        # In a flood: read when a packet is due to be sent, and not as soon as one has come.
        self._resting: set[tuple[str, int]] = set()
        self._look_at = 0

    # What is wanted

    def set_plan(self, plan: "Plan") -> None:
        """Keep the sessions of this plan from now on; those that go are taken down in good order."""
        wanted = {(each["device"], octets_of(each["address"])): each for each in plan.bfd}
        for watched in list(self.watched.values()):
            if watched.session.spec.place() not in wanted:
                self._end(watched)
        kept = {watched.session.spec.place(): watched for watched in self.watched.values()}
        self.watched = {}
        for place in wanted:
            document = wanted[place]
            spec = _spec(document, place[1])
            watched = kept.get(place) or self._begin(spec)
            watched.session.change_spec(spec)
            watched.routers = document["virtual_routers"]
            self.watched[spec.name] = watched
        self.deadline = self._look_at = 0

    def _begin(self, spec: SessionSpec) -> WatchedSession:
        discriminator = 0
        while self.demultiplexer.is_taken(discriminator):
            discriminator = int.from_bytes(os.urandom(4), "big")
        session = BfdSession(spec, discriminator, system.now())
        self.demultiplexer.add(session)
        return WatchedSession(session, [])

    def _end(self, watched: WatchedSession) -> None:
        now = system.now()
        watched.session.disable(now)
        self._follow(watched, now)
        watched.close()
        self.demultiplexer.remove(watched.session)
        del self.watched[watched.session.spec.name]

    def close(self) -> None:
        """Take every session down in good order."""
        for watched in list(self.watched.values()):
            self._end(watched)
        for place in list(self._receivers):
            self._close_receiver(place)

    # Time

    def act(self) -> None:
        """Hear what waits, notice who is silent, and send what is due."""
        now = system.now()
        late_us = now - self.deadline if self.deadline else 0
        for place in list(self._receivers):
            self._read(place)
        self._excuse(late_us)
        self._doubt(now)
        if now >= self._look_at:
            self._look_at = now + LOOK_US
            self._look()
        # Another silence is told of with the first.
        for watched in list(self.watched.values()):
            watched.session.tick(now)
            self._follow(watched, now)
        self._plan_ahead()

    def _excuse(self, late_us: int) -> None:
        """Take no silence for the peers' in which this node did not hear, or not everything."""
        for watched in self.watched.values():
            spec = watched.session.spec
            receiver = self._receivers.get((spec.device, _family(spec)))
            if receiver is not None and receiver.is_flooded:
                watched.session.oversleep(max(late_us, watched.session.transmit_us()))
            elif late_us > LATE_US:
                watched.session.oversleep(late_us)

    def _doubt(self, now: int) -> None:
        """Wait for those whose silence may be that of this machine's own kernel."""
        silent = [each.session for each in self.watched.values() if each.session.is_silent(now)]
        if silent and self.is_own_late(now):
            for session in silent:
                session.oversleep(now - session.silent_at() + OWN_LATE_US)

    def _plan_ahead(self) -> None:
        soonest = self._look_at
        for watched in self.watched.values():
            session = watched.session
            # Without a socket nothing can be sent, and nothing is due.
            due = session.deadline() if watched.sender is not None else session.silent_at()
            soonest = min(soonest, due)
        self.deadline = soonest

    # Sockets

    def _look(self) -> None:
        """Open what can be opened, and close what is of a device or an address that is another now."""
        peers: dict[tuple[str, int], list[bytes]] = {}
        for watched in self.watched.values():
            spec = watched.session.spec
            place = spec.device, _family(spec)
            peers.setdefault(place, []).append(spec.address)
            watched.open_error = self._open(place) or self._open_sender(watched)
        for place in list(self._receivers):
            if place not in peers:
                self._close_receiver(place)
            else:
                self._receivers[place].expect(sorted(peers[place]))

    def _open(self, place: "tuple[str, int]") -> "str | None":
        link = self._kernel.link(place[0])
        receiver = self._receivers.get(place)
        if receiver is not None and receiver.link != link:
            self._close_receiver(place)
        if place in self._receivers or link is None or not link.up:
            return None
        try:
            receiver = BfdReceiver(link, place[1])
        except OSError as error:
            return system.error_text(error.errno or 0)
        self._receivers[place] = receiver
        self._poller.add(receiver.socket.fileno())
        return None

    def _close_receiver(self, place: "tuple[str, int]") -> None:
        self._resting.discard(place)
        receiver = self._receivers.pop(place)
        self._poller.remove(receiver.socket.fileno())
        receiver.socket.close()

    def _open_sender(self, watched: WatchedSession) -> "str | None":
        spec = watched.session.spec
        link, source = self._kernel.link(spec.device), self._source(watched)
        sender, watched.is_own = watched.sender, source == spec.address
        if watched.is_own:
            watched.close()
            return None
        if sender is not None and (sender.link, sender.source) != (link, source):
            watched.close()
        if watched.sender is not None or link is None or not link.up or source is None:
            return None
        try:
            watched.sender = BfdSender(link, source, spec.address)
        except OSError as error:
            return system.error_text(error.errno or 0)
        return None

    def _source(self, watched: WatchedSession) -> "bytes | None":
        """Return the address that the virtual routers that watch it speak from."""
        routers = [self._engine.routers.get(name) for name in watched.routers]
        return next((router.source for router in routers if router is not None), None)

    # What is heard

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of these."""
        return any(each.socket.fileno() == descriptor for each in self._receivers.values())

    def read(self, descriptor: int) -> None:
        """Take what waits there."""
        for place in list(self._receivers):
            if self._receivers[place].socket.fileno() == descriptor:
                self._read(place)
        self._plan_ahead()

    def _read(self, place: "tuple[str, int]") -> None:
        # What a packet leads to may close the socket.
        receiver = self._receivers[place]
        receiver.read(self._heard)
        if receiver.is_flooded != (place in self._resting) and place in self._receivers:
            self._resting ^= {place}
            self._poller.change(receiver.socket.fileno(), not receiver.is_flooded, False)

    def _heard(self, device: str, source: bytes, ttl: int, octets: bytes) -> None:
        now = system.now()
        session = self.demultiplexer.hear(device, source, ttl, octets, now)
        if session is None:
            return
        watched = self.watched[session.spec.name]
        if watched.regrets(now):
            rest_us = watched.rests_until - now
            self._events.add("bfd-false", session=session.spec.name, peer=text_of(source), rest_us=rest_us)
        self._follow(watched, now)

    def _follow(self, watched: WatchedSession, now: int) -> None:
        """Tell of what has happened to a session, and send what is due."""
        session = watched.session
        changes, session.changes = session.changes, []
        for change in changes:
            self._note(session, change)
            if change.cause in FAILURES and now >= watched.rests_until:
                self._tell(watched, change, now)
        self._send(watched, now)

    def _send(self, watched: WatchedSession, now: int) -> None:
        if watched.sender is None:
            return
        octets = watched.session.to_send(now, os.urandom(1)[0] / 255)
        if octets is not None:
            watched.send_error = watched.sender.send(octets)

    def _note(self, session: BfdSession, change: SessionChange) -> None:
        facts = {"session": session.spec.name, "peer": text_of(session.spec.address)}
        if change.cause is None:
            self._events.add("bfd-up", **facts)
        else:
            self._events.add("bfd-" + change.cause, silence_us=change.silence_us, **facts)

    # Who is dead

    def _tell(self, watched: WatchedSession, change: SessionChange, now: int) -> None:
        session, spec, failed = watched.session, watched.session.spec, []
        for name in sorted(self._engine.groups):
            group = self._engine.groups[name]
            if may_go_by_signs(group, now) and any(
                self.watches(watched, member, now) and not _has_spoken(member, session, change, now)
                for member in group.members
            ):
                failed.append(SessionFailed(name, spec.device, spec.address, change.silence_us))
        if failed:
            self._handle(Together(tuple(failed)))
        if any(self._engine.groups[each.group].state == states.ACTIVE for each in failed):
            watched.note_told(now)

    def watches(self, watched: WatchedSession, member: "VirtualRouter", now: int) -> bool:
        """Tell whether a virtual router follows the peer of a session, and nobody else for a while."""
        spec, since = watched.session.spec, member.followed_since
        if member.spec.name not in watched.routers or member.active_source != spec.address:
            return False
        return since is not None and now - since >= member.active_down_us()

    # What is shown

    def report(self, now: int) -> "list[dict[str, Any]]":
        """Return the sessions as the status has them."""
        return [told(each, self.demultiplexer, now) for each in self._ordered()]

    def problems(self, now: int) -> "list[dict[str, Any]]":
        """Return what is the matter with the sessions, and who asks for one that nobody wants."""
        found = [each for watched in self._ordered() for each in of_session(watched, self.demultiplexer, now)]
        return found + of_strangers(self.demultiplexer, now)

    def _ordered(self) -> "list[WatchedSession]":
        named = [self.watched[name] for name in sorted(self.watched)]
        return [each for each in named if not each.is_own]

    def detection(self, otherwise: "dict[str, Any]", group: "Group", now: int) -> "dict[str, Any]":
        """Return how soon a group would take over, where a session tells sooner than what does otherwise."""
        heard = [each for each in group.members if not each.silent]
        if not heard or not may_go_by_signs(group, now):
            return otherwise
        after_us = max([self._after_us(each, now) for each in heard])
        is_sooner = all(self._after_us(each, now) < each.active_down_us() for each in heard)
        if not is_sooner or after_us >= 1000 * otherwise["after_ms"]:
            return otherwise
        return {"by": "bfd", "after_ms": round(after_us / 1000, 1), "ways": otherwise["ways"]}

    def _after_us(self, member: "VirtualRouter", now: int) -> int:
        found = NEVER
        for watched in self.watched.values():
            is_believed = watched.session.is_up() and now >= watched.rests_until
            if is_believed and self.watches(watched, member, now):
                found = min(found, watched.session.detection_us())
        return found


def _has_spoken(member: "VirtualRouter", session: BfdSession, change: SessionChange, now: int) -> bool:
    """Tell whether an Active has advertised since its BFD went silent, so that the router lives."""
    if change.cause != SILENCE or member.heard_at is None:
        return False
    usual_us = max(session.spec.min_rx_us, session.remote_min_tx_us)
    return member.heard_at > now - change.silence_us + usual_us


def _family(spec: SessionSpec) -> int:
    return 4 if len(spec.address) == 4 else 6


def _spec(document: "dict[str, Any]", address: bytes) -> SessionSpec:
    keys = ("min_tx_us", "min_rx_us", "multiplier")
    return SessionSpec(document["name"], document["device"], address, *[document[key] for key in keys])
