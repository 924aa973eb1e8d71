# SPDX-License-Identifier: GPL-2.0-or-later
"""BFD at 10 ms x 3 with FRR's bfdd and with BIRD: how soon a cut is known, what load does to it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.cost import cpu_percent
from bench.table import Figures
from tests.interop.bfd_peers import KINDS, THERE, BfdPeer
from tests.interop.keepalived import KeepalivedNode
from tests.lab.bfd_node import BfdHaven
from tests.lab.busy import LOOPS, busy_loops
from tests.lab.network import GATEWAY, Network
from tests.lab.wait import wait_until

INTERVAL_MS = 10
# Advertisements are no help at this interval.
ADVERT_MS = 1000
SETTLED_S = 5
# From the first steps of a cut to the announcement of the addresses.
LIMIT_MS = 40.0


class Detection(Figures):
    """Figures with a bound on how soon a cut is known."""

    def kept(self) -> bool:
        """Tell whether the slowest was in time."""
        return max(self.values["cut to announcement, ms"], default=LIMIT_MS + 1) <= LIMIT_MS


class Steadiness(Figures):
    """Figures with a bound on sessions that were lost."""

    def kept(self) -> bool:
        """Tell whether none was."""
        return not any(self.values["sessions lost"])


def bfd_sessions(runs: int, minutes: float) -> Iterator[Figures]:
    """Cut the power of an Active beside whose keepalived there is BFD; then watch a session under load."""
    for kind in [each for each in KINDS if THERE[each]]:
        found = Detection(f"{kind}, {runs} power cuts")
        for run in range(runs):
            found.add({"cut to announcement, ms": _detection_ms(kind, run / runs * INTERVAL_MS)})
        yield found
        spread = found.values["cut to announcement, ms"]
        yield Figures(f"{kind}, the extremes", {"least, ms": [min(spread)], "most, ms": [max(spread)]})
        steady = Steadiness(f"{kind}, {LOOPS} busy loops, {minutes:g} min")
        steady.add(_steadiness(kind, minutes))
        yield steady


@contextmanager
def _watching(kind: str) -> Iterator[tuple[Network, BfdHaven, BfdPeer]]:
    """Give a standby with a session to the Active, which is a keepalived with the other program beside it."""
    network = Network(2)
    try:
        active = KeepalivedNode(network, "r1", priority=200, segments=("lan",), interval_ms=ADVERT_MS)
        peer = KINDS[kind](network, "r1", "r2", interval_ms=INTERVAL_MS)
        options = {"interval_ms": ADVERT_MS, "segments": ("lan",), "group_more": {"heartbeat": 0}}
        haven = BfdHaven(network, "r2", bfd_ms=INTERVAL_MS, **options)
        active.start().wait_state("active")
        peer.start()
        peer.be_realtime()
        haven.start().wait_state("backup")
        wait_until(lambda: haven.group()["detection"]["by"] == "bfd", 30, "a failure would be known by BFD")
        yield network, haven, peer
    finally:
        network.delete()


def _detection_ms(kind: str, later_ms: float) -> float:
    with _watching(kind) as (network, haven, _peer):
        capture = network.capture("lan")
        # At any moment between two packets.
        time.sleep(0.5 + later_ms / 1000)
        fault = network.power_cut("r1")
        haven.wait_state("active")
        assert haven.group()["last_transition"]["reason"] == "session", haven.log_tail()

        def announced() -> list[int]:
            return [each.at for each in capture.gratuitous_arps(GATEWAY, fault.began) if each.sender == "r2"]

        wait_until(announced, 10, "the addresses are announced")
        return (min(announced()) - fault.began) / 1e6


def _steadiness(kind: str, minutes: float) -> dict[str, float]:
    with _watching(kind) as (_network, haven, _peer):
        # BIRD begins anew once, a moment after its first session is up.
        time.sleep(SETTLED_S)
        before = haven.session()
        events = len(haven.events())
        with busy_loops():
            cpu = cpu_percent([haven.status()["pid"]], 60 * minutes)
        more = [each for each in haven.events()[events:] if each["kind"] in ("bfd", "transition")]
        lost = [each for each in more if each["code"] != "bfd-up"]
        after = haven.session()
        return {
            "sessions lost": len(lost),
            "sent": after["sent"] - before["sent"],
            "received": after["received"] - before["received"],
            "haven, % of a core": cpu[0],
        }
