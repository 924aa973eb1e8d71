# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers from their factory state behind a provider that gives one address: the Active alone dials."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.lab.factory_router import FactoryRouter, short_folder
from tests.lab.namespace import Namespace, lab_number
from tests.lab.test_setup_pair import LAN_OF_ONE, asked, connect, waits_until_active, waits_until_well
from tests.lab.wait import wait_until

LEASE = "198.51.100.50"


@pytest.fixture
def pair(lab: None) -> Iterator[list[FactoryRouter]]:
    """Two routers whose ports 'wan' are on one switch of the provider's."""
    number = lab_number()
    switch = Namespace("sw", number)
    with short_folder() as folder:
        routers = [FactoryRouter(folder / word, word, number, network=LAN_OF_ONE) for word in ("r1", "r2")]
        try:
            switch.ip("link add provider type bridge", "link set provider up")
            for router in routers:
                port = f"w{router.namespace.word}"
                router.namespace.ip(f"link add wan type veth peer name {port} netns {switch.name}")
                switch.ip(f"link set {port} master provider up")
                router.namespace.ip("link set wan up")
            connect(routers, switch)
            yield routers
        finally:
            for router in routers:
                router.print_logs()
                router.namespace.delete()
            switch.delete()


def wan_of(router: FactoryRouter) -> dict:
    """Return what a router says of its WAN."""
    told = json.loads(asked(router, "status", "--json")).get("wan", {}).get("wans", [])
    return next((each for each in told if each["interface"] == "wan"), {})


def mac_of(router: FactoryRouter) -> str:
    """Return the MAC address that the provider sees."""
    (link,) = router.namespace.ip_json("link", "show", "dev", "wan")
    return str(link["address"])


def test_four_commands_make_one_customer_of_two_routers(pair: list[FactoryRouter]):
    first, second = pair
    before, other = mac_of(first), mac_of(second)
    assert before != other and LEASE in first.addresses("wan") and LEASE in second.addresses("wan")
    assert first.setup("--yes", "--answers", "-", stdin='{"sync": "eth7"}').returncode == 0
    assert first.setup("--confirm").returncode == 0
    waits_until_active(first)
    wait_until(lambda: wan_of(first).get("state") == "up", 30, "the first has its WAN")
    shown = json.loads(asked(first, "pair", "--json"))
    asked(second, "join", "--yes", shown["code"])
    switch = first.namespace.name.replace("r1", "sw")
    subprocess.run(["ip", "-n", switch, "link", "set", "r2", "master", "lan"], check=True)
    said = [waits_until_well(router) for router in pair]
    assert [text.startswith("All is well: ") for text in said] == [True, True], said
    assert [mac_of(router) for router in pair] == [before, before]
    wait_until(lambda: wan_of(second).get("state") == "down", 20, "the second has none")
    wait_until(lambda: bool(wan_of(second).get("lease")), 20, "the second could go on with the lease")
    assert LEASE in first.addresses("wan") and LEASE not in second.addresses("wan")
    # Without its cable the first has nothing to offer, and stands back.
    subprocess.run(["ip", "-n", switch, "link", "set", "wr1", "down"], check=True)
    waits_until_active(second)
    wait_until(lambda: wan_of(second).get("state") == "up", 30, "the second has the WAN")
    wait_until(lambda: LEASE not in first.addresses("wan"), 20, "the first has it no more")


def test_a_router_that_takes_it_back_has_its_wan_again(pair: list[FactoryRouter]):
    first = pair[0]
    assert first.setup("--yes", "--answers", "-", stdin='{"sync": "eth7"}').returncode == 0
    assert first.setup("--confirm").returncode == 0
    wait_until(lambda: wan_of(first).get("state") == "up", 30, "the first dials")
    assert first.setup("--undo", "--yes").returncode == 0
    wait_until(lambda: first.note() == "undone", 30, "all is as it was")
    wait_until(lambda: LEASE in first.addresses("wan"), 10, "netifd has the WAN up again")
