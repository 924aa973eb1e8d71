# SPDX-License-Identifier: GPL-2.0-or-later
"""A dead provider behind a living link: whoever reaches it has the gateway; where nobody does, it stays."""

import subprocess

from tests.lab.agent_pair import codes, wait_code
from tests.lab.network import SERVER, SERVER6, Network
from tests.lab.tracking_node import INTERVAL_MS, PROVIDER, Section, TrackingNode, tracking_pair
from tests.lab.wait import holds_for, now_ns, wait_until

# A program takes its time to begin.
SLOWER = {"interval": 700, "timeout": 700}
PING: Section = ("track_script", "ping", {"command": f"/usr/bin/ping -c 1 -W 0.5 {SERVER}", **SLOWER})


def moves(*nodes: TrackingNode) -> list[int]:
    """Count the transitions of nodes."""
    return [sum(event["kind"] == "transition" for event in node.events()) for node in nodes]


def test_a_dead_provider_moves_the_gateway_and_an_agent_that_dies_does_not(network: Network) -> None:
    first, second = tracking_pair(network, PROVIDER, PING)
    lost = network.lose_host("r1", "wan")
    second.wait_state("active", budget=10)
    took_ms = (now_ns() - lost.began) / 1e6
    print(f"moved after {took_ms:.0f} ms, {took_ms / INTERVAL_MS:.1f} intervals")
    first.wait_state("backup")
    for name in ("provider", "ping"):
        assert first.wait_check("down", name)["error"]
    assert {"priority-lowered", "check-failed"} <= codes(first)
    failed = [event["facts"]["check"] for event in first.events() if event["code"] == "check-down"]
    assert sorted(failed) == ["ping", "provider"]
    assert "Check provider" in first.cli("status")
    first.kill_agent()
    wait_code(first, "agent-silent")
    # Its last verdict holds: the priority stays low, with the provider back as well.
    network.heal()
    holds_for(lambda: first.verdict() is False and second.state() == "active", 1, "the last verdict holds")
    first.start_agent()
    for name in ("provider", "ping"):
        first.wait_check("up", name)
    # Without preempt it stays where it is.
    holds_for(lambda: second.state() == "active", 1, "r2 keeps the gateway")
    assert moves(second) == [2]


def test_nobody_moves_where_nobody_reaches_the_provider_and_the_first_who_does_has_it(
    network: Network,
) -> None:
    first, second = tracking_pair(network, preempt=True)
    before = moves(first, second)
    network.lose_host("r2", "wan")
    second.wait_check("down")
    network.lose_host("r1", "wan")
    first.wait_check("down")
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 1, "nobody moves")
    assert moves(first, second) == before
    network.heal()
    network.lose_host("r1", "wan")
    second.wait_check("up")
    second.wait_state("active")
    first.wait_state("backup")
    network.heal()
    first.wait_check("up")
    first.wait_state("active")
    second.wait_state("backup")
    wanted = [count + 2 for count in before]
    holds_for(lambda: moves(first, second) == wanted, 1, "no flapping")


def test_every_kind_is_answered_on_the_active_and_on_the_backup(network: Network) -> None:
    # A name server that knows nothing: that there is no such name is an answer.
    names = ("--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--user=root")
    here = ("--port=53", "--bind-interfaces", f"--listen-address={SERVER}")
    network.server.spawn(["dnsmasq", *names, *here], subprocess.DEVNULL)
    checks = [
        ("track_host", kind, {"address": address, "kind": kind, "device": "wan", **more})
        for kind, address, more in (
            ("icmp", SERVER, {}),
            ("arp", SERVER, {}),
            ("ns", SERVER6, {}),
            ("dns", SERVER, {"query": "nowhere.example"}),
        )
    ]
    nodes = tracking_pair(network, *checks, ("track_host", "icmp6", {"address": SERVER6, "device": "wan"}))
    for node in nodes:
        for _type, name, _options in node.checks:
            wait_until(lambda name=name, node=node: node.check(name)["latency_ms"], 10, f"{name} is answered")
            assert node.check(name)["kind"] == name.rstrip("6")


def test_a_backup_without_an_address_of_the_network_asks_by_arp(network: Network) -> None:
    for name, router in network.routers.items():
        # VRRP speaks from a private address; the provider's network has the virtual address alone.
        router.namespace.ip(
            f"address del {router.address('wan')}/24 dev wan", f"address add 192.168.254.{name[1]}/24 dev wan"
        )
    first, second = tracking_pair(network)
    wait_until(lambda: first.check()["kind"] == "icmp", 10, "the Active asks from the virtual address")
    wait_until(lambda: second.check()["kind"] == "arp", 10, "the other one asks by ARP")
    network.lose_host("r1", "wan")
    second.wait_state("active")
    wait_until(lambda: second.check()["kind"] == "icmp", 10, "the new Active has the address")
    first.wait_check("down")
    network.heal()
    first.wait_check("up")
    wait_until(lambda: first.check()["kind"] == "arp", 10, "it asks by ARP again")
