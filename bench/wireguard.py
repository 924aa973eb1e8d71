# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a tunnel of WireGuard is away, each way, after a power cut and after a switchover."""

import contextlib
import time
from collections.abc import Iterator

from bench.cost import pss_kb
from bench.table import Comparison, Figures
from tests.lab.network import Network
from tests.lab.tunnelled import TunnelNode, active_since, both_ways, kernel_has_wireguard, tunnelled_pair

# From the moment in which the other router is Active.
LIMIT_S = 1.0
# After that the site calls by itself; whoever is not called waits as long.
BUDGET_S = 30
WAYS = ("to the site", "from the site")


def tunnels(runs: int) -> Iterator[Comparison | Figures]:
    """Cut the power of the router that has the tunnel, and hand over; yield when data flows again."""
    is_in_kernel = kernel_has_wireguard()
    by = "kernel" if is_in_kernel else "wireguard-go"
    cost = Figures("haven-agent with a tunnel, PSS in MB")
    for event in ("power cut", "switchover"):
        out, back = (Comparison(f"{event}: data {way} after, {by}", "s", most=LIMIT_S) for way in WAYS)
        away = Figures(f"{event}: nothing came through for, s")
        for _ in range(runs):
            _run(event, is_in_kernel, (out, back), away, cost)
        yield from (out, back, away)
    yield cost


def _run(
    event: str, is_in_kernel: bool, rows: tuple[Comparison, Comparison], away: Figures, cost: Figures
) -> None:
    with _pair(is_in_kernel) as (network, first, second), both_ways(network) as probes:
        assert second.agent is not None
        cost.add({"standby": pss_kb(second.agent.pid) / 1000})
        # A host that has just asked for its gateway does not believe another answer for a second.
        time.sleep(2)
        if event == "power cut":
            network.power_cut("r1")
        else:
            first.ask("switchover", group=None)
        second.wait_state("active")
        for probe in probes:
            probe.wait_service(BUDGET_S)
        # What is lost after the first word that comes through counts, too.
        time.sleep(2)
        began = active_since(second)
        for row, probe in zip(rows, probes, strict=True):
            ends = [gap.ended for gap in probe.result().gaps if gap.ended > began and gap.lost > 1]
            row.haven.append(max(0.0, (max(ends, default=began) - began) / 1e9))
        gaps = {way: probe.result().longest_gap_ms / 1000 for way, probe in zip(WAYS, probes, strict=True)}
        away.add(gaps)


@contextlib.contextmanager
def _pair(is_in_kernel: bool) -> Iterator[tuple[Network, TunnelNode, TunnelNode]]:
    network = Network(2)
    try:
        _site, first, second = tunnelled_pair(network, is_in_kernel)
        yield network, first, second
    except BaseException:
        print(network.story())
        raise
    finally:
        network.delete()
