# SPDX-License-Identifier: GPL-2.0-or-later
"""Services by role as stories: what happens in, what is told out, each with its time."""

import random

import pytest

from haven.agent.services.handover_pauses import HandoverPauses
from haven.agent.services.service_queue import HandOver, Run
from haven.agent.services.service_states import JOBS, SEEN, WORK
from haven.cli.service_text import planned as shown_plan
from haven.contract.services import RUN, STATES
from tests.agent.service_world import GROUP, ServiceWorld, planned


def test_nothing_is_told_before_the_role_is_known():
    world = ServiceWorld(planned("vpn"), planned("dns"))
    world.play(
        """
        100 role unknown
        200 time
        """
    )
    assert [world.state(name) for name in ("vpn", "dns")] == ["unknown", "unknown"]


def test_the_active_starts_in_order_and_stops_the_last_first():
    ServiceWorld(planned("dns"), planned("vpn"), planned("ddns")).play(
        """
        0 role active
        0 > start dns
        1 end
        1 > start vpn
        2 end
        2 > start ddns
        3 end
        9 role backup
        9 > stop ddns
        10 end
        10 > stop vpn
        11 end
        11 > stop dns
        12 end
        """
    )


def test_stops_come_before_starts():
    ServiceWorld(planned("here"), planned("there", role="backup")).play(
        """
        0 role active
        0 > stop there
        1 end
        1 > start here
        2 end
        5 role backup
        5 > stop here
        6 end
        6 > start there
        7 end
        """
    )


def test_a_standby_that_has_booted_is_told_to_stop_once():
    ServiceWorld(planned("vpn", inits=["vpn"])).play(
        """
        3 role backup
        3 > stop vpn
        3.2 end
        3.2 > look vpn
        3.3 end unknown
        5 role backup
        """
    )


def test_what_changes_meanwhile_is_folded_into_the_last_state():
    ServiceWorld(planned("a"), planned("b")).play(
        """
        0 role active
        0 > start a
        1 role backup
        2 role active
        3 role backup
        4 role active
        5 end
        5 > start b
        6 role backup
        7 end
        7 > stop b
        7.5 role active
        8 end
        8 > start b
        9 end
        """
    )


def test_one_that_hangs_is_named_and_the_next_goes_on():
    world = ServiceWorld(planned("hangs"), planned("well"))
    world.play(
        """
        0 role active
        0 > start hangs
        30 end late
        30 > start well
        31 end
        35 > stop hangs
        36 end
        36 > start hangs
        37 end
        """
    )
    service = world.queue.services[0]
    assert service.state == "running" and service.failure is not None
    assert service.failure["text"] == "start: killed, it was not done after 30 s"


def test_a_start_that_hangs_and_is_not_wanted_any_more_is_cut_so_that_the_others_stop():
    world = ServiceWorld(planned("dns"), planned("hangs"))
    world.play(
        """
        0 role active
        0 > start dns
        1 end
        1 > start hangs
        2 role backup
        4 role active
        5 role backup
        10 > cut
        10 end late
        10 > stop hangs
        11 end
        11 > stop dns
        12 end
        """
    )
    assert [world.queue.services[at].failure for at in range(2)] == [None, None]


def test_the_pause_between_tries_grows():
    world = ServiceWorld(planned("broken"))
    world.set_role("active")
    starts = []
    while world.now < 2000:
        running = world.running
        if running is not None:
            if running.action == "start":
                starts.append(world.now)
                world.end("status", "1")
            else:
                world.end()
        else:
            world.pass_until(world.now + 0.5)
    gaps = [after - before for before, after in zip(starts, starts[1:], strict=False)]
    assert gaps[:4] == [5, 10, 20, 40] and max(gaps) == 300


def test_a_new_role_tries_at_once_what_has_failed():
    ServiceWorld(planned("vpn")).play(
        """
        0 role active
        0 > start vpn
        1 end status 1
        2 role backup
        2 > stop vpn
        3 end
        4 role active
        4 > start vpn
        5 end
        """
    )


def test_a_start_is_over_when_the_service_has_come_up():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True), planned("next"))
    world.play(
        """
        0 role active
        0 > start vpn
        1 end
        1 > look vpn
        1.1 end dead
        1.6 > look vpn
        1.7 end pids 7
        1.7 > start next
        1.8 end
        11.7 > look vpn
        """
        + "11.7 time"
    )
    assert world.state("vpn") == "running"


def test_one_that_does_not_come_up_has_failed_at_its_limit():
    world = ServiceWorld(planned("vpn", check=["check"], start_timeout_us=2_000_000))
    world.set_role("active")
    world.end()
    while world.state("vpn") == "starting":
        world.pass_until(world.now + 0.1)
        if world.running is not None:
            world.end("dead")
    assert world.state("vpn") == "failed" and 2 <= world.now < 3
    assert world.queue.services[0].failure["text"] == "it did not come up within 2 s"


def test_a_script_that_starts_nothing_is_told_from_a_service_that_dies():
    world = ServiceWorld(planned("jobs", inits=["cron"], process=True, start_timeout_us=2_000_000))
    world.set_role("active")
    world.end()
    while world.state("jobs") == "starting":
        world.pass_until(world.now + 0.1)
        if world.running is not None:
            world.end("not-given")
    failure = world.queue.services[0].failure
    assert (failure["code"], failure["facts"]["limit_s"]) == ("not-given", 2)


def test_a_script_that_starts_nothing_does_not_hold_up_those_after_it():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True), planned("dns"))
    world.play(
        """
        0 role active
        0 > start vpn
        1 end
        1 > look vpn
        1 end not-given
        1.5 > look vpn
        1.5 end not-given
        2 > look vpn
        2 end not-given
        2.5 > look vpn
        2.5 end not-given
        3 > look vpn
        3 end not-given
        3 > start dns
        4 end
        """
    )
    failure = world.queue.services[0].failure
    assert (world.state("vpn"), failure["code"], failure["facts"]["limit_s"]) == ("failed", "not-given", 2)


def test_a_look_that_is_answered_late_tells_of_the_moment_when_it_was_asked():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True))
    world.play(
        """
        0 role active
        0 > start vpn
        1 end
        1 > look vpn
        6 end not-given
        6 > look vpn
        6 end pids 7
        """
    )
    assert world.state("vpn") == "running"


def test_an_instance_that_comes_a_moment_later_is_no_failure():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True))
    world.play(
        """
        0 role active
        0 > start vpn
        1 end
        1 > look vpn
        2.4 end not-given
        2.9 > look vpn
        2.9 end pids 7
        """
    )
    assert (world.state("vpn"), world.queue.services[0].failure) == ("running", None)


def test_an_instance_that_a_trigger_has_brought_since_is_not_stopped_by_the_next_try():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True))
    world.play(
        """
        0 role active
        0 > start vpn
        0 end
        0 > look vpn
        2 end not-given
        2 > look vpn
        2 end not-given
        7 > start vpn
        7 end
        7 > look vpn
        7 end pids 7
        """
    )
    assert world.state("vpn") == "running"


def test_a_group_is_not_handed_over_for_an_instance_that_may_still_come():
    """By a trigger of procd's, as when an interface comes up some seconds after the role."""
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True, required=True))
    world.set_role("active")
    while world.now < 40 and "hand over" not in world.wanted[-1]:
        if world.running is not None:
            world.end(*(["not-given"] if world.running.action == "look" else []))
        else:
            world.pass_until(world.now + 0.1)
    assert world.wanted[-1] == "32 > hand over gateway"


def test_a_group_stays_where_the_instance_has_come_while_nobody_looked():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True, required=True))
    world.set_role("active")
    while world.now < 60:
        if world.running is not None:
            came = ["pids", "7"] if world.now >= 25 else ["not-given"]
            world.end(*(came if world.running.action == "look" else []))
        else:
            world.pass_until(world.now + 0.1)
    assert world.state("vpn") == "running"
    assert not [each for each in world.wanted if "hand over" in each]


def test_it_is_not_waited_for_to_come_up_once_it_is_to_stop():
    ServiceWorld(planned("vpn", check=["check"])).play(
        """
        0 role active
        0 > start vpn
        1 end
        1 > check vpn
        1.2 end dead
        1.3 role backup
        1.3 > stop vpn
        1.4 end
        """
    )


def test_a_look_does_not_keep_back_what_is_to_be_told():
    ServiceWorld(planned("vpn", check=["check"])).play(
        """
        0 role active
        0 > start vpn
        1 end
        1 > check vpn
        1 end alive
        11 > check vpn
        12 role backup
        12 > abandon
        12 > stop vpn
        13 end
        """
    )


def test_a_stop_is_over_when_procd_has_no_process_of_it():
    ServiceWorld(planned("vpn", inits=["vpn"])).play(
        """
        0 role backup
        0 > stop vpn
        1 end
        1 > look vpn
        1 end pids 7
        1.5 > look vpn
        1.5 end unknown
        """
    )


def test_one_that_does_not_stop_is_named_and_told_again():
    world = ServiceWorld(planned("vpn", stop_timeout_us=4_000_000))
    world.play(
        """
        0 role backup
        0 > stop vpn
        4 end late
        9 > stop vpn
        10 end
        """
    )
    assert world.state("vpn") == "stopped"


def test_a_stop_command_that_complains_is_believed_where_the_check_says_so():
    world = ServiceWorld(planned("own", check=["check"]))
    world.play(
        """
        0 role backup
        0 > stop own
        1 end status 1
        1 > check own
        1 end dead
        """
    )
    assert world.state("own") == "stopped"


def test_a_script_that_is_not_there_is_at_rest_and_cannot_run():
    world = ServiceWorld(planned("vpn", inits=["vpn"]))
    world.play(
        """
        0 role backup
        0 > stop vpn
        0 end missing
        1 role active
        1 > start vpn
        1 end missing
        """
    )
    assert world.state("vpn") == "failed"
    assert world.queue.services[0].failure["text"] == "/etc/init.d/x is not there"


def test_one_that_runs_on_both_is_told_of_each_role_once():
    ServiceWorld(planned("ntp", role="both", reload=[["reload"]])).play(
        """
        0 role backup
        0 > start ntp
        1 end
        5 role active
        5 > reload ntp
        6 role backup
        7 role active
        8 end
        9 role stopped
        9 > reload ntp
        10 end
        """
    )


def test_one_that_somebody_else_has_started_is_stopped():
    ServiceWorld(planned("vpn", inits=["vpn"])).play(
        """
        0 role backup
        0 > stop vpn
        0 end
        0 > look vpn
        0 end unknown
        2 > look vpn
        2 end unknown
        5 > look vpn
        5 end unknown
        10 > look vpn
        10 end unknown
        40 > look vpn
        40 end pids 7
        40 > stop vpn
        41 end
        41 > look vpn
        41 end unknown
        """
    )


def test_what_an_interface_that_goes_down_has_started_again_rests_in_seconds():
    """procd reloads dnsmasq a second after the WAN, which its init script takes for a start."""
    ServiceWorld(planned("dns", inits=["dnsmasq"])).play(
        """
        0 role backup
        0 > stop dns
        0 end
        0 > look dns
        0 end unknown
        2 > look dns
        2 end pids 7
        2 > stop dns
        2.1 end
        2.1 > look dns
        2.1 end unknown
        """
    )


def test_one_that_procd_starts_again_is_left_to_it_twice():
    world = ServiceWorld(planned("vpn", inits=["vpn"], process=True, required=True))
    world.play(
        """
        0 role active
        0 > start vpn
        0 end
        0 > look vpn
        0 end pids 1
        10 > look vpn
        10 end pids 2
        20 > look vpn
        20 end pids 3
        30 > look vpn
        30 end pids 4
        30 > hand over gateway
        """
    )
    assert world.state("vpn") == "running"


def test_one_that_stays_dead_is_started_anew():
    ServiceWorld(planned("vpn", inits=["vpn"], process=True)).play(
        """
        0 role active
        0 > start vpn
        0 end
        0 > look vpn
        0 end pids 1
        10 > look vpn
        10 end dead
        16 > look vpn
        16 end dead
        21 > stop vpn
        22 end
        22 > look vpn
        22 end unknown
        22 > start vpn
        """
        + "22 time"
    )


def test_a_required_one_that_does_not_come_up_hands_the_group_over():
    ServiceWorld(planned("vpn", required=True)).play(
        """
        0 role active
        0 > start vpn
        1 end status 1
        1 > hand over gateway
        2 role backup
        2 > stop vpn
        3 end
        """
    )


def test_nobody_there_means_another_try_after_pauses_that_grow():
    world = ServiceWorld(planned("vpn", required=True))
    world.set_role("active")
    handovers = []
    while world.now < 300:
        said = len(world.wanted)
        if world.running is not None:
            world.end(*(("status", "1") if world.running.action == "start" else ()))
        else:
            world.pass_until(world.now + 1)
        if any("hand over" in each for each in world.wanted[said:]):
            handovers.append(world.now)
            world.take(world.queue.answered(GROUP, False, world.now))
    assert handovers == [0, 10, 30, 70, 150]


class BrokenPair:
    """Two routers on which a required service is broken; each is told what havend would tell it."""

    def __init__(self, *healthy_at: float) -> None:
        self.worlds = [ServiceWorld(planned("vpn", required=True)) for _ in range(2)]
        self.handovers: list[float] = []
        self.worlds[1].set_role("backup")
        self.worlds[0].set_role("active")

    def step(self, now: float) -> None:
        for world in self.worlds:
            world.pass_until(now)
            while world.running is not None:
                world.end(*(("status", "1") if world.running.action == "start" else ()))
        for number, world in enumerate(self.worlds):
            if any("hand over" in each for each in world.wanted):
                self.handovers.append(now)
                self.worlds[1 - number].set_role("active")
                world.set_role("backup")
            world.wanted = []


def test_two_broken_routers_hand_over_three_times_in_an_hour_at_most():
    pair = BrokenPair()
    for second in range(8 * 3600):
        pair.step(float(second))
    found = pair.handovers
    assert found[0] == 0 and len(found) >= 5
    assert max(len([at for at in found if begin <= at < begin + 3600]) for begin in found) == 3


def test_an_agent_that_is_started_again_tells_nothing_twice():
    before = ServiceWorld(planned("vpn"), planned("dns"))
    before.play(
        """
        0 role active
        0 > start vpn
        1 end
        1 > start dns
        """
        + "1 time"
    )
    ServiceWorld(planned("vpn"), planned("dns"), before=before).play(
        """
        0 role active
        0 > start dns
        1 end
        2 role backup
        2 > stop dns
        3 end
        3 > stop vpn
        4 end
        """
    )


def test_a_service_that_leaves_the_configuration_is_left_as_it_is():
    world = ServiceWorld(planned("vpn"), planned("dns"))
    world.set_role("active")
    world.end()
    world.end()
    world.wanted = []
    world.take(world.queue.load([planned("dns")], {}, 5))
    world.set_role("backup")
    assert world.wanted == ["0 > stop dns"]


@pytest.mark.parametrize("seed", range(20))
def test_after_a_storm_everything_is_as_the_role_wants_it(seed: int):
    """Whatever starts slowly, hangs or fails: no order is broken, and nothing is told without need."""
    chance = random.Random(seed)
    names = ["a", "b", "c", "d"]
    world = ServiceWorld(*[planned(name) for name in names])
    changes = [0.2 * number for number in range(50)]
    roles = [chance.choice(("active", "backup")) for _ in changes]
    ends_at = 0.0
    told: list[str] = []
    for at, role in zip(changes, roles, strict=True):
        while world.running is not None and ends_at <= at:
            world.pass_until(ends_at)
            ends_at = _end(world, chance, ends_at, told)
        world.pass_until(at)
        begun = world.running
        world.set_role(role)
        if begun is None and world.running is not None:
            ends_at = at + chance.uniform(0, 3)
    while world.now < 1000:
        if world.running is None:
            world.pass_until(world.now + 1)
            ends_at = world.now
        else:
            world.pass_until(max(world.now, ends_at))
            world.end()
    wanted = "running" if roles[-1] == "active" else "stopped"
    assert [world.state(name) for name in names] == [wanted] * 4
    jobs = [each.split(" > ")[1].split() for each in world.wanted]
    for name in names:
        mine = [action for action, about in jobs if about == name]
        assert all(one != other for one, other in zip(mine, mine[1:], strict=False)), (name, mine)


def _end(world: ServiceWorld, chance: random.Random, now: float, told: list[str]) -> float:
    assert isinstance(world.running, Run)
    if world.running.action == "start" and chance.random() < 0.2:
        world.end("status", "1")
    else:
        world.end()
    return now + chance.uniform(0, 3)


def test_every_state_has_a_way_on():
    leaving = {row[0] for row in WORK} | {row[1] for row in JOBS} | {row[0] for row in SEEN}
    assert leaving | {"running"} == set(STATES)
    assert {state for state, wanted, _job in WORK if wanted == RUN} | {"running"} >= {"unknown", "stopped"}


def test_a_group_is_asked_for_once():
    world = ServiceWorld(planned("one", required=True), planned("two", required=True))
    world.set_role("active")
    world.end("status", "1")
    world.end("status", "1")
    asked = [each for each in world.wanted if "hand over" in each]
    assert len(asked) == 1
    assert not isinstance(world.running, HandOver)


@pytest.mark.parametrize("role", ["active", "backup"])
def test_the_plan_shows_the_order_that_the_queue_keeps(role: str):
    services = [
        planned("dns"),
        planned("page", role="backup"),
        planned("ntp", role="both", reload=[["reload", "ntp"]]),
        planned("vpn"),
    ]
    world = ServiceWorld(*services)
    world.set_role("backup" if role == "active" else "active")
    while world.running is not None:
        world.end()
    world.wanted = []
    world.set_role(role)
    while world.running is not None:
        world.end()
    done = [each.split(" > ")[1] for each in world.wanted]
    (shown,) = [lines for label, lines in shown_plan(GROUP, services) if label == f"as {role.capitalize()}"]
    assert [line.split(",")[0] for line in shown] == done


@pytest.mark.parametrize("reason", ["resigned", "silence", "unanswered", "preempt"])
def test_a_takeover_from_another_router_is_a_move_whatever_told_of_its_end(reason: str):
    pauses = HandoverPauses()
    pauses.note("backup", "active", reason, 10.0)
    assert pauses.count(11.0) == 1
    pauses.note("backup", "active", "startup", 20.0)
    assert pauses.count(21.0) == 1
