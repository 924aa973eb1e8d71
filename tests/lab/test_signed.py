# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys come to a pair that serves, and then forged words move nothing."""

from tests.lab.attacker import Attacker
from tests.lab.attacks import ATTACKS
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.signed_pair import take_steps, turns
from tests.lab.wait import holds_for, wait_until

WATCHED_S = 1.5


def test_the_three_steps_leave_one_active_and_then_nothing_forged_is_heard(
    network: Network,
) -> None:
    first, second = pair(HavenNode, network, families=(4, 6))
    before = turns(first, second)
    probe = network.probe()
    probe.wait_service()
    take_steps((first, second))
    assert turns(first, second) == before
    result = probe.stop()
    assert not result.gaps_after(result.first)
    attack = next(each for each in ATTACKS if each.name == "255 all the time")
    with Attacker(network).attacking(attack):
        wait_until(lambda: _refuses(first) and _refuses(second), 20, "both name it")
        holds_for(lambda: turns(first, second) == before, WATCHED_S, "it moves nothing")
    told = [each for each in second.events() if "they are not signed" in each["text"]]
    assert len(told) == 1, "it is told once"


def _refuses(node: HavenNode) -> bool:
    return "dropped-auth_missing" in [each["code"] for each in node.problems()]
