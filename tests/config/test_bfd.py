# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections of BFD sessions: what a wrong one gets, and what becomes of a right one in the plan."""

from typing import Any

import pytest

from haven.config.load import load_text
from haven.contract.plan import DocumentError, Plan, check_plan
from haven.openwrt.service_facts import lines
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine

CONFIG = """\
config group 'gateway'
    {group}
config virtual_router 'lan'
    option group 'gateway'
    option interface 'lan'
    option vrid '51'
    list address '192.168.1.1/24'
    list bfd 'other'
    option source_address '192.168.1.2'
config virtual_router 'lan6'
    option group 'gateway'
    option interface 'lan'
    option vrid '51'
    list address 'fe80::1/64'
    {lan6}
config bfd 'other'
    option address '{address}'
    {more}
"""
OTHER6 = "config bfd 'other6'\n option address '{}'\n"


def config(group: str = "", lan6: str = "", address: str = "192.168.1.3", more: str = "") -> str:
    return CONFIG.format(group=group, lan6=lan6, address=address, more=more)


def codes(text: str) -> list[str]:
    model, problems = load_text(text, "haven", "r1")
    return [each.code for each in (model.warnings if model is not None else problems)]


def document(text: str) -> dict[str, Any]:
    model, problems = load_text(text, "haven", "r1")
    assert model is not None, problems
    links = {"br-lan": DeviceFacts(2, "br-lan", bytes(6), 1500, True, 1)}
    plan, wrong = compile_plan(model, Machine(links), "haven", lambda interface: "br-" + interface)
    assert plan is not None, wrong
    return plan


BOTH = config(lan6="list bfd 'other6'") + OTHER6.format("fe80::3")


def test_session_is_on_the_device_of_its_virtual_router():
    wanted = {"device": "br-lan", "min_tx_us": 50000, "min_rx_us": 50000, "multiplier": 3}
    assert Plan(check_plan(document(BOTH))).bfd == [
        {"name": "other", "address": "192.168.1.3", "virtual_routers": ["lan"], **wanted},
        {"name": "other6", "address": "fe80::3", "virtual_routers": ["lan6"], **wanted},
    ]
    assert codes(BOTH) == []


def test_intervals_are_those_of_the_section():
    fast = config(more="option min_tx '10'\n option min_rx '20'\n option multiplier '5'")
    found = Plan(check_plan(document(fast))).bfd[0]
    assert (found["min_tx_us"], found["min_rx_us"], found["multiplier"]) == (10000, 20000, 5)


def test_plan_without_sessions_says_nothing_of_them():
    plain = config().replace("list bfd 'other'", "").partition("config bfd")[0]
    assert "bfd" not in document(plain) and Plan(check_plan(document(plain))).bfd == []


def test_firewall_lets_the_peers_packets_pass():
    enabled = "config haven 'main'\n option enabled '1'\n"
    model, _problems = load_text(enabled + BOTH, "haven", "r1")
    assert model is not None
    rules = [each for each in lines(model, "haven", lambda interface: "br-" + interface) if "3784" in each]
    assert rules == [
        "rule device=br-lan family=ipv4 proto=udp src_ip=192.168.1.3 dest_port=3784",
        "rule device=br-lan family=ipv6 proto=udp src_ip=fe80::3 dest_port=3784",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (config(address="192.168.1.1"), ["bfd-virtual"]),
        (config(address="fe80::3"), ["bfd-family"]),
        (config(lan6="list bfd 'othr'"), ["bfd-missing"]),
        (config(lan6="list bfd 'other6'") + OTHER6.format("2001:db8::3"), ["bfd-not-link-local"]),
        (config(more="option multiplier '1'"), ["value-whole"]),
        (config(more="option min_tx '5'"), ["value-whole"]),
        (config().replace("    option address '192.168.1.3'\n", ""), ["option-missing"]),
        (
            config().replace("list bfd 'other'", "list bfd 'other'\n    list bfd 'again'")
            + "config bfd 'again'\n option address '192.168.1.3'\n",
            ["bfd-twice"],
        ),
        (
            config()
            + "config virtual_router 'dmz'\n option device 'eth9'\n option vrid '9'\n"
            + " list address '10.0.0.1/24'\n list bfd 'other'\n",
            ["bfd-links"],
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(text, wanted):
    assert load_text(text, "haven", "r1")[0] is None and codes(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (config(), ["bfd-partly"]),
        (BOTH + "config bfd 'idle'\n option address '192.168.1.9'\n", ["bfd-unused"]),
        (
            BOTH.replace("config group 'gateway'", "config group 'gateway'\n option majority '3'"),
            ["bfd-witness"],
        ),
    ],
)
def test_what_is_odd_is_told(text, wanted):
    assert codes(text) == wanted


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "nobody"},
        {"multiplier": 0},
        {"min_tx_us": 0},
        {"min_rx_us": 1 << 32},
        {"virtual_routers": "lan"},
        {"name": "other6"},
    ],
)
def test_damaged_plan_is_refused(changes):
    plan = document(BOTH)
    plan["bfd"][0].update(changes)
    with pytest.raises(DocumentError):
        check_plan(plan)
