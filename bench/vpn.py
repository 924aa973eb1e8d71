# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN's clients after power cuts at the default settings: how soon all are back, and who is asked.

Every other one by UDP keeps its port, as a client does without `nobind`.
"""

import time
from collections.abc import Iterator

from bench import openvpn
from bench.table import Comparison, Figures
from tests.lab.network import Network
from tests.lab.openvpn_pair import PROTOCOLS, TCP, UDP, VpnClients, VpnNode, echoes, wait_known
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import wait_until

COUNT = 20
# What every client is to keep, in seconds.
MOST_S = {UDP: 3.0, TCP: 2.0}
# The default of `advert_interval`.
INTERVAL_MS = 1000
LONGEST_S = 100
WAYS = (
    ("called", True, "10 60"),
    ("keepalive 10 60", False, "10 60"),
    ("keepalive 1 4", False, "1 4"),
    ("keepalive 1 2", False, "1 2"),
)


def vpn_clients(runs: int) -> Iterator[Comparison]:
    """Cut the power under clients, half of the times while they are silent."""
    _need_openvpn()
    rows = {(protocol, silent): _row(protocol, silent) for protocol in PROTOCOLS for silent in (True, False)}
    asked = Comparison("asked for a password again, in all", "", most=0)
    for number in range(runs):
        for protocol in PROTOCOLS:
            silent = number % 2 == 0
            seconds, again = _cut(protocol, COUNT, silent)
            rows[protocol, silent].haven += seconds
            asked.haven.append(again)
    yield from (*[row for row in rows.values() if row.haven], asked)


def _need_openvpn() -> None:
    why_not = openvpn.missing()
    if why_not is not None:
        raise SystemExit(f"the bench of VPNs cannot run: {why_not}")


def _row(protocol: str, silent: bool) -> Comparison:
    who = "silent" if silent else "busy"
    return Comparison(f"{protocol.upper()}, {who} clients: back after", "s", most=MOST_S[protocol])


def vpn_ways(_runs: int) -> Iterator[Figures]:
    """Measure what else makes silent clients come back, one cut of each."""
    _need_openvpn()
    for protocol in PROTOCOLS:
        for name, calls, keepalive in WAYS:
            seconds, _again = _cut(protocol, COUNT, True, calls, keepalive)
            figures = Figures(f"{protocol.upper()}, {name}, the first and the last after, s")
            figures.add({"first": min(seconds), "last": max(seconds)})
            yield figures


def _cut(
    protocol: str, count: int, silent: bool, calls: bool = True, keepalive: str = "10 60"
) -> tuple[list[float], int]:
    """Return after how many seconds each client was back, and how many were asked for a password again."""

    class Node(VpnNode):
        pass

    Node.calls, Node.keepalive = calls, keepalive
    network = Network(2)
    try:
        first, second = pair(Node, network, interval_ms=INTERVAL_MS)
        join(first, second)
        echoes(network)
        wait_until(first.serves, 30, "r1 serves")
        clients = VpnClients(network, protocol, count)
        clients.wait_back(0, 60)
        if calls:
            wait_known(second, {protocol: count})
        wait_until(lambda: _detects_by(second) == "heartbeat", 60, "the answers are trusted")
        clients.quiet = silent
        # What was asked before has been answered.
        time.sleep(2)
        cut = network.power_cut("r1")
        # A client that says something hears of a reset by that, so one that is silent is not asked.
        back = (
            clients.wait_begun_anew(LONGEST_S) if silent else clients.wait_back_for_good(cut.ended, LONGEST_S)
        )
        return [(at - cut.began) / 1e9 for at in back], second.asked()
    finally:
        network.delete()


def _detects_by(node: VpnNode) -> str:
    return str((node.group()["detection"] or {}).get("by"))
