# SPDX-License-Identifier: GPL-2.0-or-later
"""A WAN by DHCP: one lease for both routers, from a real server by a real client."""

from tests.lab.agent_pair import Through
from tests.lab.dialled import FIRST_LEASE, RELEASE, DhcpProvider, DialledNode, LineCapture, dialled_pair
from tests.lab.network import GATEWAY, SERVICE, Network
from tests.lab.wait import wait_until

OTHER_LEASE = "198.51.100.70"


def leased(node: DialledNode) -> list[str]:
    """List the IPv4 addresses that a router has on its WAN."""
    return [each for each in node.addresses("wan") if ":" not in each]


def releases(capture: LineCapture) -> list[str]:
    """List who has given the lease back."""
    return [word.sender for word in capture.words() if word.kind == RELEASE]


def test_a_power_cut_waits_for_no_provider_and_costs_no_connection(network: Network) -> None:
    provider, capture = DhcpProvider(network), LineCapture(network)
    first, second = dialled_pair(network)
    assert leased(first) == [FIRST_LEASE] and leased(second) == []
    through = Through(network, second)
    assert capture.changes_of_hands() == ["r1"]
    provider.fall_silent()
    network.power_cut("r1")
    second.wait_state("active")
    wait_until(
        lambda: leased(second) == [FIRST_LEASE], 5, "r2 has the address without a word of the provider"
    )
    through.assert_all_live_on()
    wait_until(lambda: second.wan()["state"] in ("waits", "dials"), 5, "r2 dials")
    provider.start()
    assert second.wait_wan("up")["lease"]["addresses"] == [f"{FIRST_LEASE}/24"]
    assert capture.changes_of_hands() == ["r1", "r2"]
    # Not that nothing was refused: it asked twice, and nobody listens for the second answer.
    through.wait_moving()
    assert releases(capture) == []


def orders(node: DialledNode) -> list[str]:
    """List what the WAN's interface was told, and when its client had ended."""
    return [each for each in node.journal() if each in ("up", "down", "is down")]


def told(node: DialledNode) -> list[str]:
    """List the events of the WAN."""
    return [each["code"] for each in node.events() if each["kind"] == "wan"]


def reaches_the_internet(node: DialledNode) -> bool:
    """Tell whether the router itself has an answer from beyond the WAN."""
    try:
        node.router.namespace.run("ping", "-c", "1", "-W", "5", SERVICE)
    except RuntimeError:
        return False
    return True


def test_an_agent_that_is_started_again_keeps_the_lease(network: Network) -> None:
    DhcpProvider(network)
    first, second = dialled_pair(network)
    before, through = leased(first), Through(network, second)
    first.kill_agent()
    first.start_agent()
    first.wait_wan("up")
    second.wait_in_sync()
    assert leased(first) == before and reaches_the_internet(first)
    first.ask("switchover", group=None)
    second.wait_wan("up")
    through.assert_all_live_on()


def test_a_life_of_one_lease(network: Network) -> None:
    """A switchover, another one to a provider that has forgotten, and the end of both routers."""
    provider, capture = DhcpProvider(network), LineCapture(network)
    first, second = dialled_pair(network)
    through = Through(network, second)
    assert reaches_the_internet(first) and reaches_the_internet(second)
    first.ask("switchover", group=None)
    second.wait_wan("up")
    assert reaches_the_internet(first) and reaches_the_internet(second)
    through.assert_all_live_on()
    wait_until(lambda: leased(first) == [], 5, "r1 has let go")
    wait_until(lambda: orders(first) == ["up", "down", "is down"], 10, "its client has ended")
    assert orders(second) == ["up"]
    assert [each for each in second.journal() if "name" in each or "out" in each] == [
        f"names by {GATEWAY}",
        "without hv_out_gateway",
    ]
    assert capture.changes_of_hands() == ["r1", "r2"]
    provider.forget(first=OTHER_LEASE)
    wait_until(first.knows_lease, 10, "r1 knows the lease")
    second.ask("switchover", group=None)
    wait_until(lambda: leased(first) == [OTHER_LEASE], 20, "r1 has the new address, and no other")
    assert first.wait_wan("up")["lease"]["addresses"] == [f"{OTHER_LEASE}/24"]
    assert releases(capture) == []
    # The first dialling may be over before netifd is asked.
    wait_until(
        lambda: told(first)[-4:] == ["wan-up", "wan-down", "wan-dials", "wan-up"], 10, "events tell it"
    )
    second.stop_agent()
    second.stop()
    wait_until(lambda: first.status()["channel"]["peers"][0]["heard_ms"] is None, 10, "r1 is alone")
    first.stop()
    wait_until(lambda: releases(capture) == ["r1"], 5, "the last router gives the lease back")
    wait_until(lambda: leased(first) == [], 10, "it has no address any more")
    assert capture.changes_of_hands() == ["r1", "r2", "r1"]
