# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks on what routers tell: nothing for a sound pair, a name for what is wrong, no word too many."""

import json
from typing import Any

import pytest

from haven.contract.doctor import FOUND, REPORT, UNABLE_STATE, check_report
from haven.contract.doctor_checks import CHECKS, FINDINGS
from haven.contract.doctor_rows import ADVICE
from haven.contract.problems import problem
from haven.doctor.examination import MADE_BY, _make
from tests.doctor.looks import Look, case, look, mac


def made(*looks: Look, **more: Any) -> dict[str, dict[str, Any]]:
    """Return each check by its name."""
    one = case(*looks, **more)
    return {check.name: _make(check.name, check, one) for check in CHECKS}


def codes(*looks: Look, **more: Any) -> list[str]:
    return [each["code"] for check in made(*looks, **more).values() for each in check["findings"]]


def part(one: Look, name: str) -> dict[str, Any]:
    return one["parts"][name]["facts"]


def test_every_row_of_the_table_has_its_function_and_its_own_codes():
    assert list(MADE_BY) == [check.name for check in CHECKS]
    assert len(FINDINGS) == sum(len(check.findings) for check in CHECKS)


def test_a_sound_pair_has_nothing_whoever_is_asked():
    first, second = look(1), look(2)
    for both in ((first, second), (second, first)):
        found = made(*both)
        assert [name for name, check in found.items() if check["state"] != "well"] == []


def test_a_report_is_a_document_of_the_contract():
    broken = look(2)
    part(broken, "kernel")["routes"] = []
    checks = list(made(look(1), broken).values())
    report = dict.fromkeys((field.key for field in REPORT), 1) | {"node": "r1", "well": False, "routers": []}
    check_report(json.loads(json.dumps({**report, "checks": checks})))


def test_who_was_not_asked_is_said_in_each_check_that_misses_it():
    found = made(look(1), unasked={"r2": "no answer"})
    assert [each["code"] for each in found["pairing"]["findings"]] == ["peer-unasked"]
    for name in ("adverts", "firewall", "settings", "strangers", "claims", "ways-out", "clock", "takeover"):
        assert found[name]["state"] == UNABLE_STATE, name
        assert "r2 was not asked: no answer" in [each["text"] for each in found[name]["unable"]]


def test_a_router_alone_is_not_wrong_and_says_what_was_not_asked():
    found = made(look(1), paired=False)
    assert [check["findings"] for check in found.values() if check["findings"]] == []
    assert "'haven pair'" in found["settings"]["unable"][0]["text"]


def test_a_part_that_failed_is_said_and_the_others_are_looked_at():
    broken = look(2)
    broken["parts"]["rules"] = {"unable": ["no-rules", {"node": "r2", "error": "no nft"}]}
    part(broken, "kernel")["settings"]["forward4"] = "0"
    found = made(look(1), broken)
    assert "no nft" in found["nat"]["unable"][0]["text"]
    assert [each["code"] for each in found["ways-out"]["findings"]] == ["forwarding-off"]


@pytest.mark.parametrize("name", sorted(look(1)["parts"]))
@pytest.mark.parametrize("nonsense", [None, [], {"facts": {"devices": 3}}, {"facts": {"links": "x"}}])
def test_another_kind_of_look_stops_no_check(name: str, nonsense: Any):
    broken = look(2)
    broken["parts"][name] = nonsense
    found = made(look(1), broken)
    assert list(found) == [check.name for check in CHECKS]
    assert all(check["state"] in ("well", FOUND, UNABLE_STATE) for check in found.values())


def test_a_problem_of_a_router_keeps_its_own_severity_and_advice():
    broken = look(2)
    told = problem("conntrack-down", "conntrack", error="")
    part(broken, "status")["problems"] = [told]
    (found,) = made(look(1), broken)["status"]["findings"]
    assert found["severity"] == told["severity"]
    assert found["found"] == f"On r2: {told['message']}" and found["do"] == told["do"]


def test_advice_is_nothing_wrong():
    for each in (one := (look(1), look(2))):
        part(each, "plan")["copy_device"] = ""
    found = made(*one)["connections"]["findings"]
    assert [(each["code"], each["severity"]) for each in found] == [("no-copies", ADVICE)]


def test_a_cut_is_named_once_and_a_link_that_is_deaf_one_way_by_who_hears_nothing():
    first, second = look(1), look(2)
    part(first, "wire")["links"][0]["rows"] = []
    assert codes(first, second) == ["link-one-way"]
    part(second, "wire")["links"][0]["rows"] = []
    assert codes(first, second) == ["link-cut"]


def test_a_router_whose_link_sends_nothing_is_not_blamed_on_the_switch():
    first, second = look(1), look(2)
    part(first, "wire")["links"][0]["rows"] = []
    part(second, "wire")["links"][0]["sent"] = 0
    assert codes(first, second) == []


def test_one_frame_that_the_firewall_kept_is_no_rule_against_vrrp():
    first = look(1)
    link = part(first, "wire")["links"][0]
    link["passed"], link["rows"][0]["count"] = [], 1
    assert codes(first, look(2)) == []
    link["rows"][0]["count"] = 2
    assert codes(first, look(2)) == ["firewall-drops"]


def test_a_provider_that_answers_neither_address_is_not_said_to_be_stale():
    first = look(1)
    rows = part(first, "upstream")["rows"]
    for ttls, wanted in (
        ([64, 63], ["upstream-stale"]),
        ([64, 0], ["upstream-stale"]),
        ([0, 0], []),
        ([64, None], []),
        ([63, 64], []),
    ):
        rows[0][3:] = ttls
        assert codes(first, look(2)) == wanted, ttls


def test_macs_of_the_pair_are_nobody_elses_on_the_link_for_copies():
    first = look(1)
    part(first, "copies")["macs"] = [mac("sync", 2), mac("lan", 2)]
    assert codes(first, look(2)) == []
    part(first, "copies")["macs"].append("02:00:00:00:09:09")
    assert codes(first, look(2)) == ["link-shared"]


def test_without_nat_on_either_nothing_is_missed():
    both = look(1), look(2)
    for each in both:
        part(each, "rules")["verdicts"] = [["10.77.0.0/24", "wan", "none", ""]]
    assert codes(*both) == []


def test_a_default_route_that_the_plan_brings_is_one():
    second = look(2)
    part(second, "kernel")["routes"] = []
    assert codes(look(1), second) == ["no-route"]
    part(second, "plan")["default_routes"] = ["default via 198.51.100.100"]
    assert codes(look(1), second) == []


def test_who_only_asks_with_the_address_has_not_answered_for_it():
    second = look(2)
    row = part(second, "arp")["answers"][0]
    row[3] = False
    assert codes(look(1), second) == ["unanswered"]
    # It is somebody else's word all the same.
    row[2].append("02:00:00:00:09:09")
    assert sorted(codes(look(1), second)) == ["claimed", "unanswered"]


@pytest.mark.parametrize("name", ["status", "wire", "arp", "kernel", "rules", "files", "plan"])
def test_a_part_that_is_not_there_is_not_taken_for_well(name: str):
    broken = look(2)
    del broken["parts"][name]
    found = made(look(1), broken)
    said = [why["code"] for check in found.values() for why in check["unable"]]
    assert "not-told" in said and codes(look(1), broken) == []


def test_a_havend_that_does_not_answer_is_named_once():
    broken = look(2)
    broken["parts"]["status"] = {"unable": ["no-status", {"node": "r2"}]}
    assert codes(look(1), broken).count("not-running") == 1
