# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of hosts and programs in the configuration: every mistake in them, and their part of the plan."""

import pytest

from haven.config.load import load_text
from haven.contract.plan import Plan, check_plan
from haven.plan.assemble import compile_plan
from haven.plan.machine import InterfaceError, Machine

GROUP = """\
config group 'gateway'
    list track_host 'provider'
config virtual_router 'wan'
    option group 'gateway'
    option device 'wan'
    option vrid '52'
    option priority '150'
    list address '203.0.113.10/24'
"""
HOST = """\
config track_host 'provider'
    option address '203.0.113.1'
"""
SCRIPT = """\
config track_script 'line'
    option command '/bin/sh -c "exit 0"'
"""


def complaints(text: str) -> list[str]:
    """Return the problems of a configuration."""
    return [str(problem).removeprefix("haven:") for problem in load_text(text, "haven", "r1")[1]]


def warnings(text: str) -> list[str]:
    """Return the warnings of one without a problem."""
    model, problems = load_text(text, "haven", "r1")
    assert problems == [] and model is not None
    return [warning.code for warning in model.warnings]


def compiled(text: str) -> tuple[dict, list[str]]:
    """Return the plan, and the codes of what stands in its way."""
    model, _problems = load_text(text, "haven", "r1")
    assert model is not None

    def resolve(name: str) -> str:
        if name != "wan":
            raise InterfaceError("interface-unknown", interface=name)
        return "eth1"

    plan, problems = compile_plan(model, Machine(), "haven", resolve)
    return plan or {}, [each.code for each in problems]


def test_the_least_check_gets_the_defaults():
    assert warnings(GROUP + HOST) == []
    plan, _problems = compiled(GROUP + HOST)
    check_plan(plan)
    assert plan["parts"]["tracking"]["checks"] == [
        {
            "name": "provider",
            "kind": "icmp",
            "weight": 254,
            "interval_us": 2_000_000,
            "timeout_us": 1_000_000,
            "rise": 3,
            "fall": 2,
            "address": "203.0.113.1",
            "device": "wan",
            "network": "203.0.113.0/24",
            "virtual": "203.0.113.10",
            "port": None,
            "query": ".",
        }
    ]
    assert Plan(plan).groups[0].checks == (("provider", 254),)


def test_a_script_is_split_as_a_shell_would():
    text = GROUP.replace("list track_host 'provider'", "list track_script 'line'") + SCRIPT
    plan, _problems = compiled(text)
    check_plan(plan)
    assert plan["parts"]["tracking"]["checks"][0]["argv"] == ["/bin/sh", "-c", "exit 0"]


def test_a_virtual_router_names_it_for_its_group_and_who_is_named_twice_is_asked_once():
    text = GROUP + "    list track_host 'provider'\n    list track_host 'dns'\n" + HOST
    plan, _problems = compiled(text + HOST.replace("provider", "dns") + "    option weight '0'\n")
    assert plan["groups"][0]["checks"] == [["provider", 254], ["dns", 0]]
    assert len(plan["parts"]["tracking"]["checks"]) == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("    option kind 'ns'\n", "ns is for IPv6 addresses; take arp here"),
        ("    option kind 'tcp'\n", "is needed with kind tcp"),
        ("    option port '80'\n", "means nothing with kind icmp"),
        ("    option kind 'ping'\n", "'ping' is none of these"),
        ("    option timeout '3000'\n", "3000 ms is longer than the interval of 2000 ms"),
        ("    option interval '500'\n", "1000 ms is longer than the interval of 500 ms"),
        ("    option query 'a b'\n    option kind 'dns'\n", "'a b' is not a domain name"),
        ("    option query 'a.b'\n", "works with kind dns only"),
        ("    option weight '-20'\n", "is not a whole number from 0 to 254"),
        ("    option device 'a'\n    option interface 'b'\n", "more than one of these: interface, device"),
    ],
)
def test_a_check_that_cannot_be_meant_so_is_named(more: str, words: str):
    found = complaints(GROUP + HOST + more)
    assert len(found) == 1 and words in found[0], found


def test_a_host_name_is_no_address():
    (found,) = complaints(GROUP + HOST.replace("203.0.113.1", "gw.provider.example"))
    assert "'gw.provider.example' is a name; write its address" in found


@pytest.mark.parametrize("command", ["'check-wan'", "'/bin/sh -c \"open'", "' '", "'test -e /etc'"])
def test_a_command_is_a_whole_path(command: str):
    text = GROUP + HOST + f"config track_script 'line'\n    option command {command}\n"
    assert any("option 'command'" in each for each in complaints(text))


def test_a_name_that_nobody_has_is_named_with_the_one_that_is_near():
    (found,) = complaints(GROUP + HOST.replace("provider", "provders"))
    assert "there is no track_host 'provider'; did you mean 'provders'?" in found
    # A script is no host.
    (found,) = complaints(GROUP + SCRIPT.replace("line", "provider"))
    assert "there is no track_host 'provider'" in found


def test_what_is_odd_is_only_a_warning():
    assert warnings(GROUP + HOST + SCRIPT) == ["check-unused"]
    weight = HOST + "    option weight '20'\n"
    assert warnings(GROUP + weight) == ["check-weight-idle"]
    assert warnings(GROUP.replace("list track", "option preempt '1'\n    list track") + weight) == []
    assert warnings(GROUP + HOST + "    option weight '149'\n") == []


def test_a_host_elsewhere_needs_a_device_to_be_asked_on_one_link():
    far = HOST.replace("203.0.113.1", "198.51.100.1")
    assert compiled(GROUP + far + "    option kind 'arp'\n")[1] == ["check-device-needed"]
    plan, problems = compiled(GROUP + far)
    assert (problems, [each["code"] for each in plan["warnings"]][-1]) == ([], "check-any-route")
    plan, problems = compiled(GROUP + far + "    option interface 'wan'\n")
    check = plan["parts"]["tracking"]["checks"][0]
    assert (check["device"], "network" in check) == ("eth1", False)
    plan, problems = compiled(GROUP + far + "    option interface 'lte'\n")
    assert "tracked-missing" in [each["code"] for each in plan["warnings"]]


def test_a_program_or_user_that_is_not_there_is_said_beforehand():
    text = GROUP.replace("list track_host 'provider'", "list track_script 'line'")
    wrong = SCRIPT.replace("/bin/sh", "/nowhere/sh") + "    option user 'nobody_here'\n"
    plan, problems = compiled(text + wrong)
    codes = [each["code"] for each in plan["warnings"]]
    assert problems == [] and {"check-program", "check-user"} <= set(codes)
