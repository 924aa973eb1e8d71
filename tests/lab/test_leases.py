# SPDX-License-Identifier: GPL-2.0-or-later
"""DHCP leases are at the other router before the client has them, and outlive every death."""

import time
from statistics import median

import pytest

from tests.lab.dhcp import Clients, DhcpNode
from tests.lab.network import SEGMENTS, Network
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import now_ns, wait_until

Both = tuple[DhcpNode, DhcpNode]


@pytest.fixture
def both(network: Network) -> Both:
    first, second = pair(DhcpNode, network)
    join(first, second)
    wait_until(lambda: first.serves() and first.leases()["holds"], 30, "r1 serves and holds")
    return first, second


def test_a_power_cut_amid_two_hundred_clients(network: Network, both: Both) -> None:
    first, second = both
    clients = Clients(network, 200, rate=100)
    clients.wait_bound(100)
    cut = network.power_cut("r1")
    second.wait_state("active")
    bound = clients.wait_bound(200)
    assert clients.doubles() == {} and clients.moved() == {}
    before = [each for each in clients.acks() if each["at"] < cut.began]
    assert {each["by"] for each in before} == {first.router.address("lan")}, "a standby has answered"
    print(f"an ACK came after {median(each['waited_ms'] for each in before):.1f} ms in the median")
    again = renewed(clients, 200)
    assert {mac: each["ack"] for mac, each in again.items()} == {
        mac: each["ack"] for mac, each in bound.items()
    }
    lines = second.lease_file()
    assert {mac: lines[each["ack"]][1::2] for mac, each in bound.items()} == {
        mac: [mac, each["name"]] for mac, each in bound.items()
    }


def clashes(node: DhcpNode) -> list[dict]:
    """Tell the clashes that a router names."""
    return [each for each in node.problems() if each["code"] == "lease-clash"]


def test_a_lease_of_a_split_is_decided_at_the_heal(network: Network, both: Both) -> None:
    first, second = both
    clients = Clients(network, 3)
    bound = clients.wait_bound(3)
    for segment in SEGMENTS:
        network.split(segment)
    wait_until(lambda: second.serves() and first.serves(), 30, "both serve")
    # Whose word comes first is chance; what one router has given, the other one gives again.
    address, older, newer = "10.77.0.40", "02:aa:00:00:00:01", "02:aa:00:00:00:02"
    known = first.leases()["known"]
    first.gives(address, older, "older")
    wait_until(lambda: first.leases()["known"] > known, 20, "r1 has found it")
    time.sleep(2)
    second.gives(address, newer, "newer")
    network.heal()
    wait_until(lambda: first.lease_file().get(address, [""] * 5)[1] == newer, 40, "the newer one keeps it")
    # Whoever finds it while it serves settles it, and says so.
    said = wait_until(lambda: clashes(first) + clashes(second), 20, "one of them names the clash")
    assert said[0]["facts"] == {
        "address": address,
        "winner": f"newer ({newer})",
        "loser": f"older ({older})",
    }
    assert {first.state(), second.state()} == {"active", "backup"} and not second.serves()
    first.cli("switchover")
    wait_until(lambda: second.serves() and not first.serves(), 20, "the other one serves")
    assert second.lease_file()[address][1] == newer
    assert addresses(renewed(clients, 3)) == addresses(bound)


def test_what_was_given_alone_outlives_a_reboot(network: Network, both: Both) -> None:
    first, _second = both
    clients = Clients(network, 5)
    clients.wait_bound(5)
    network.power_cut("r2")
    longest = longest_wait(clients, 50)
    print(f"with the other router dead a client waited {longest:.0f} ms at most")
    # A busy machine lets one ask again; who waits for a dead router would do so for ever.
    assert longest < 30_000
    bound = clients.wait_bound(55)
    first.stop_agent()
    first.stop()
    first.forget_memory()
    first.start()
    wait_until(first.serves, 40, "it serves")
    assert addresses(renewed(clients, 55)) == addresses(bound)
    assert {each[3] for each in first.lease_file().values()} == {each["name"] for each in bound.values()}


def test_a_folder_of_anybodys_in_tmp_does_not_keep_the_leases_from_the_server(
    network: Network, both: Both
) -> None:
    _first, second = both
    # It runs on a standby, and is not asked.
    second.router.namespace.run(str(second.root / "etc/init.d/dnsmasq"), "start")
    clients = Clients(network, 5)
    bound = clients.wait_bound(5)
    # As on OpenWrt: everybody may put something there, and take away nothing of another's.
    folder = second.root / "tmp"
    folder.chmod(0o1777)
    for each in (network.folder, second.folder, second.root):
        each.chmod(0o711)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    second.router.namespace.run(*nobody, "mkdir", str(folder / "dhcp.leases.haven"))
    network.power_cut("r1")
    second.wait_state("active")
    wait_until(second.serves, 30, "r2 serves")
    assert set(second.lease_file()) == set(addresses(bound).values())


def renewed(clients: Clients, count: int) -> dict[str, dict]:
    """Let all ask for what they have; return what each has heard."""
    since = now_ns()
    clients.tell("renew")
    return clients.wait_bound(count, since=since)


def addresses(heard: dict[str, dict]) -> dict[str, str]:
    """Return who has which address."""
    return {mac: each["ack"] for mac, each in heard.items()}


def longest_wait(clients: Clients, more: int) -> float:
    """Let some more clients ask; return how long one of them has waited for its ACK, in ms."""
    since, before = now_ns(), {each["mac"] for each in clients.acks()}
    clients.tell(f"ask {more}")
    wait_until(lambda: len(clients.acks(since)) >= more, 60, f"{more} more clients have a lease")
    return max(each["waited_ms"] for each in clients.acks(since) if each["mac"] not in before)
