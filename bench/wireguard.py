# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a tunnel of WireGuard is away, each way, after a power cut and after a switchover."""

import contextlib
import time
from collections.abc import Iterator

from bench.cost import pss_kb
from bench.table import Comparison, Figures
from tests.lab.netifd_tunnel import NetifdTunnelNode
from tests.lab.network import Network
from tests.lab.tunnelled import TunnelNode, active_since, both_ways, kernel_has_wireguard, tunnelled_pair
from tests.lab.wait import wait_until

# From the moment in which the other router is Active.
LIMIT_S = 1.0
# After that the site calls by itself; whoever is not called waits as long.
BUDGET_S = 30
WAYS = ("to the site", "from the site")


def tunnels(runs: int) -> Iterator[Comparison | Figures]:
    """Hand over, and cut the power of the router that has the tunnel; yield when data flows again."""
    is_in_kernel = kernel_has_wireguard()
    yield from _moved(runs, is_in_kernel, TunnelNode, "kernel" if is_in_kernel else "wireguard-go")


def netifd_tunnels(runs: int) -> Iterator[Comparison | Figures]:
    """The same with an interface of netifd's, which is the kernel's."""
    if not kernel_has_wireguard():
        raise SystemExit("this kernel has no WireGuard: run the bench on one that has")
    yield from _moved(runs, True, NetifdTunnelNode, "netifd")


def _moved(runs: int, is_in_kernel: bool, kind: type[TunnelNode], by: str) -> Iterator[Comparison | Figures]:
    cost = Figures("haven-agent with a tunnel, PSS in MB")
    events = {event: TunnelMove(event, by) for event in ("switchover", "power cut")}
    for _ in range(runs):
        with _pair(is_in_kernel, kind) as (network, first, second):
            assert second.agent is not None
            cost.add({"standby": pss_kb(second.agent.pid) / 1000})
            for event, (old, new) in zip(events.values(), ((first, second), (second, first)), strict=True):
                event.happens(network, old, new)
                wait_until(lambda new=new, old=old: _follows(new, old), 30, "the tunnel has moved")
    for event in events.values():
        yield from (*event.ways, event.away)
    yield cost


class TunnelMove:
    """What happened so many times: a power cut or a switchover, and its rows."""

    def __init__(self, what: str, by: str) -> None:
        self.what = what
        self.ways = [Comparison(f"{what}: data {way} after, {by}", "s", most=LIMIT_S) for way in WAYS]
        self.away = Figures(f"{what}: nothing came through for, s")

    def happens(self, network: Network, old: TunnelNode, new: TunnelNode) -> None:
        """Let it happen to the Active, and add what it has cost."""
        with both_ways(network) as probes:
            # A host that has just asked for its gateway does not believe another answer for a second.
            time.sleep(2)
            if self.what == "power cut":
                network.power_cut(old.name)
            else:
                old.ask("switchover", budget=20, group=None)
            new.wait_state("active")
            for probe in probes:
                probe.wait_service(BUDGET_S)
            # What is lost after the first word that comes through counts, too.
            time.sleep(2)
            began, results = active_since(new), [probe.result() for probe in probes]
        for row, result in zip(self.ways, results, strict=True):
            ends = [gap.ended for gap in result.gaps if gap.ended > began and gap.lost > 1]
            row.haven.append(max(0.0, (max(ends, default=began) - began) / 1e9))
        self.away.add({way: result.longest_gap_ms / 1000 for way, result in zip(WAYS, results, strict=True)})


def _follows(new: TunnelNode, old: TunnelNode) -> bool:
    """Tell whether a standby knows where the peer is; one that is dead knows nothing more."""
    return not old.running or old.told().get("known") == new.told().get("known") == 1


@contextlib.contextmanager
def _pair(is_in_kernel: bool, kind: type[TunnelNode]) -> Iterator[tuple[Network, TunnelNode, TunnelNode]]:
    network = Network(2)
    try:
        _site, first, second = tunnelled_pair(network, is_in_kernel, kind)
        yield network, first, second
    except BaseException:
        print(network.story())
        raise
    finally:
        network.delete()
