# SPDX-License-Identifier: GPL-2.0-or-later
"""An Active that only advertises says what it would say turn by turn, and stops for anything else."""

from types import SimpleNamespace

import pytest

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Send
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, LinkChanged, Startup, Switchover
from haven.havend.alarm import PUNCTUAL
from haven.havend.steady_turns import SteadyTurns
from tests.core.wire import group, octets_of, router

INTERVAL = 10 * MILLISECOND
# By then the announcements of a takeover have been repeated.
SETTLED = 20 * SECOND


def active() -> Engine:
    engine = Engine()
    for device in ("lan", "wan"):
        engine.handle(LinkChanged(device, True), 0)
        engine.handle(AddressesChanged(device, 4, (octets_of("10.0.0.5"),)), 0)
    members = [router(name, advert_interval_us=INTERVAL, announce_refresh_us=0) for name in ("lan", "wan")]
    engine.load((group(*members),), 0)
    engine.handle(Startup(), 0)
    while engine.next_deadline() < SETTLED:
        engine.tick(engine.next_deadline())
    return engine


class Desk:
    """Steady turns whose clock goes by what they wait for; `late` is how much longer that takes."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine, self.now = engine, engine.next_deadline()
        self.ready_at = 1 << 60
        self.late = 0
        self.sent: list[tuple[int, Send]] = []
        self.noted: list[int] = []
        monkeypatch.setattr("haven.havend.steady_turns.system.now", lambda: self.now)
        sockets = SimpleNamespace(send=lambda effect: self.sent.append((self.now, effect)))
        note = SimpleNamespace(spoke=lambda router: None, write=self.noted.append)
        self._turns = SteadyTurns(engine, self, sockets, note)  # type: ignore[arg-type]

    def wait(self, microseconds: int) -> list[int]:
        self.now = min(self.now + microseconds + self.late, max(self.now, self.ready_at))
        return [7] if self.now >= self.ready_at else []

    def go_on(self, microseconds: int, has_acted: bool = False) -> None:
        until = self.now + microseconds
        self._turns.go_on(SimpleNamespace(idle_until=lambda: until), has_acted)  # type: ignore[arg-type]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(active(), monkeypatch)


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
    desk.ready_at = desk.now + INTERVAL // 4
    desk.go_on(10 * INTERVAL)
    assert not desk.sent


def test_one_that_is_late_looks_first_whether_something_came(desk: Desk) -> None:
    desk.late = PUNCTUAL
    desk.go_on(10 * INTERVAL)
    assert not desk.sent and desk.engine.next_deadline() < desk.now


def test_who_has_more_to_do_is_not_steady(desk: Desk) -> None:
    desk.go_on(10 * INTERVAL, has_acted=True)
    assert not desk.sent
    desk.engine.handle(Switchover(), desk.now)
    desk.go_on(10 * INTERVAL)
    assert not desk.sent
