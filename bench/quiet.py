# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of connections on which nothing is said, when the power goes: older than a copy's timeout."""

import socket
import time
from collections.abc import Iterator

from bench.nodes import HavenAgent, Stock
from bench.pair import PROGRAMS
from bench.table import Comparison
from bench.world import World, world
from tests.lab import firewall, flows
from tests.lab.network import SERVICE, SERVICE6, UPLINK

# A copy that nobody renews runs out in this time, and the flow is older; haven renews it more often.
STREAM_TIMEOUT_S, AGE_S, RENEW_S = 6, 9, 2
DATAGRAMS = 20


class OftenHaven(HavenAgent):
    """haven that renews as often as the short timeout asks for."""

    renew_s = RENEW_S


KINDS = {"haven": OftenHaven, "keepalived": Stock}


def quiet_connections(runs: int) -> Iterator[Comparison]:
    """Cut the power under quiet connections, and let the outside speak first."""
    rows = {
        "single": Comparison("power cut: idle, forwarded, IPv6: lost of 3", "", most=0),
        "datagrams": Comparison(f"power cut: old UDP flow: lost of {DATAGRAMS}", "", most=0),
        "refusals": Comparison("power cut: routers' resets, errors", "", most=0),
    }
    for _ in range(runs):
        for program in PROGRAMS:
            with world(KINDS[program], families=(4, 6), stream_timeout_s=STREAM_TIMEOUT_S) as made:
                for key, value in _suffer(made).items():
                    rows[key].of(program).append(value)
    yield from rows.values()


def _suffer(made: World) -> dict[str, float]:
    quiet, old = _quiet(made), flows.OldDatagrams(made.network)
    time.sleep(AGE_S)
    old.rest()
    made.happen("power cut")
    # From outside first: only an entry tells where such a packet belongs.
    datagrams = DATAGRAMS - old.reached_from_outside(DATAGRAMS)
    lost = sum(1 for talk in quiet if not flows.answers(talk))
    return {"single": lost, "datagrams": datagrams, "refusals": made.refusals()}


def _quiet(made: World) -> list[socket.socket]:
    network = made.network
    flows.echo_server(network.client, firewall.FORWARDED_PORT)
    return [
        flows.connect(network.server, UPLINK, firewall.FORWARDED_PORT),
        flows.connect(network.client, SERVICE),
        flows.connect(network.client, SERVICE6),
    ]
