# SPDX-License-Identifier: GPL-2.0-or-later
"""What a WAN by DHCP costs at a takeover, beside one with fixed addresses in the same run."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

from bench.nodes import HavenAgent
from bench.outage import wait_for_advert
from tests.lab import firewall, flows
from tests.lab.dialled import RELEASE, DhcpProvider, LineCapture, NakProvider, dialled_pair
from tests.lab.flows import Busy
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.pair import pair
from tests.lab.wait import now_ns, wait_until

COUNT = 200
EVENTS = ("power cut", "switchover")
# The provider: as it comes; one that answers late; one that says no first, and then gives the same again.
SERVERS: dict[str, Callable[[Network], object]] = {
    "dnsmasq": DhcpProvider,
    "slow": lambda network: DhcpProvider(network, "--dhcp-reply-delay=5"),
    "NAK": NakProvider,
}
AFTERMATH_S = 7
BOUND = 1.1
# What one lost datagram of the probe looks like: a switchover may lose none.
GRAIN_MS = 2


@dataclass
class Beside:
    """The outage and the fates of connections by DHCP, beside fixed addresses."""

    what: str
    fixed_ms: list[float] = field(default_factory=list)
    leased_ms: list[float] = field(default_factory=list)
    alive: list[int] = field(default_factory=list)
    overlaps: int = 0

    @property
    def ratio(self) -> str:
        """Return the median outage by DHCP over that with fixed addresses, where that lost anything."""
        fixed = median(self.fixed_ms)
        return f"{median(self.leased_ms) / fixed:5.2f}" if fixed else "    -"

    def _is_as_short(self) -> bool:
        fixed = median(self.fixed_ms)
        return median(self.leased_ms) <= max(BOUND * fixed, fixed + GRAIN_MS)

    def kept(self) -> bool:
        """Tell whether every connection lived, nobody spoke out of turn, and the outage is as short."""
        return self._is_as_short() and min(self.alive) == COUNT and self.overlaps == 0

    def row(self) -> str:
        """Return the line."""
        told = [f"{self.what:<28}", f"{median(self.fixed_ms):8.1f}", f"{median(self.leased_ms):8.1f}"]
        told += [self.ratio, f"{min(self.alive)} of {COUNT}", f"{self.overlaps} overlaps"]
        return " | ".join([*told, "ok" if self.kept() else "MISSED"])

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        names = f"{'outage in ms, medians':<28} | {'fixed':>8} | {'by DHCP':>8} | ratio"
        return f"{names} | connections that lived | two clients at work"


def leased(runs: int) -> Iterator[Beside]:
    """Let each event happen with each provider, in turn with a WAN of fixed addresses."""
    for event in EVENTS:
        for server, provide in SERVERS.items():
            row = Beside(f"{event}, {server}")
            for _ in range(runs):
                row.fixed_ms.append(_fixed(event))
                outage, alive, overlaps = _leased(event, provide)
                row.leased_ms.append(outage)
                row.alive.append(alive)
                row.overlaps += overlaps
            yield row


def _fixed(event: str) -> float:
    with _network() as network:
        for router in network.routers.values():
            firewall.set_up(router)
        first, second = pair(HavenAgent, network)
        first.wait_synced(second)
        flows.echo_server(network.server)
        return _suffer(network, first, second, event)[0]


def _leased(event: str, provide: Callable[[Network], object]) -> tuple[float, int, int]:
    with _network() as network:
        provide(network)
        capture = LineCapture(network)
        first, second = dialled_pair(network)
        outage, alive = _suffer(network, first, second, event)
        second.wait_wan("up")
        turns = capture.changes_of_hands()
        released = any(word.kind == RELEASE for word in capture.words())
        # Each router speaks in one turn, and the one that is not Active any more never again.
        return outage, alive, int(turns != ["r1", "r2"]) + int(released)


@contextlib.contextmanager
def _network() -> Iterator[Network]:
    network = Network(2)
    try:
        yield network
    except BaseException:
        print(network.story())
        raise
    finally:
        network.delete()


def _suffer(network: Network, first: Node, second: Node, event: str) -> tuple[float, int]:
    busy = Busy(network, COUNT)
    time.sleep(1)
    capture, probe = network.capture("lan"), network.probe()
    probe.wait_service()
    wait_for_advert(capture)
    if event == "power cut":
        network.power_cut("r1")
    else:
        first.ask("switchover", group=None)
    second.wait_state("active")
    back = probe.wait_service()
    end = back + AFTERMATH_S * 1_000_000_000
    wait_until(lambda: now_ns() > end, AFTERMATH_S + 5, "the aftermath is over")
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: busy.moving_since(end) + busy.ended() == COUNT, 5, "who lives moves")
    return probe.stop().longest_gap_ms, busy.fates(end).alive
