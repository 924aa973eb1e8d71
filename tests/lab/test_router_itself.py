# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that end on the router itself are reset at once and begun anew; translated ones lose none."""

import socket

import pytest

from tests.lab import firewall
from tests.lab import network as lab
from tests.lab.agent_pair import Pair, agent_gateway, guarded, wait_armed
from tests.lab.flows import answers, connect, echo_server
from tests.lab.namespace import inside
from tests.lab.network import SERVICE, Network
from tests.lab.resets import Resets
from tests.lab.wait import holds_for

SSH, OTHER, HTTPS = 22, 8443, 443
BUDGET = 20


@pytest.fixture
def pair(network: Network) -> Pair:
    first, second = agent_gateway(network, families=(4, 6))
    wait_armed(second)
    return first, second


def take_over(network: Network, pair: Pair) -> None:
    network.power_cut("r1")
    pair[1].wait_state("active")


def wait_reset(talk: socket.socket) -> None:
    talk.settimeout(BUDGET)
    talk.sendall(b"still there?")
    with pytest.raises(ConnectionResetError):
        talk.recv(64)


@pytest.mark.parametrize("address", [lab.GATEWAY, lab.GATEWAY6])
def test_a_connection_to_the_virtual_address_is_reset_while_young_ones_are_guarded(
    network: Network, address: str
) -> None:
    # Before the standby is armed: it looks every ten seconds, and once more at the takeover.
    for router in network.routers.values():
        echo_server(router.namespace, SSH)
    pair = agent_gateway(network, families=(4, 6))
    wait_armed(pair[1])
    talk = connect(network.client, address, SSH)
    assert answers(talk)
    take_over(network, pair)
    wait_reset(talk)
    assert guarded(pair[1])
    assert answers(connect(network.client, address, SSH))


def test_whoever_began_to_listen_on_the_standby_later_counts_too(network: Network, pair: Pair) -> None:
    for router in network.routers.values():
        echo_server(router.namespace, SSH)
    talk = connect(network.client, lab.GATEWAY, SSH)
    assert answers(talk)
    take_over(network, pair)
    wait_reset(talk)
    assert guarded(pair[1])


def test_a_service_that_the_active_alone_runs_is_let_pass_once_it_listens(
    network: Network, pair: Pair
) -> None:
    echo_server(network["r1"].namespace, SSH)
    talk = connect(network.client, lab.GATEWAY, SSH)
    assert answers(talk)
    take_over(network, pair)
    echo_server(network["r2"].namespace, SSH)
    wait_reset(talk)
    assert guarded(pair[1]), "the guard's time was over"


def test_what_is_forwarded_from_a_port_where_the_router_listens_lives_on(
    network: Network, pair: Pair
) -> None:
    for router in network.routers.values():
        echo_server(router.namespace, firewall.FORWARDED_PORT)
    echo_server(network.client, firewall.FORWARDED_PORT)
    resets = Resets(network)
    pair[0].freeze_conntrackd()
    forwarded = connect(network.server, lab.UPLINK, firewall.FORWARDED_PORT)
    assert answers(forwarded)
    take_over(network, pair)
    assert answers(forwarded, timeout=BUDGET) and resets.by_sender() == {}


def test_an_answer_to_a_translated_connection_is_not_taken_for_the_routers(
    network: Network, pair: Pair
) -> None:
    for router in network.routers.values():
        echo_server(router.namespace, OTHER)
    with inside(network.server):
        listener = socket.create_server((SERVICE, HTTPS))
    resets = Resets(network)
    pair[0].freeze_conntrackd()
    with inside(network.client):
        # The port that the translation keeps is one where the routers listen.
        client = socket.create_connection((SERVICE, HTTPS), BUDGET, (lab.CLIENT, OTHER))
    server, (_address, port) = listener.accept()
    assert port == OTHER
    take_over(network, pair)
    server.sendall(b"from outside first")
    holds_for(lambda: resets.by_sender() == {}, 1, "nobody is refused")
    client.sendall(b"from inside")
    assert server.recv(64) == b"from inside"
    assert client.recv(64) == b"from outside first"
    assert resets.by_sender() == {}
