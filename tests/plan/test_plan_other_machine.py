# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan of another machine, from the facts that it has printed."""

import json
import sys
from pathlib import Path

import pytest

from haven.contract.plan import PlanError, read_plan
from haven.plan.other_machine import make_plan_for
from tests.machines.device_facts import bridge

CONFIG = """
config haven 'main'
	option enabled '1'

config group 'gateway'
	list track_host 'net'

config virtual_router 'lan'
	option group 'gateway'
	option interface 'lan'
	option vrid '10'
	option priority '200'
	list address '192.168.1.1/24'
	list bfd 'other'

config bfd 'other'
	option address '192.168.1.3'

config wireguard 'vpn'
	option interface 'wg0'
	option group 'gateway'

config track_host 'net'
	option address '192.0.2.1'

config conntrack 'connections'
	option enabled '1'
	option interface 'lan'
	option address '192.168.1.2'
	list peer_address '192.168.1.3'
"""

DEVICE = bridge("br-far", "020000000101", "192.168.1.2")
FACTS = {
    "version": 1,
    "node": "small",
    "byte_order": sys.byteorder,
    "devices": [DEVICE],
    "interfaces": {"lan": "br-far"},
}


def made(folder: Path, **changes: object):
    (folder / "haven").write_text(CONFIG)
    (folder / "facts").write_text(json.dumps({**FACTS, **changes}))
    return make_plan_for(str(folder / "facts"), str(folder / "haven"))


def test_devices_and_name_are_those_of_the_facts(tmp_path: Path):
    plan, problems = made(tmp_path)
    assert plan is not None and not problems
    assert (plan["node"], plan["virtual_routers"][0]["device"]) == ("small", "br-far")
    assert plan["made_from"] is None


def test_what_the_agent_does_is_left_out_and_told(tmp_path: Path):
    plan, _problems = made(tmp_path)
    assert plan is not None and plan["parts"] == {}
    assert plan["commands"] == {"setup": [], "teardown": []} or all(
        "conntrack" not in each["code"] for each in plan["commands"]["setup"]
    )
    told = {each["facts"]["type"] for each in plan["warnings"] if each["code"] == "needs-agent"}
    assert told == {"conntrack", "track_host", "wireguard"}
    assert plan["groups"][0].get("checks") is None


def test_bfd_is_left_out_and_told(tmp_path: Path):
    plan, _problems = made(tmp_path)
    assert plan is not None and "bfd" not in plan
    assert [each["facts"]["type"] for each in plan["warnings"] if each["code"] == "needs-cpython"] == ["bfd"]


def test_a_plan_for_the_other_byte_order_is_translated_and_refused_here(tmp_path: Path):
    own, _problems = made(tmp_path)
    other, problems = made(tmp_path, byte_order="big" if sys.byteorder == "little" else "little")
    assert own is not None and other is not None and not problems
    router, there = own["virtual_routers"][0], other["virtual_routers"][0]
    assert [len(each["octets"]) for each in router["takeover"]] == [
        len(each["octets"]) for each in there["takeover"]
    ]
    # What differs are the messages, and nothing else.
    assert {key for key in router if router[key] != there[key]} == {"takeover", "release"}
    assert {**own, "virtual_routers": []} == {**other, "virtual_routers": []}
    with pytest.raises(PlanError, match="the other byte order"):
        (tmp_path / "plan").write_text(json.dumps(other))
        read_plan(str(tmp_path / "plan"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 2}, "facts-wrong"),
        ({"devices": [{"name": "br-far"}]}, "facts-wrong"),
        ({"interfaces": {}}, "interface-unknown"),
        ({"interfaces": {"lan": 5}}, "interface-unknown"),
        ({"devices": [{**DEVICE, "mac": "xx"}]}, "facts-wrong"),
    ],
)
def test_odd_facts_are_refused(tmp_path: Path, changes: dict[str, object], code: str):
    plan, problems = made(tmp_path, **changes)
    assert plan is None
    assert [each.code for each in problems] == [code]


def test_facts_that_are_not_there_are_named(tmp_path: Path):
    (tmp_path / "haven").write_text(CONFIG)
    plan, problems = make_plan_for(str(tmp_path / "none"), str(tmp_path / "haven"))
    assert plan is None
    assert str(problems[0]).startswith(f"{tmp_path}/none: cannot be read: No such file or directory")
