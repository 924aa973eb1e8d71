# SPDX-License-Identifier: GPL-2.0-or-later
"""An Active that only advertises, and a Backup that hears the usual, do what they would do turn by turn."""

from types import SimpleNamespace

import pytest

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.effects import Send
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, LinkChanged, Startup, Switchover
from haven.core.vrrp import states
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import TTL, multicast_group
from haven.havend.alarm import PUNCTUAL
from haven.havend.steady_turns import SteadyTurns
from haven.havend.vrrp_receiver import VrrpReceiver
from tests.core.wire import group, octets_of, router

INTERVAL = 10 * MILLISECOND
# By then the announcements of a takeover have been repeated.
SETTLED = 20 * SECOND
MULTICAST = multicast_group(4)
OWN, PEER = octets_of("10.0.0.5"), octets_of("10.0.0.9")
# The message, its source and destination, and its TTL.
Packet = tuple[bytes, bytes, bytes, int]
# The descriptors of what hears on a device.
DEVICES = {7: "lan", 8: "wan"}


def node() -> Engine:
    engine = Engine()
    for device in DEVICES.values():
        engine.handle(LinkChanged(device, True), 0)
        engine.handle(AddressesChanged(device, 4, (OWN,)), 0)
    members = [
        router(name, advert_interval_us=INTERVAL, announce_refresh_us=0) for name in sorted(DEVICES.values())
    ]
    engine.load((group(*members),), 0)
    engine.handle(Startup(), 0)
    return engine


def active() -> Engine:
    engine = node()
    while engine.next_deadline() < SETTLED:
        engine.tick(engine.next_deadline())
    return engine


def packet_for(device: str, priority: int = 200) -> Packet:
    spec = router(device)
    said = Advert(3, spec.vrid, priority, INTERVAL, spec.addresses)
    return encode(said, PEER, MULTICAST), PEER, MULTICAST, TTL


def backup() -> Engine:
    engine = node()
    for device in DEVICES.values():
        hear(engine, device, packet_for(device), 0)
    return engine


def hear(engine: Engine, device: str, packet: Packet, now: int) -> None:
    message, source, destination, ttl = packet
    engine.hear(device, 4, source, destination, ttl, message, now)


class Desk:
    """Steady turns whose clock goes by what they wait for; `late` is how much longer that takes."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine, self.now = engine, engine.next_deadline()
        self.late = 0
        self.sent: list[tuple[int, Send]] = []
        self.noted: list[int] = []
        # What comes in: when, on which descriptor, and the packet.
        self.coming: list[tuple[int, int, Packet]] = []
        self.alarm = SimpleNamespace(was_fresh=True, others_at=NEVER, look_at=lambda: self.look_at)
        self.look_at = NEVER
        monkeypatch.setattr("haven.havend.steady_turns.system.now", lambda: self.now)
        monkeypatch.setattr("haven.havend.vrrp_receiver.system.now", lambda: self.now)
        self.receivers = {at: VrrpReceiver(DEVICES[at], 4, at) for at in DEVICES}  # type: ignore[arg-type]
        for receiver in self.receivers.values():
            monkeypatch.setattr(receiver, "_receive", self._receive)
        sockets = SimpleNamespace(
            send=lambda effect: self.sent.append((self.now, effect)),
            receivers=lambda: self.receivers,
        )
        note = SimpleNamespace(has_groups=lambda: True, spoke=lambda router: None, write=self.noted.append)
        self._turns = SteadyTurns(engine, self, sockets, note, self.alarm)  # type: ignore[arg-type]

    def wait(self, microseconds: int, is_rough: bool = False) -> list[tuple[int, int]]:
        until = self.now + max(0, microseconds) + self.late
        self.now = max(self.now, min([until] + [at for at, _descriptor, _packet in self.coming]))
        return [(descriptor, 1) for at, descriptor, _packet in self.coming if at <= self.now][:1]

    def _receive(self, descriptor: int) -> tuple[bytes, bytes, int, bytes]:
        found = next(each for each in self.coming if each[1] == descriptor)
        self.coming.remove(found)
        message, source, destination, ttl = found[2]
        return source, destination, ttl, message

    def go_on(self, microseconds: int) -> list[tuple[int, int]]:
        self.look_at = self.now + microseconds
        return self._turns.wait(max(0, self.engine.next_deadline() - self.now), False)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(active(), monkeypatch)


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(backup(), monkeypatch)
    desk.now = MILLISECOND
    return desk


def words(desk: Desk, times: int) -> list[tuple[int, int, Packet]]:
    return [
        (desk.now + number * INTERVAL + at, at, packet_for(DEVICES[at]))
        for number in range(1, times + 1)
        for at in DEVICES
    ]


def test_it_says_what_is_said_turn_by_turn(desk: Desk) -> None:
    other = active()
    desk.go_on(10 * INTERVAL)
    expected = []
    while other.next_deadline() < desk.now + INTERVAL // 2:
        at = other.next_deadline()
        expected += [(at, effect) for effect in other.tick(at)]
    assert desk.sent == expected and len(expected) >= 18
    assert desk.engine.next_deadline() == other.next_deadline()
    assert desk.noted[-1] == expected[-1][0]


def test_it_stops_for_what_comes_in(desk: Desk) -> None:
    desk.now -= INTERVAL // 2
    desk.coming = [(desk.now + INTERVAL // 4, 7, packet_for("lan"))]
    assert desk.go_on(10 * INTERVAL) == [(7, 1)]
    assert not desk.sent


def test_it_stops_for_what_others_have_to_do(desk: Desk) -> None:
    desk.alarm.others_at = until = desk.now + 3 * INTERVAL
    assert desk.go_on(10 * INTERVAL) == [] and desk.now == until


def test_one_that_is_late_looks_first_whether_something_came(desk: Desk) -> None:
    desk.late = PUNCTUAL
    desk.go_on(10 * INTERVAL)
    assert not desk.sent and desk.engine.next_deadline() < desk.now


def test_who_has_more_to_do_is_not_steady(desk: Desk) -> None:
    desk.alarm.was_fresh = False
    desk.go_on(10 * INTERVAL)
    assert not desk.sent
    desk.alarm.was_fresh = True
    desk.engine.handle(Switchover(), desk.now)
    desk.go_on(10 * INTERVAL)
    assert not desk.sent


def test_a_backup_hears_what_it_hears_turn_by_turn(ear: Desk) -> None:
    ear.coming = coming = words(ear, 12)
    other = backup()
    for at, descriptor, packet in coming[:20]:
        hear(other, DEVICES[descriptor], packet, at)
    assert ear.go_on(10 * INTERVAL) == []
    assert len(ear.coming) in (4, 5)
    while len(ear.coming) > 4:
        ear.go_on(0)
    for name, router_there in other.routers.items():
        mine = ear.engine.routers[name]
        assert (mine.heard_at, mine.deadline) == (router_there.heard_at, router_there.deadline)
        assert mine.counters.received == router_there.counters.received == 11
    assert ear.engine.next_deadline() == other.next_deadline()


@pytest.mark.parametrize("priority", [0, 50, 201])
def test_another_packet_is_left_to_be_read(ear: Desk, priority: int) -> None:
    ear.coming = [*words(ear, 2), (ear.now + 3 * INTERVAL, 7, packet_for("lan", priority))]
    assert ear.go_on(10 * INTERVAL) == [(7, 1)]
    heard: list[bytes] = []
    assert not ear.receivers[7].read(lambda *packet: heard.append(packet[5]))
    assert heard == [packet_for("lan", priority)[0]] and not ear.coming


def test_one_that_comes_too_soon_may_be_a_flood_and_is_left_too(ear: Desk) -> None:
    ear.coming = [*words(ear, 1), (ear.now + INTERVAL + 2 * MILLISECOND, 7, packet_for("lan"))]
    assert ear.go_on(10 * INTERVAL) == [(7, 1)] and len(ear.coming) == 1


def test_the_usual_packet_of_another_device_is_not_the_own(ear: Desk) -> None:
    ear.coming = [(ear.now + INTERVAL, 8, packet_for("lan"))]
    assert ear.go_on(10 * INTERVAL) == [(8, 1)]
    assert [each.counters.received for each in ear.engine.routers.values()] == [1, 1]


def test_a_backup_notices_in_time_that_its_active_is_silent_on_one_link_or_all(ear: Desk) -> None:
    ear.coming = [each for each in words(ear, 6) if each[1] == 7]
    silent_at = ear.engine.routers["wan"].deadline
    assert ear.go_on(SECOND) == [] and ear.now == silent_at
    ear.engine.tick(ear.now)
    assert ear.engine.routers["wan"].silent and ear.engine.groups["gateway"].state == states.BACKUP
    assert ear.go_on(SECOND) == [] and not ear.coming
    assert ear.now == ear.engine.routers["lan"].deadline
    ear.engine.tick(ear.now)
    assert ear.engine.groups["gateway"].state == states.ACTIVE


def test_where_there_is_a_key_no_packet_is_usual(ear: Desk) -> None:
    for each in ear.engine.routers.values():
        each.auth = SimpleNamespace()  # type: ignore[assignment]
    ear.coming = words(ear, 2)
    assert ear.go_on(10 * INTERVAL) == [(7, 1)]
    assert [each.counters.received for each in ear.engine.routers.values()] == [1, 1]
