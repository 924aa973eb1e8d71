# SPDX-License-Identifier: GPL-2.0-or-later
"""Which link a witness is on, and what a wrong one gets."""

import pytest

from haven.config.load import load_text
from haven.contract.plan import DocumentError, Plan, check_plan
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine, OwnAddress

CONFIG = """\
config group 'gateway'
    {witness}
config virtual_router 'lan'
    option group 'gateway'
    option interface 'lan'
    option vrid '51'
    list address '192.168.1.1/24'
    list unicast_peer '192.168.1.3'
    option source_address '192.168.1.2'
config virtual_router 'wan'
    option group 'gateway'
    option device 'eth1'
    option vrid '52'
    list address '203.0.113.10'
config virtual_router 'lan6'
    option group 'gateway'
    option interface 'lan'
    option vrid '51'
    list address 'fe80::1/64'
    list address '2001:db8::1/64'
config virtual_router 'wan6'
    option group 'gateway'
    option device 'eth1'
    option vrid '52'
    list address 'fe80::2/64'
config conntrack
    option device 'eth2'
    option address '10.0.0.1'
    list peer_address '10.0.0.2'
"""


def config(*witnesses: str, more: str = "") -> str:
    lines = [f"list witness '{each}'" for each in witnesses] + [more]
    return CONFIG.format(witness="\n    ".join(lines))


def placed(*witnesses: str, own: str = "192.168.1.2") -> tuple[Plan, list[str]]:
    model, problems = load_text(config(*witnesses), "haven", "r1")
    assert model is not None, problems
    links = {
        name: DeviceFacts(index, name, bytes(6), 1500, True, 1, addresses=(OwnAddress(own, True),))
        for index, name in enumerate(("br-lan", "eth1", "eth2"), 2)
    }
    plan, wrong = compile_plan(model, Machine(links), "haven", lambda interface: "br-" + interface)
    assert plan is not None, wrong
    return Plan(check_plan(plan)), [each["code"] for each in plan["warnings"]]


def test_witness_is_on_the_device_of_the_virtual_router_in_whose_network_it_is():
    plan, warnings = placed("192.168.1.9", "203.0.113.9%eth1", "2001:db8::9", "fe80::9%lan")
    assert [device for device, _address in plan.groups[0].witnesses] == ["br-lan", "eth1", "br-lan", "br-lan"]
    assert plan.groups[0].witnesses[0][1] == bytes((192, 168, 1, 9))
    assert plan.groups[0].witness_patience_us == 5_000_000 and plan.groups[0].majority == 0
    assert warnings == []


def test_witness_that_is_this_machine_is_warned_of():
    assert placed("192.168.1.7", own="192.168.1.7")[1] == ["witness-of-machine"]


@pytest.mark.parametrize(
    ("witness", "code"),
    [
        ("192.168.1.1", "witness-virtual"),
        ("2001:db8::1", "witness-virtual"),
        ("192.168.1.2", "witness-own"),
        ("10.0.0.1", "witness-own"),
        ("192.168.1.3", "witness-peer"),
        ("10.0.0.2", "witness-peer"),
        ("9.9.9.9", "witness-elsewhere"),
        ("203.0.113.9", "witness-elsewhere"),
        ("fe80::9", "witness-unclear"),
        ("9.9.9.9%dmz", "witness-no-link"),
        ("192.168.1.0/24", "address-prefixed"),
        ("switch", "address-wrong"),
        ("224.0.0.18", "address-multicast"),
        ("192.168.1.9%a b", "device-letters"),
        ("192.168.1.9%", "device-letters"),
    ],
)
def test_wrong_witness_gets_one_clear_error(witness: str, code: str):
    model, problems = load_text(config(witness), "haven", "r1")
    assert model is None
    assert [(each.code, each.option, each.line) for each in problems] == [(code, "witness", 2)]


def test_majority_stands_alone():
    model, problems = load_text(config("192.168.1.9", more="option majority '3'"), "haven", "r1")
    assert model is None and [each.code for each in problems] == ["witness-majority"]
    model, problems = load_text(config(more="option majority '3'"), "haven", "r1")
    assert model is not None and model.groups[0].majority == 3
    assert load_text(config(more="option majority '2'"), "haven", "r1")[1][0].code == "value-whole"
    assert load_text(config(more="option witness_patience '1'"), "haven", "r1")[1][0].code == "value-whole"


def test_plan_with_a_witness_that_is_none_is_refused():
    model, _problems = load_text(config("192.168.1.9"), "haven", "r1")
    machine = Machine({"eth1": DeviceFacts(2, "eth1", bytes(6), 1500, True, 1)})
    assert model is not None
    plan, _more = compile_plan(model, machine, "haven", lambda interface: interface)
    assert plan is not None
    for wrong in ([["", "192.168.1.9"]], [["lan", "x"]], [["lan"]], "lan"):
        plan["groups"][0]["witnesses"] = wrong
        with pytest.raises(DocumentError):
            check_plan(plan)
