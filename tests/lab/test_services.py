# SPDX-License-Identifier: GPL-2.0-or-later
"""Services follow the role on real routers: power cuts, storms of switchovers, a service that is broken."""

import contextlib
import time

from tests.lab.agent_pair import codes
from tests.lab.haven_node import Refused
from tests.lab.network import Network
from tests.lab.pair import pair, wait_settled
from tests.lab.service_node import ServiceNode
from tests.lab.wait import holds_for, wait_until

# A router that is alone hands over to nobody, and would ask again ten seconds later.
BOTH_UP = "until [ -e ../../r2/run/havend.sock ]; do sleep 0.1; done; sleep 1; "
REQUIRED = "\toption required '1'\n"
BRIEFLY = "\toption start_timeout '1'\n"
PLAIN = (("first", "", ""), ("second", "", ""))
CHANGES, WITHIN_S = 50, 10.0


def service_pair(network: Network, *services: tuple[str, str, str], **more: object):
    """Return two routers that run these services by role, settled."""

    class Node(ServiceNode):
        pass

    Node.services = services
    nodes = pair(Node, network, **more)
    wait_settled(nodes)
    return nodes


def runs(node: ServiceNode, *names: str) -> bool:
    return all(node.service(name).get("is") == "running" for name in names)


def rests(node: ServiceNode, *names: str) -> bool:
    return all(node.service(name).get("is") == "stopped" for name in names)


def test_a_power_cut_takes_the_services_along(network: Network) -> None:
    first, second = service_pair(network, *PLAIN)
    wait_until(lambda: runs(first, "first", "second"), 10, "the Active runs them")
    wait_until(lambda: rests(second, "first", "second"), 10, "the other has them stopped")
    assert second.ran_at("first") == []
    cut_at = time.time_ns()
    network.power_cut("r1")
    wait_until(lambda: runs(second, "first", "second"), 10, "the next one runs them")
    # It runs when its start has ended, and writes that down a moment later.
    wait_until(lambda: second.ran_at("first"), 5, "it writes down that it runs")
    assert second.ran_at("first")[0] > cut_at
    assert second.told("first")[-1] == "active start"


def test_a_storm_of_switchovers_leaves_each_where_it_belongs(network: Network) -> None:
    slow, fails = ("slow", "sleep 0.3", ""), ("fails", "exit 1", "")
    first, second = nodes = service_pair(
        network, *PLAIN, slow, fails, ("hangs", "sleep 100", BRIEFLY), interval_ms=50
    )
    began = time.monotonic()
    for number in range(CHANGES):
        time.sleep(max(0.0, began + number * WITHIN_S / CHANGES - time.monotonic()))
        for node in nodes:
            if node.state() == "active":
                with contextlib.suppress(Refused):
                    node.ask("switchover", group="gateway")
                break
    active = wait_settled(nodes, 20)
    backup = second if active is first else first
    good = ("first", "second", "slow")
    wait_until(lambda: runs(active, *good), 20, "the Active runs what can run")
    wait_until(lambda: rests(backup, *good, "fails", "hangs"), 20, "nothing runs on the other")
    quiet_since = time.time_ns()
    holds_for(lambda: runs(active, *good) and rests(backup, *good), 0.5, "that is so")
    for name in good:
        wait_until(
            lambda name=name: active.ran_at(name)[-1:] > [quiet_since], 20, f"{name} runs on the Active"
        )
        assert not [at for at in backup.ran_at(name) if at > quiet_since]
        for node in nodes:
            told = [line.split()[1] for line in node.told(name) if line != "twice"]
            assert "twice" not in node.told(name)
            assert all(one != other for one, other in zip(told, told[1:], strict=False)), told
            assert {line for line in node.told(name) if "start" in line} <= {"active start"}
    assert [node.order_broken(good) for node in nodes] == [[], []]
    wait_until(lambda: codes(active) == {"service-failed"}, 20, "nothing else is the matter")


def test_a_required_service_that_is_broken_here_moves_the_group_once(network: Network) -> None:
    first, second = service_pair(network, ("vpn", f"[ $NODE != r1 ] || {{ {BOTH_UP}exit 1; }}", REQUIRED))
    wait_until(lambda: second.state() == "active", 20, "the other router has taken over")
    wait_until(lambda: runs(second, "vpn"), 10, "it runs there")
    holds_for(lambda: (first.state(), second.state()) == ("backup", "active"), 2, "it stays there")
    *_before, said = [each for each in first.events() if each["code"] == "service-handover"]
    assert said["facts"] == {"group": "gateway", "service": "vpn"}


def test_one_that_is_broken_on_both_does_not_go_to_and_fro(network: Network) -> None:
    """The first handover is at once, the next one waits; the hours are test_service_queue.py's."""
    first, second = service_pair(network, ("vpn", f"{BOTH_UP}exit 1", REQUIRED))
    wait_until(lambda: second.state() == "active", 20, "the first handover")
    wait_until(
        lambda: {"service-required", "service-held"} <= {each["code"] for each in second.problems()},
        10,
        "the second one waits, and says so",
    )
    holds_for(lambda: (first.state(), second.state()) == ("backup", "active"), 2, "it stays there")
