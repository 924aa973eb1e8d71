# SPDX-License-Identifier: GPL-2.0-or-later
"""A service that its script has not started and that may come by itself: what is told of it, and when."""

import pytest

from haven.agent.services.service_account import problems_of
from haven.agent.services.service_queue import SETTLED_S
from haven.agent.services.service_states import REST_LOOK_S
from haven.contract.services import RUNNING
from tests.agent.service_world import ServiceWorld, planned

WAIT_S = 30.0


def codes(world: ServiceWorld) -> list[str]:
    """Return the problems of the one service."""
    return [each["code"] for each in problems_of(world.queue.services[0], world.queue, world.now)]


def goes_on(world: ServiceWorld, until: float, comes_at: float = 1e9) -> list[tuple[float, list[str]]]:
    """Let procd have nothing of it before it comes; return the problems of each moment."""
    told = []
    while world.now < until:
        if world.running is None:
            world.pass_until(world.now + 0.25)
        elif world.running.action == "look":
            world.end(*(["pids", "7"] if world.now >= comes_at else ["not-given"]))
        else:
            world.end()
        told.append((world.now, codes(world)))
    return told


@pytest.mark.parametrize(("required", "code"), [(True, "service-required"), (False, "service-failed")])
def test_one_that_is_still_waited_for_is_no_problem_yet(required: bool, code: str):
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True, required=required))
    world.set_role("active")
    told = goes_on(world, WAIT_S + 5)
    assert world.queue.services[0].failure["code"] == "not-given"
    assert not [at for at, found in told if found and at < WAIT_S]
    # Its last try is over.
    assert code in told[-1][1]


def test_one_that_has_ended_with_an_error_is_a_problem_at_once():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True, required=True))
    world.play("0 role active\n0 > start vpn\n0 end status 1\n0 > hand over gateway")
    assert codes(world) == ["service-required"]


def test_one_that_comes_by_itself_after_long_is_seen_before_the_next_try():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True))
    world.set_role("active")
    goes_on(world, 1000)
    tried_at = world.queue.services[0].retry_at
    assert codes(world) == ["service-failed"] and tried_at > world.now + 2 * REST_LOOK_S
    before = [each for each in world.wanted if "start" in each]
    goes_on(world, world.now + REST_LOOK_S + 1, comes_at=world.now)
    assert (world.state("vpn"), codes(world)) == (RUNNING, [])
    assert [each for each in world.wanted if "start" in each] == before
    goes_on(world, world.now + SETTLED_S + 30, comes_at=0)
    assert world.queue.services[0].failure is None


def test_one_that_nobody_starts_is_looked_at_no_more_often_than_one_at_rest():
    world = ServiceWorld(planned("cron", inits=["cron"], process=True))
    world.set_role("active")
    goes_on(world, 1000)
    world.wanted.clear()
    goes_on(world, 1000 + 20 * REST_LOOK_S)
    # Each of the two or three tries has its own looks.
    assert len([each for each in world.wanted if "look" in each]) < 20 + 3 * 10


@pytest.mark.parametrize("comes_at", [20.0, 1000.0])
def test_one_that_is_seldom_looked_at_while_it_runs_is_seen_as_soon_when_it_comes(comes_at: float):
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True, check_interval_us=3600_000_000))
    world.set_role("active")
    goes_on(world, comes_at)
    goes_on(world, comes_at + REST_LOOK_S + 1, comes_at=comes_at)
    assert world.state("vpn") == RUNNING


def test_one_that_somebody_starts_where_it_rests_is_seen_as_soon_however_seldom_it_is_looked_at():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True, check_interval_us=3600_000_000))
    world.set_role("backup")
    goes_on(world, 1000)
    world.wanted.clear()
    goes_on(world, 1000 + REST_LOOK_S + 1, comes_at=1000)
    assert any("stop" in each for each in world.wanted)
