# SPDX-License-Identifier: GPL-2.0-or-later
"""A client three hops away follows the address of haven's by Debian's BIRD and FRR, OSPF and BGP."""

from collections.abc import Iterator

import pytest

from tests.interop.routed import RoutedNetwork
from tests.interop.routing_daemons import KINDS, THERE

INTERVAL_MS = 200


@pytest.fixture
def routed(lab: None) -> Iterator[RoutedNetwork]:
    made = RoutedNetwork()
    yield made
    print(made.story())
    made.delete()


# The other two stand in the bench (`python -m bench routed`).
@pytest.mark.parametrize(("program", "protocol"), [("bird", "bgp"), ("frr", "ospf")])
def test_a_client_three_hops_away_follows(routed: RoutedNetwork, program: str, protocol: str) -> None:
    if not THERE[program]:
        pytest.skip(f"{program} is not installed")
    first, second = (routed.node(name, p, INTERVAL_MS) for name, p in (("r1", 200), ("r2", 100)))
    first.start().wait_state("active")
    second.start().wait_state("backup")
    assert first.state() == "active"
    routed.start_routing(KINDS[program], protocol)
    routed.wait_way("r1")
    asking = routed.ask()
    first.ask("switchover", group=None)
    routed.wait_way("r2")
    asking.wait_answers()
    # Back, by the death of the Active.
    routed.power_cut("r2")
    first.wait_state("active")
    routed.wait_way("r1")
    asking.wait_answers()
    print(f"{program}, {protocol}: longest time without an answer {asking.longest_gap_ms():.0f} ms")
