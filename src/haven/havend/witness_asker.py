# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the witnesses all the time, so that an election finds their answers there and waits for nobody."""

from haven.contract.problems import problem
from haven.core.clock import NEVER, SECOND
from haven.core.events import RouterHeard, WitnessHeard
from haven.core.vrrp import states
from haven.havend.host import system
from haven.havend.witness_sockets import PING, WitnessSockets
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.core.engine import Engine
    from haven.core.group import Group
    from haven.core.value import Value
    from haven.havend.event_history import EventHistory
    from haven.havend.kernel_tables import KernelTables

    Place = tuple[str, bytes]

# An Active asks less often than a Backup, which may have to take over at any moment.
SLOWEST = SECOND
# An Active asks so often within its patience at the least.
ASKS = 4
# After so many rounds without an answer every way of asking is tried, and the link is asked, not one MAC
# address.
UNANSWERED = 2


class WitnessAnswers:
    """What a witness has answered: when last, by what, with which MAC address; asked since when."""

    def __init__(self, now: int) -> None:
        self.asked_since = self.asked_at = now
        self.at: int | None = None
        self.by = ""
        self.mac: bytes | None = None
        self.is_missed = False

    def take(self, by: str, mac: "bytes | None", now: int) -> None:
        """Note an answer; one to a ping counts where nothing else is answered."""
        answered_better = self.by not in ("", PING) and self.at is not None and self.at >= self.asked_at
        if by != PING or not answered_better:
            self.by, self.mac = by, mac
        self.at, self.is_missed = now, False


class WitnessAsker:
    """Asks and greets for every group that goes by it; `deadline` is when act() has something to do."""

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
        self._due: dict[str, int] = {}
        self._sockets: dict[str, WitnessSockets] = {}
        self._answers: dict[Place, WitnessAnswers] = {}

    def close(self) -> None:
        """Ask nobody any more."""
        for device in sorted(self._sockets):
            self._sockets.pop(device).close()

    # Asking

    def act(self) -> None:
        """Ask and greet for the groups whose turn it is."""
        now, groups = system.now(), self._groups()
        self._tidy(groups)
        self._due = {group.spec.name: self._due.get(group.spec.name, now) for group in groups}
        for group in groups:
            if now >= self._due[group.spec.name]:
                self._due[group.spec.name] = now + pace(group)
                self._visit(group, now)
        self.deadline = min(self._due.values(), default=NEVER)

    def _groups(self) -> "list[Group]":
        groups = self._engine.groups
        return [groups[name] for name in sorted(groups) if groups[name].isolation is not None]

    def _tidy(self, groups: "list[Group]") -> None:
        """Let go of what no group asks for, and of sockets on devices that are others now."""
        places = {place for group in groups for place in group.spec.witnesses}
        self._answers = {place: self._answers[place] for place in self._answers if place in places}
        devices = {member.spec.device for group in groups for member in group.members}
        for device, sockets in list(self._sockets.items()):
            if device not in devices or self._kernel.link(device) != sockets.link:
                self._sockets.pop(device).close()
            else:
                sockets.wake()
                sockets.expect([address for name, address in sorted(places) if name == device])

    def _visit(self, group: "Group", now: int) -> None:
        for place in group.spec.witnesses:
            self._ask(group, place, now)
        # On other links nothing depends on it.
        devices = {device for device, _address in group.spec.witnesses}
        for member in group.members:
            spec = member.spec
            if member.source is not None and (group.spec.majority or spec.device in devices):
                self._greet(spec.device, spec.family, spec.vrid, member.source)

    def _ask(self, group: "Group", place: "Place", now: int) -> None:
        device, address = place
        answers = self._answers.setdefault(place, WitnessAnswers(now))
        self._note_silence(group, place, answers, now)
        answers.asked_at = now
        source = _source(group, device, 4 if len(address) == 4 else 6)
        sockets = self._open(device)
        if sockets is None or source is None:
            return
        answers_well = answers.at is not None and now - answers.at < UNANSWERED * pace(group)
        try:
            if sockets.link.ethernet and not (answers_well and answers.by == PING):
                sockets.ask_neighbour(source, address, answers.mac if answers_well else None)
            if not answers_well or answers.by == PING:
                sockets.ask_echo(address)
        except OSError:
            # The device has gone in between.
            return

    def _greet(self, device: str, family: int, vrid: int, source: bytes) -> None:
        sockets = self._open(device)
        if sockets is not None and sockets.link.ethernet:
            try:
                sockets.greet(family, vrid, source)
            except OSError:
                return

    def _open(self, device: str) -> "WitnessSockets | None":
        link = self._kernel.link(device)
        if link is None or not link.up:
            return None
        if device not in self._sockets:
            sockets = WitnessSockets(link, self._poller, self._answered, self._router_heard)
            sockets.expect(sorted([address for name, address in self._answers if name == device]))
            self._sockets[device] = sockets
        return self._sockets[device]

    # Answers

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of the sockets'."""
        return any(each.serves(descriptor) for each in self._sockets.values())

    def read(self, descriptor: int) -> None:
        """Take what was answered and greeted."""
        for sockets in list(self._sockets.values()):
            if sockets.serves(descriptor):
                sockets.read(descriptor)

    def _answered(self, device: str, by: str, address: bytes, mac: "bytes | None") -> None:
        answers = self._answers.get((device, address))
        if answers is None:
            return
        if answers.at is None or answers.is_missed:
            self._events.add("witness-heard", witness=text_of(address), device=device)
        answers.take(by, mac, system.now())
        self._handle(WitnessHeard(device, address))

    def _router_heard(self, device: str, family: int, vrid: int, source: bytes) -> None:
        self._handle(RouterHeard(device, family, vrid, source))

    def _note_silence(self, group: "Group", place: "Place", answers: WitnessAnswers, now: int) -> None:
        if answers.at is None or answers.is_missed:
            return
        if now - answers.at >= group.spec.witness_patience_us:
            answers.is_missed = True
            self._events.add("witness-lost", witness=text_of(place[1]), device=place[0])

    # What is shown

    def report(self, group: "Group", now: int) -> "list[dict[str, Any]]":
        """Return the witnesses of a group as the status has them."""
        found = []
        for device, address in group.spec.witnesses:
            answers = self._answers.get((device, address)) or WitnessAnswers(now)
            found.append(
                {
                    "address": text_of(address),
                    "device": device,
                    "answered_ms": None if answers.at is None else (now - answers.at) // 1000,
                    "by": answers.by or None,
                }
            )
        return found

    def problems(self, group: "Group", now: int) -> "list[dict[str, Any]]":
        """Return which witnesses of a group do not answer."""
        found = []
        for device, address in group.spec.witnesses:
            answers = self._answers.get((device, address))
            since = now if answers is None else answers.asked_since if answers.at is None else answers.at
            if now - since >= group.spec.witness_patience_us:
                facts = {"witness": text_of(address), "device": device}
                found.append(problem("witness-silent", group.spec.name, **facts))
        return found


def pace(group: "Group") -> int:
    """Return how often is asked for a group: once in an interval, and often enough for its patience."""
    slowest = min(SLOWEST, group.spec.witness_patience_us // ASKS)
    if group.state == states.ACTIVE:
        return slowest
    return min([slowest] + [member.spec.advert_interval_us for member in group.members])


def _source(group: "Group", device: str, family: int) -> "bytes | None":
    for member in group.members:
        if (member.spec.device, member.spec.family) == (device, family):
            return member.source
    return None
