# SPDX-License-Identifier: GPL-2.0-or-later
"""A link that two routers protect with a secret: nothing is read on the wire, and nothing forged is believed.

It takes a kernel with WireGuard, which not every machine has that the tests run on.
"""

import subprocess
from collections.abc import Iterator

import pytest

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import wait_code, wait_no_problem
from tests.lab.flows import connect, echo_server
from tests.lab.haven_node import HavenNode
from tests.lab.namespace import Namespace
from tests.lab.network import SERVICE, Network
from tests.lab.wait import wait_until

SECRET = "a secret of forty characters, all of them"
ANOTHER = SECRET.upper()
# Where protected datagrams go, and where unprotected ones would.
WIREGUARD, CLEAR = 3782, (3780, 3781)


def has_wireguard() -> bool:
    """Tell whether the kernel and the tool are here."""
    place = Namespace("wg", 99)
    try:
        place.ip("link add try type wireguard")
        return bool(place.run("wg", "show", "try"))
    except RuntimeError:
        return False
    finally:
        place.delete()


@pytest.fixture
def network(build) -> Iterator[Network]:
    """Two routers with a firewall, if they can have a protected link."""
    made = build()
    if not has_wireguard():
        pytest.skip("no WireGuard here")
    for router in made.routers.values():
        firewall.set_up(router)
    echo_server(made.server)
    yield made


class Patient(AgentNode):
    """A node on a machine that has WireGuard because it is emulated, and is slow for the same reason."""

    def start(self) -> "Patient":
        HavenNode.start(self)
        wait_until((self.run_dir / "havend.sock").exists, 120, f"havend on {self.name} listens")
        self.start_agent()
        return self


def node(network: Network, name: str, secret: str, **more: int) -> Patient:
    made = Patient(network, name, **more)
    made.conntrack_more = f"\toption protect '{secret}'\n"
    made.configure()
    return made


def ports_on_the_wire(network: Network, seconds: int) -> set[int]:
    """Tell which UDP ports datagrams go to between the routers in a while."""
    argv = ["timeout", str(seconds), "tcpdump", "-l", "-n", "-q", "-i", "sync", "udp"]
    process = network["r1"].namespace.spawn(argv, stdout=subprocess.PIPE)
    assert process.stdout is not None
    lines = process.stdout.read().decode().splitlines()
    return {int(line.split("> ")[1].split(":")[0].rpartition(".")[2]) for line in lines if " > " in line}


def test_connections_are_copied_and_nothing_goes_in_clear(network: Network) -> None:
    first = node(network, "r1", SECRET, priority=200).start().wait_state("active", 60)
    second = node(network, "r2", SECRET).start().wait_state("backup", 60)
    second.wait_in_sync(90)
    talk = connect(network.client, SERVICE)
    wait_until(lambda: second.conntrack().get("injected"), 30, "the connection is copied")
    assert ports_on_the_wire(network, 5) == {WIREGUARD}
    wait_no_problem(first, 120)
    # The other still has the keys of before the restart.
    second.stop()
    wait_until(lambda: "haven-sync" not in devices(network, "r2"), 60, "the link is away")
    second.start().wait_state("backup", 60)
    second.wait_in_sync(120)
    wait_no_problem(second, 120)
    assert talk is not None


def test_another_secret_is_nobody(network: Network) -> None:
    first = node(network, "r1", SECRET, priority=200).start().wait_state("active", 60)
    second = node(network, "r2", ANOTHER).start().wait_state("backup", 60)
    for each in (first, second):
        wait_code(each, "conntrack-peer-silent", 60)
    assert second.conntrack()["in_sync"] is False
    second.conntrack_more = f"\toption protect '{SECRET}'\n"
    second.configure()
    second.cli("reload")
    second.wait_in_sync(120)


def test_the_link_goes_with_the_secret(network: Network) -> None:
    first = node(network, "r1", SECRET, priority=200).start().wait_state("active", 60)
    wait_until(lambda: "haven-sync" in devices(network), 30, "it is there")
    first.conntrack_more = ""
    first.configure()
    first.cli("reload")
    wait_until(lambda: "haven-sync" not in devices(network), 30, "it is gone")


def devices(network: Network, name: str = "r1") -> list[str]:
    """Name the devices of a router."""
    return [link["ifname"] for link in network[name].namespace.ip_json("link")]
