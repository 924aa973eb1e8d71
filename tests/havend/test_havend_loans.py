# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent lends is taken with the group, renewed, given up, and left to whoever keeps it."""

import json
import subprocess
from collections.abc import Callable

import pytest

from haven.agent.netlink_steps import FOR_EVER
from haven.agent.wan.lease_steps import make_loan, make_way_out
from tests.havend.machines import Havend, Machine, cable, wait_until
from tests.havend.plans import lan

Pair = tuple[Machine, Machine]
FIRST, OTHER = "203.0.113.5", "203.0.113.9"


def loan(host: str = FIRST, is_kept: bool = False) -> dict:
    """Return what the agent makes of a lease."""
    route = {"target": "0.0.0.0/0", "via": "203.0.113.1"}
    lease = {"addresses": [f"{host}/24"], "prefixes": [], "routes": [route], "dns": [], "left_s": 60}
    return make_loan("wan", "lan", "wan", lease, is_kept)


@pytest.fixture
def made(pair: Pair, havend: Callable[..., Havend]) -> Callable[[int], Havend]:
    """Make a node with a WAN that has no address, of which the interval is told in ms."""
    cable(*pair, device="wan", net="198.51.100")
    pair[0].ip("address flush dev wan scope global")
    return lambda interval: havend(pair[0], lan(advert_interval=interval)).prepare().start()


@pytest.fixture
def node(made: Callable[[int], Havend]) -> Havend:
    """A node that is about to be Active, or is."""
    return made(100)


@pytest.fixture
def standby(made: Callable[[int], Havend]) -> Havend:
    """A node that is a Backup for some seconds yet."""
    return made(2000).until("backup")


def addresses(node: Havend) -> list[str]:
    return [each for each in node.machine.addresses("wan") if ":" not in each]


def lifetime(node: Havend) -> int:
    (link,) = _show(node, "-4", "address", "show", "dev", "wan")
    return int(link["addr_info"][0]["valid_life_time"])


def gateways(node: Havend) -> list[str]:
    return [each["gateway"] for each in _show(node, "route", "show", "default")]


def _show(node: Havend, *words: str) -> list[dict]:
    return json.loads(subprocess.check_output(["ip", "-n", node.machine.name, "-j", *words]) or "[]")


def tellers(node: Havend) -> int:
    """Count the sockets that send frames on the WAN."""
    (link,) = _show(node, "link", "show", "wan")
    argv = ["ip", "netns", "exec", node.machine.name, "cat", "/proc/net/packet"]
    rows = [line.split() for line in subprocess.check_output(argv, text=True).splitlines()[1:]]
    return [row[4] for row in rows].count(str(link["ifindex"]))


def lend(node: Havend, *loans: dict) -> None:
    answer = node.ask("lend", loans=list(loans))
    assert answer["ok"], answer


def test_a_loan_waits_for_the_takeover_and_goes_with_the_role(standby: Havend) -> None:
    node = standby
    lend(node, loan())
    assert addresses(node) == []
    node.until("active")
    wait_until(lambda: addresses(node) == [FIRST], "the address is there")
    assert gateways(node) == ["203.0.113.1"] and lifetime(node) <= 8
    assert node.stop() == 0
    assert addresses(node) == [] and gateways(node) == []


def test_a_loan_for_an_active_is_taken_at_once_and_its_end_takes_it_away(node: Havend) -> None:
    node.until("active")
    lend(node, loan())
    assert addresses(node) == [FIRST]
    lend(node)
    assert addresses(node) == [] and gateways(node) == []


def test_what_somebody_removes_is_put_back_by_the_renewal(node: Havend) -> None:
    node.until("active")
    lend(node, loan())
    node.machine.ip("address flush dev wan scope global")
    wait_until(lambda: addresses(node) == [FIRST], "the address is back", 10)


def test_the_link_is_told_and_the_gateway_is_asked(node: Havend, pair: Pair) -> None:
    node.until("active")
    pair[1].ip("address add 203.0.113.1/24 dev wan")
    lend(node, loan())

    def known() -> bool:
        argv = ["ip", "-n", pair[1].name, "-j", "neigh", "show", "dev", "wan"]
        return any(each["dst"] == FIRST for each in json.loads(subprocess.check_output(argv)))

    wait_until(known, "the gateway knows where the address is")
    # The kernel takes 10 ms and more to close what tells it, and the next packets would wait for that.
    assert tellers(node) == 1
    lend(node)
    assert tellers(node) == 1


def test_what_its_client_keeps_is_renewed_no_more_and_has_no_end(node: Havend) -> None:
    node.until("active")
    lend(node, loan())
    lend(node, loan(is_kept=True))
    assert lifetime(node) == FOR_EVER
    # As a client that lets it go on its own.
    node.machine.ip(f"address del {FIRST}/24 dev wan")
    node.ask("status")
    assert addresses(node) == []


def test_another_lease_takes_the_old_address_away_and_leaves_the_new_one(node: Havend) -> None:
    """The kernel removes with an address those that came to its network later."""
    node.until("active")
    lend(node, loan())
    node.machine.ip(f"address add {OTHER}/24 dev wan")
    lend(node, loan(OTHER, is_kept=True))
    assert addresses(node) == [OTHER] and gateways(node) == ["203.0.113.1"]
    assert lifetime(node) == FOR_EVER


def test_a_kept_loan_goes_with_the_role_whoever_has_put_its_route_there(node: Havend) -> None:
    node.until("active")
    lend(node, loan())
    node.machine.ip("route replace default via 203.0.113.1 dev wan proto static")
    lend(node, loan(is_kept=True))
    assert node.stop() == 0
    assert addresses(node) == [] and gateways(node) == []


def test_what_a_standby_has_goes_with_the_takeover(standby: Havend) -> None:
    node = standby
    lend(node, make_way_out("lan", "lan", "10.9.0.2"), loan())
    assert gateways(node) == ["10.9.0.2"]
    node.until("active")
    wait_until(lambda: gateways(node) == ["203.0.113.1"], "the Active goes its own way")
    assert node.stop() == 0
    assert gateways(node) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"takeover": [{}]},
        {"group": ""},
        {"announce": [{"device": "wan", "address": "x"}]},
        {"release": [{**loan()["release"][0], "octets": "00"}]},
    ],
)
def test_a_loan_that_is_none_is_refused_and_changes_nothing(node: Havend, wrong: dict) -> None:
    node.until("active")
    lend(node, loan())
    answer = node.ask("lend", loans=[{**loan(OTHER), **wrong}])
    assert answer["ok"] is False and answer["code"] == "request-wrong"
    assert node.ask("lend", loans=[loan(), loan()])["code"] == "request-wrong"
    assert addresses(node) == [FIRST]
