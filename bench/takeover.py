# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the time goes from the last frame of the old Active to the first packet of the new one."""

import json
import sys
import time
from collections.abc import Iterator

from bench.defaults import wait_asked
from bench.pair import PROGRAMS
from bench.table import Comparison, Figures
from bench.takeover_frames import Frames, Sender
from bench.wide import TerseKeepalived
from tests.lab.gateway import SIDES, Side
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.pair import pair
from tests.lab.wait import wait_until

COUNTS = (2, 250)
# Of the median, from the moment at which the death is known to the first packet.
LIMITS_MS = {2: 0.5, 250: 5.0}
KEPT_S = 1

# havend that notes when the first of each happens, in ns of CLOCK_MONOTONIC.
STAMPING = """
import json, sys, time
from haven.havend import main
from haven.havend.address_keeper import AddressKeeper
from haven.havend.executor import Executor
from haven.havend.heartbeats import Heartbeats

path, stamps = sys.argv.pop(1), {}

def around(kind, name, before, after):
    inner = getattr(kind, name)
    def stamped(*arguments):
        if before and (before == "known" or "known" in stamps):
            stamps.setdefault(before, time.monotonic_ns())
        found = inner(*arguments)
        if after and "known" in stamps:
            stamps.setdefault(after, time.monotonic_ns())
        return found
    setattr(kind, name, stamped)

around(Heartbeats, "_tell", "known", "")
around(Executor, "perform", "", "")
around(AddressKeeper, "take", "advertised", "addressed")
note_active = Executor.note_active

def stamp_end(executor):
    if "addressed" in stamps and "announced" not in stamps:
        stamps["announced"] = time.monotonic_ns()
        with open(path, "w") as file:
            json.dump(stamps, file)
    note_active(executor)

Executor.note_active = stamp_end
sys.exit(main.main())
"""


class StampingHaven(HavenNode):
    """havend that writes down when it has done what."""

    def command(self) -> list[str]:
        """Start the havend of the sources."""
        return [
            sys.executable,
            "-c",
            STAMPING,
            str(self.folder / f"{self.name}.stamps"),
            *super().command()[-4:],
        ]

    def stamps(self) -> dict[str, int]:
        """Return what it has written."""
        path = self.folder / f"{self.name}.stamps"
        wait_until(path.exists, 5, "the takeover is written down")
        found: dict[str, int] = json.loads(path.read_text())
        return found


KINDS: dict[str, type[Node]] = {"haven": StampingHaven, "keepalived": TerseKeepalived}


def takeovers(runs: int) -> Iterator[Comparison | Figures]:
    """Cut the power of the Active of 2 and of 250 virtual routers in one group, at the default settings."""
    for count in COUNTS:
        whole = Comparison(f"{count} virtual routers: last frame to first packet", "ms")
        after = Comparison(f"{count}: first advert to first packet", "ms")
        parts = Figures(f"{count}: haven, ms")
        known = Comparison(f"{count}: death known to first packet", "ms", limit=LIMITS_MS[count])
        for run in range(runs):
            for program in PROGRAMS:
                _measure(program, count, run / runs, (whole, after, known), parts)
        yield from (whole, after, known, parts)


def _measure(
    program: str, count: int, moment: float, rows: tuple[Comparison, Comparison, Comparison], parts: Figures
) -> None:
    network = Network(2)
    try:
        _first, second = pair(KINDS[program], network, interval_ms=1000, own_sides=_sides(count))
        wait_asked(second)
        sender, frames = Sender(network), Frames(network)
        # At any moment between two questions.
        time.sleep(1 + moment / 10)
        network.power_cut("r1")
        second.wait_state("active", budget=30)
        time.sleep(KEPT_S)
        sender.end()
        seen = frames.end()
        whole, after, known = rows
        whole.of(program).append((seen.forwarded - seen.last) / 1e6)
        after.of(program).append((seen.forwarded - seen.advertised) / 1e6)
        if isinstance(second, StampingHaven):
            stamps = second.stamps()
            known.haven.append((seen.forwarded - stamps["known"]) / 1e6)
            parts.add(_parts(seen.last, stamps, seen.advertised, seen.forwarded))
    finally:
        network.delete()


def _parts(last: int, stamps: dict[str, int], advertised: int, forwarded: int) -> dict[str, float]:
    moments = {
        "detection": stamps["known"],
        "decision": advertised,
        "adverts": stamps["advertised"],
        "addresses": stamps["addressed"],
        "announcement": stamps["announced"],
    }
    found, before = {}, last
    for what, at in moments.items():
        found[what] = (at - before) / 1e6
        before = at
    return {**found, "first packet": (forwarded - before) / 1e6}


def _sides(count: int) -> tuple[Side, ...]:
    """List virtual routers of one address each, those that the packets go through as the last."""
    gateway = tuple(
        Side(each.name, each.segment, 4, 250 + number, each.addresses)
        for number, each in enumerate(SIDES[:2])
    )
    more = tuple(
        Side(f"v{number}", ("lan", "wan")[number % 2], 4, 1 + number // 2, (f"10.80.{number}.1/32",))
        for number in range(count - len(gateway))
    )
    return (*more, *gateway)
