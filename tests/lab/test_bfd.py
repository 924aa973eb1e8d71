# SPDX-License-Identifier: GPL-2.0-or-later
"""Two havens that watch each other by BFD, with the same sections on both."""

from tests.lab.bfd_node import BfdHaven
from tests.lab.network import Network
from tests.lab.wait import holds_for, wait_until

OPTIONS = {"bfd_ms": 20, "families": (4, 6), "group_more": {"heartbeat": 0}}


def test_pair_takes_over_by_its_sessions_and_one_cut_link_moves_nothing(network: Network) -> None:
    first = BfdHaven(network, "r1", priority=200, **OPTIONS)
    second = BfdHaven(network, "r2", **OPTIONS)
    first.start().wait_state("active")
    second.start().wait_state("backup")
    wait_until(lambda: second.group()["detection"]["by"] == "bfd", 30, "all sessions are up")
    assert second.group()["detection"]["after_ms"] == 60
    network.split("wan")
    wait_until(lambda: second.session("wan")["state"] == "Down", 5, "the cut is noticed")
    holds_for(lambda: second.state() == "backup", 1, "the other link lives")
    network.heal()
    wait_until(lambda: second.group()["detection"]["by"] == "bfd", 30, "all sessions are up again")
    network.power_cut("r1")
    second.wait_state("active")
    assert second.group()["last_transition"]["reason"] == "session"


def test_router_that_stops_takes_its_sessions_down_on_purpose(network: Network) -> None:
    first = BfdHaven(network, "r1", priority=200, segments=("lan",))
    second = BfdHaven(network, "r2", segments=("lan",))
    first.start().wait_state("active")
    second.start().wait_state("backup")
    wait_until(lambda: second.session()["state"] == "Up", 20, "the session is up")
    first.stop()
    second.wait_state("active")
    told = [each["code"] for each in second.events() if each["kind"] == "bfd"]
    assert told == ["bfd-up", "bfd-peer-disabled"]
    assert second.group()["last_transition"]["reason"] == "resigned"
