# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections live on through every kind of takeover, whatever their protocol and age."""

import pytest

from tests.lab import firewall
from tests.lab.agent_pair import Pair, Through, agent_gateway, wait_code
from tests.lab.flows import OldDatagrams, answers, connect, echo_server
from tests.lab.flows_ping import Ping
from tests.lab.namespace import Namespace
from tests.lab.network import SERVICE, SERVICE6, UPLINK, Network
from tests.lab.wait import holds_for, wait_until

# A copy that nobody renews runs out in this time, the flows are older, and they are renewed more often.
SHORT_S, AGE_S, RENEW_S = 6, 8, 1
TEN_S, STREAM = 10, "nf_conntrack_udp_timeout_stream"


@pytest.fixture
def pair(network: Network) -> Pair:
    first, second = agent_gateway(network)
    return first, second


def test_a_pulled_cable_costs_no_connection(network: Network, pair: Pair) -> None:
    through = Through(network, pair[1])
    network.cable_pull("r1", "lan")
    pair[1].wait_state("active")
    through.assert_all_live_on()


def test_a_switchover_and_another_right_after_it_cost_no_connection(network: Network, pair: Pair) -> None:
    first, second = pair
    through = Through(network, second)
    for old, new in ((first, second), (second, first), (first, second)):
        old.ask("switchover", group=None)
        new.wait_state("active")
        # The windows in the other's entries have stood still since then.
        through.wait_moving()
    through.assert_all_live_on()


def test_every_kind_of_flow_lives_on_after_a_power_cut_whatever_its_age(network: Network) -> None:
    _first, second = agent_gateway(
        network, renew_s=RENEW_S, udp_stream_timeout=SHORT_S, families=(4, 6), interval_ms=100
    )
    standby = second.router.namespace
    firewall.set_tracking(standby, tcp_timeout_established=SHORT_S, icmp_timeout=SHORT_S)
    through = Through(network, second)
    echo_server(network.client, firewall.FORWARDED_PORT)
    idle = connect(network.client, SERVICE)
    forwarded = connect(network.server, UPLINK, firewall.FORWARDED_PORT)
    six = connect(network.client, SERVICE6)
    datagrams, ping = OldDatagrams(network), Ping(network)
    assert all(answers(talk) for talk in (idle, forwarded, six)) and ping.answers()
    port = idle.getsockname()[1]
    wait_until(lambda: quiet_entries(standby, port) == 2, 10, "the standby has the quiet flows")
    holds_for(lambda: quiet_entries(standby, port) == 2, AGE_S, "the copies of quiet flows", interval=0.5)
    datagrams.rest()
    network.power_cut("r1")
    second.wait_state("active")
    # From outside first: only an entry tells where such a packet belongs.
    assert datagrams.reached_from_outside() == 20
    assert answers(forwarded, timeout=30)
    assert ping.reached_from_outside(UPLINK)
    assert [answers(talk, timeout=30) for talk in (idle, six)] == [True, True]
    through.assert_all_live_on()
    datagrams.close()
    ping.close()


def test_a_short_timeout_of_the_kernel_is_followed_and_one_that_is_set_too_long_is_named(
    network: Network,
) -> None:
    first, second = agent_gateway(network, renew_s=None, udp_stream_timeout=TEN_S)
    standby, datagrams = second.router.namespace, OldDatagrams(network)
    wait_until(lambda: quiet_entries(standby, 0) == 1, 10, "the standby has the flow")
    holds_for(lambda: quiet_entries(standby, 0) == 1, 1.5 * TEN_S, "the copy of the flow", interval=0.5)
    told = first.conntrack()
    assert (told["renew_ms"], told["timeout_name"], told["timeout_s"]) == (TEN_S * 1000 // 3, STREAM, TEN_S)
    datagrams.rest()
    network.power_cut("r1")
    second.wait_state("active")
    assert datagrams.reached_from_outside() == 20
    datagrams.close()
    second.renew_s = 20
    second.configure()
    second.cli("reload")
    said = wait_code(second, "conntrack-renew-long")
    assert said["facts"] == {
        "setting": STREAM,
        "node": "r2",
        "timeout_s": TEN_S,
        "renew_s": 20,
        "most_s": TEN_S // 3,
    }


def quiet_entries(standby: Namespace, port: int) -> int:
    """Count the entries of the datagrams and of the connection from a port of the client."""
    datagrams = firewall.flows(standby, "-p", "udp", "--orig-port-dst", "4500")
    return len(datagrams) + len(firewall.flows(standby, "-p", "tcp", "--orig-port-src", str(port)))
