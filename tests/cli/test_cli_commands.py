# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands on a node that is Active and alone; the same for the fake and for the real havend."""

import json
import re

from haven.contract.status import check_status
from tests.cli.subjects import EVENT, STATUS, Subject

MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  "


def test_status_answers_in_its_first_line(havend: Subject) -> None:
    said = havend.haven("status")
    assert (said.status, said.err) == (0, "")
    assert re.match(r"All is well: r1 is Active since .*\): no Active was heard\.\n", said.out)


def test_status_in_json_is_the_document(havend: Subject) -> None:
    said = havend.haven("status", "--json")
    assert (said.status, said.err) == (0, "")
    document = json.loads(said.out)
    assert (document["version"], document["node"], document["state"]) == (1, "r1", "active")
    recorded = json.loads(STATUS.read_text())
    assert set(check_status(document)) == set(recorded)
    for part in ("groups", "virtual_routers"):
        assert list(document[part][0]) == list(recorded[part][0])
    (router, known) = (each["virtual_routers"][0] for each in (document, recorded))
    for part in ("active", "last_transition"):
        assert set(router[part]) == set(known[part])


def test_events_are_a_line_each(havend: Subject) -> None:
    said = havend.haven("events")
    lines = said.out.splitlines()
    assert (said.status, said.err) == (0, "")
    assert all(re.match(MOMENT, line) for line in lines)
    assert any(line.endswith("lan: Backup -> Active: no Active was heard") for line in lines)


def test_events_in_json_are_one_list(havend: Subject) -> None:
    found = json.loads(havend.haven("events", "--json").out)
    last = [event for event in found if event["kind"] == "transition"][-1]
    assert set(last) == set(EVENT)
    assert (last["code"], last["facts"], last["text"]) == (EVENT["code"], EVENT["facts"], EVENT["text"])


def test_switchover_that_nobody_takes_up_fails(havend: Subject) -> None:
    said = havend.haven("switchover")
    assert (said.status, said.out) == (1, "")
    assert said.err == "haven: lan: no other router took over; staying Active\n"


def test_switchover_of_an_unknown_group_fails(havend: Subject) -> None:
    said = havend.haven("switchover", "nowhere")
    assert (said.status, said.err) == (1, "haven: there is no group nowhere\n")


def test_maintenance_says_that_nobody_takes_over(havend: Subject) -> None:
    said = havend.haven("maintenance", "on")
    assert (said.status, said.err) == (0, "")
    assert said.out == ("maintenance is on: no other router takes over lan: this node stays Active there\n")
    said = havend.haven("maintenance", "off")
    assert (said.status, said.out) == (0, "maintenance is off: this node may become Active again\n")


def test_reload_takes_a_good_configuration(havend: Subject) -> None:
    said = havend.haven("reload")
    assert (said.status, said.out, said.err) == (0, "reloaded: 1 virtual router\n", "")


def test_reload_refuses_a_bad_configuration_and_status_shows_it(havend: Subject) -> None:
    havend.break_configuration()
    said = havend.haven("reload")
    assert (said.status, said.out) == (1, "")
    problems = said.err.splitlines()[:-1]
    assert len(problems) == 2
    assert all(problem.startswith(f"{havend.config}:") for problem in problems)
    assert said.err.endswith("haven: nothing was changed: the configuration in force stays\n")
    shown = json.loads(havend.haven("status", "--json").out)["problems"]
    assert [each["code"] for each in shown] == ["reload-refused"] * 2
    diagnostics = [each["facts"]["diagnostic"] for each in shown]
    assert [each["text"] for each in diagnostics] == problems
    assert {each["code"] for each in diagnostics} == {"value-whole", "option-unknown"}
    assert all(each["severity"] == "warning" for each in shown)
    assert havend.haven("status").out.startswith("2 problems: r1 is Active")


def test_stop_ends_it_and_then_it_is_not_running(havend: Subject) -> None:
    said = havend.haven("stop")
    assert (said.status, said.err) == (0, "")
    assert said.out == "havend has stopped; this node has given up the virtual addresses\n"
    for command in ("stop", "status", "events", "reload", "switchover"):
        said = havend.haven(command)
        assert (said.status, said.out, said.err) == (1, "", "haven: havend is not running\n")
