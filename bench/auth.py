# SPDX-License-Identifier: GPL-2.0-or-later
"""What signatures cost, and that what was altered or recorded is refused: all of it."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

from bench.cost import MANY, SETTLE_S, WINDOW_S, WideHaven, cpu_percent
from haven.core.clock import SECOND
from haven.core.effects import Send
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, LinkChanged, Startup, WallClock
from haven.core.spec import GroupSpec, RouterSpec
from haven.core.vrrp import states
from tests.core.keyed import TODAY, keyed_router
from tests.core.wire import link_local, octets_of
from tests.lab.busy import busy_loops
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.signed_pair import take_steps, turns
from tests.lab.wait import wait_until

KEY = "1:hex:" + "5a" * 32
MOST_TIMES = 1.5
ALTERED = 100_000
DAY_S = 86_400
# A machine that has more to do than it can may take a living router for dead without any key.
LOADED_S = 60
INTERVAL_US = SECOND // 10
WORDS = 20_000

SOURCES = {4: octets_of("10.0.0.1"), 6: link_local(1)}
OTHERS = {4: octets_of("10.0.0.2"), 6: link_local(2)}
Packet = tuple[bytes, bytes, bytes, int]


@dataclass
class Times:
    """What something takes without keys and with them; `most` is the bound of their ratio."""

    what: str
    unit: str
    plain: list[float] = field(default_factory=list)
    signed: list[float] = field(default_factory=list)
    most: float | None = None

    def kept(self) -> bool:
        """Tell whether the bound is kept."""
        return self.most is None or median(self.signed) <= self.most * median(self.plain)

    def row(self) -> str:
        """Return the line of the table."""
        plain, signed = median(self.plain), median(self.signed)
        verdict = (
            "" if self.most is None else f"{'ok' if self.kept() else 'MISSED'} (at most {self.most:g} times)"
        )
        return (
            f"{self.what:<48} | {plain:8.2f} {self.unit:<2} | {signed:8.2f} {self.unit:<2} "
            f"| {signed / plain:5.2f} | {verdict}"
        )

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        names = f"{'medians':<48} | {'without':>11} | {'with a key':>11} | ratio |"
        return f"{names}\n{'-' * len(names)}"


@dataclass
class Refusals:
    """How many words were said to a router, and how many it believed."""

    what: str
    said: int
    believed: int

    def kept(self) -> bool:
        """Tell whether none was believed."""
        return self.believed == 0 and self.said > 0

    def row(self) -> str:
        """Return the line of the table."""
        return f"{self.what:<48} | {self.said:>8} | {self.believed:>8} | {'ok' if self.kept() else 'MISSED'}"

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        names = f"{'':<48} | {'said':>8} | {'believed':>8} |"
        return f"{names}\n{'-' * len(names)}"


@dataclass
class Transitions:
    """How often the Active changed in each run, where it should not; and before, by the load alone."""

    what: str
    took: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)

    def kept(self) -> bool:
        """Tell whether it never did."""
        return not any(self.took)

    def row(self) -> str:
        """Return the line of the table."""
        return f"{self.what:<48} | {self.before} | {self.took} | {'ok' if self.kept() else 'MISSED'}"

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        return f"{'transitions in each run':<48} | by the load alone | as keys come |\n{'-' * 80}"


def signatures(runs: int) -> Iterator[Times | Refusals | Transitions]:
    """Time words with and without keys, let many virtual routers run, and attack."""
    for family in (4, 6):
        yield from _word_times(family, runs)
    for family in (4, 6):
        yield _altered(family)
    yield _recorded_day()
    yield from _rolled_out(runs)
    yield from _many_routers(runs)


# One word


def _engine(spec: RouterSpec, source: bytes) -> Engine:
    """Return the engine of a router whose machine is well and which has just started."""
    engine = Engine()
    engine.handle(WallClock(TODAY), 0)
    engine.load((GroupSpec("gateway", (spec,)),), 0)
    engine.handle(LinkChanged(spec.device, True), 0)
    engine.handle(AddressesChanged(spec.device, spec.family, (source,)), 0)
    engine.handle(Startup(()), 0)
    return engine


def _active(spec: RouterSpec) -> tuple[Engine, int]:
    """Return the engine of an Active, and how late it is."""
    engine, now = _engine(spec, SOURCES[spec.family]), 0
    while engine.groups["gateway"].state != states.ACTIVE:
        now = engine.next_deadline()
        engine.tick(now)
    return engine, now


def _spec(family: int, has_key: bool, interval_us: int = INTERVAL_US) -> RouterSpec:
    spec = keyed_router(family=family, advert_interval_us=interval_us)
    if not has_key:
        spec.authentication = None
    return spec


def _words(spec: RouterSpec, count: int) -> Iterator[tuple[int, Packet]]:
    """Yield what an Active says, and when; the first is that of its takeover."""
    engine, now = _active(spec)
    said = 0
    while said < count:
        now = engine.next_deadline()
        for effect in engine.tick(now):
            if type(effect) is Send:
                to, message = effect.messages()[0]
                said += 1
                yield now, (message, effect.source, to, 255)


def _word_times(family: int, runs: int) -> Iterator[Times]:
    rows = [
        Times(f"an ADVERTISEMENT of IPv{family} is made", "µs"),
        Times(f"an ADVERTISEMENT of IPv{family} is heard", "µs"),
    ]
    for _ in range(runs):
        for has_key in (False, True):
            spec = _spec(family, has_key)
            for row, took in zip(rows, (_time_saying(spec), _time_hearing(spec)), strict=True):
                (row.signed if has_key else row.plain).append(took)
    yield from rows


def _time_saying(spec: RouterSpec) -> float:
    engine, now = _active(spec)
    frame = bytes(34)

    def say() -> None:
        nonlocal now
        now = engine.next_deadline()
        for effect in engine.tick(now):
            if type(effect) is Send and effect.trailer:
                effect.complete(0, frame + effect.packets[0][1])

    return _time(say)


def _time_hearing(spec: RouterSpec) -> float:
    words = iter(list(_words(spec, WORDS)))
    engine = _engine(spec, OTHERS[spec.family])

    def hear() -> None:
        now, (message, source, to, ttl) = next(words)
        engine.hear(spec.device, spec.family, source, to, ttl, message, now)

    took = _time(hear)
    assert engine.routers["lan"].counters.received == WORDS
    return took


def _time(act: Callable[[], None]) -> float:
    began = time.process_time_ns()
    for _ in range(WORDS):
        act()
    return (time.process_time_ns() - began) / WORDS / 1000


# Attacks


def _altered(family: int) -> Refusals:
    """Alter good words in up to four octets, cut them off, or make them longer."""
    spec, chance, believed, said = _spec(family, True), random.Random(1), 0, 0
    listener = _engine(spec, OTHERS[family])
    router = listener.routers["lan"]
    for now, (message, source, to, ttl) in _words(spec, ALTERED // 20):
        for _ in range(20):
            altered = _alter(message, chance)
            if altered == message:
                continue
            said += 1
            listener.hear(spec.device, family, source, to, ttl, altered, now)
        believed = router.counters.received
    return Refusals(f"altered packets, IPv{family}", said, believed)


def _alter(message: bytes, chance: random.Random) -> bytes:
    octets = bytearray(message)
    for _ in range(chance.randint(1, 4)):
        octets[chance.randrange(len(octets))] = chance.randrange(256)
    kind = chance.randrange(10)
    if kind == 0:
        return bytes(octets[: chance.randrange(len(octets))])
    # The VRID has to be ours, or nobody looks at the rest.
    octets[1] = message[1]
    return bytes(octets) + (chance.randbytes(chance.randint(1, 40)) if kind == 1 else b"")


def _recorded_day() -> Refusals:
    """Say a day's words again, in their own pace, to a router that begins a minute after them."""
    spec = _spec(4, True, SECOND)
    words = list(_words(spec, DAY_S))
    later = words[-1][0] + 60 * SECOND
    listener = _engine(spec, OTHERS[4])
    listener.handle(WallClock(TODAY + later), 0)
    for now, (message, source, to, ttl) in words:
        while listener.next_deadline() < now:
            listener.tick(listener.next_deadline())
        listener.hear(spec.device, 4, source, to, ttl, message, now)
    assert listener.groups["gateway"].state == states.ACTIVE
    return Refusals("a recorded day, said again", len(words), listener.routers["lan"].counters.received)


# Keys that come under load


def _rolled_out(runs: int) -> Iterator[Transitions]:
    """Let keys come to a pair whose machine has more to do than it can."""
    row = Transitions("three steps to keys on a busy machine")
    for _ in range(runs):
        network = Network(2)
        try:
            nodes = pair(HavenNode, network, families=(4, 6))
            with busy_loops():
                counts = [turns(*nodes)]
                time.sleep(LOADED_S)
                counts.append(turns(*nodes))
                take_steps(nodes)
                counts.append(turns(*nodes))
            row.before.append(counts[1] - counts[0])
            row.took.append(counts[2] - counts[1])
        finally:
            network.delete()
    yield row


# Many virtual routers


def _many_routers(runs: int) -> list[Times]:
    rows = [
        Times(f"CPU, {MANY} virtual routers at 100 ms, {role}", "%", most=MOST_TIMES)
        for role in ("Active", "Backup")
    ]
    for _ in range(runs):
        for more in ({}, {"auth_key": KEY}):
            for row, share in zip(rows, _shares(more), strict=True):
                (row.signed if more else row.plain).append(share)
    return rows


def _shares(more: dict[str, str]) -> list[float]:
    network, nodes = Network(2), []
    try:
        for name, priority, state in (("r1", 200, "active"), ("r2", 100, "backup")):
            node = WideHaven(network, name, priority=priority, interval_ms=100, more=more)
            nodes.append(node)
            node.start()
            wait_until(lambda node=node, state=state: node.settled(state), 60, f"{name} is {state}")
        time.sleep(SETTLE_S)
        shares = cpu_percent([node.pid() for node in nodes], WINDOW_S)
        assert [node.settled(state) for node, state in zip(nodes, ("active", "backup"), strict=True)]
        return shares
    finally:
        network.delete()
