# SPDX-License-Identifier: GPL-2.0-or-later
"""What a group does on becoming Active and on each way of ceasing to be, in the order of the engine."""

import copy
from typing import Any

import pytest

from haven.config.load import load_text
from haven.contract.plan import check_plan
from haven.contract.steps import SEQUENCES
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine
from haven.plan.sequences import with_sequences

NAMES = [code for code, _label, _heading in SEQUENCES]
FILE = "/etc/config/haven"
DEVICES = Machine(
    {
        name: DeviceFacts(index, name, bytes(6), 1500, True, 1)
        for index, name in enumerate(("lan", "wan", "sync"), 2)
    }
)
GROUP = "config group 'gateway'\n\toption preempt '1'\n"


def section(name: str, **options: Any) -> str:
    facts = {"device": "lan", "vrid": 51, **options}
    lines = ["config virtual_router '%s'" % name]
    for option, value in facts.items():
        values = value if isinstance(value, tuple) else (value,)
        word = "list" if isinstance(value, tuple) else "option"
        lines += ["\t%s %s '%s'" % (word, option, each) for each in values]
    return "\n".join(lines) + "\n"


def plan_of(*sections: str) -> dict[str, Any]:
    model, problems = load_text("config haven 'main'\n\toption node 'r1'\n" + "".join(sections), FILE)
    assert model is not None, [str(problem) for problem in problems]
    plan, problems = compile_plan(model, DEVICES, FILE)
    assert plan is not None, [str(problem) for problem in problems]
    return plan


def sequences_of(*sections: str) -> dict[str, list[str]]:
    """Return what the one group of a configuration does, in words."""
    (group,) = with_sequences(plan_of(*sections))["groups"]
    assert list(group["sequences"]) == NAMES
    return {name: [item["say"] for item in items] for name, items in group["sequences"].items()}


LAN = section("lan", group="gateway", address=("192.168.1.1/24",))
WAN = section("wan", group="gateway", device="wan", vrid=52, address=("203.0.113.2/29", "203.0.113.3/29"))
LAN6 = section("lan6", group="gateway", vrid=53, address=("fe80::1/64", "2001:db8:1::1/64"))
WAIT = "wait until another router is Active, 1.25 s at most"


def test_a_takeover_tells_rivals_then_acts_then_tells_neighbours() -> None:
    assert sequences_of(GROUP, LAN)["takeover"] == [
        "advertisement for lan",
        "take the addresses of lan",
        "gratuitous ARP for 192.168.1.1",
    ]


def test_who_leaves_on_purpose_says_so_first_and_keeps_the_addresses_until_another_is_active() -> None:
    assert sequences_of(GROUP, LAN)["handover"] == [
        "priority 0 advertisement for lan",
        WAIT,
        "priority 0 advertisement for lan",
        "give up the addresses of lan",
    ]


def test_who_yields_gives_the_addresses_up_after_a_last_word_and_resigns_from_nothing() -> None:
    assert sequences_of(GROUP, LAN)["yield"] == ["advertisement for lan", "give up the addresses of lan"]


def test_a_fault_waits_for_nobody() -> None:
    assert sequences_of(GROUP, LAN)["fault"] == [
        "priority 0 advertisement for lan",
        "give up the addresses of lan",
    ]


def test_members_act_together_in_the_order_of_the_engine_not_of_the_file() -> None:
    found = sequences_of(GROUP, LAN6, WAN, LAN)
    assert found["takeover"] == [
        "advertisement for lan, wan, lan6",
        "take the addresses of lan, wan, lan6",
        "gratuitous ARP for 192.168.1.1, 203.0.113.2, 203.0.113.3",
        "unsolicited neighbour advertisement for fe80::1, 2001:db8:1::1",
    ]
    assert found["handover"] == [
        "priority 0 advertisement for lan, wan, lan6",
        WAIT,
        "priority 0 advertisement for lan",
        "give up the addresses of lan, wan, lan6",
    ]
    assert found["yield"][-1] == found["fault"][-1] == "give up the addresses of lan, wan, lan6"


def test_an_item_has_its_code_and_facts_for_programs() -> None:
    (group,) = with_sequences(plan_of(GROUP, LAN, WAN))["groups"]
    found = [(item["code"], item["facts"]) for item in group["sequences"]["handover"]]
    both = {"virtual_routers": ["lan", "wan"]}
    assert found == [
        ("resign", both),
        ("await-active", {"wait_us": 1_250_000}),
        ("resign", {"virtual_routers": ["lan"]}),
        ("release", both),
    ]
    announced = group["sequences"]["takeover"][-1]
    addresses = ["192.168.1.1", "203.0.113.2", "203.0.113.3"]
    assert (announced["code"], announced["facts"]) == ("announce", {"addresses": addresses})


def test_the_plan_itself_stays_as_it_was_and_each_group_has_its_own_sequences() -> None:
    plan = plan_of(LAN.replace("gateway", "lan").replace("\toption group 'lan'\n", ""), section(
        "other", device="wan", vrid=60, address=("10.0.0.1/24",)
    ))  # fmt: skip
    before = copy.deepcopy(plan)
    described = with_sequences(plan)
    assert plan == before == check_plan(plan)
    taken = {group["name"]: group["sequences"]["takeover"][1]["say"] for group in described["groups"]}
    assert taken == {"lan": "take the addresses of lan", "other": "take the addresses of other"}
    assert all("sequences" not in group for group in plan["groups"])
    assert {key: value for key, value in described.items() if key != "groups"} == {
        key: value for key, value in plan.items() if key != "groups"
    }


def test_a_plan_without_groups_has_no_sequences() -> None:
    assert with_sequences(plan_of())["groups"] == []


CONNTRACK = """config conntrack
	option enabled '1'
	option device 'sync'
	option address '10.9.0.1'
	list peer_address '10.9.0.2'
"""
# Whatever a configuration asks for, the play has to get to the end of every sequence.
CONFIGURATIONS = {
    "version 2 with a password": [section("one", version=2, auth_pass="word", address=("10.0.0.1/24",))],
    "version 2, slow": [section("one", version=2, advert_interval=40000, address=("10.0.0.1/24",))],
    "version 3, slowest": [section("one", advert_interval=40950, address=("10.0.0.1/24",))],
    "another checksum": [section("one", checksum="message", address=("10.0.0.1/24",))],
    "unicast": [section("one", address=("10.0.0.1/24",), unicast_peer=("10.0.0.7", "10.0.0.8"))],
    "unicast from a higher source": [
        section("one", address=("10.0.0.1/24",), unicast_peer=("10.0.0.7",), source_address="10.0.0.9")
    ],
    "unicast by IPv6": [section("one", address=("fe80::1",), unicast_peer=("2001:db8::7",))],
    "CARP": [section("one", protocol="carp", password="word", advskew=0, address=("10.0.0.1/24",))],
    "CARP by IPv6, slow": [
        section("one", protocol="carp", password="w", advert_interval=255000, address=("2001:db8::1/64",))
    ],
    "CARP of both families": [
        GROUP,
        section("one", group="gateway", protocol="carp", password="word", address=("10.0.0.1/24",)),
        section("two", group="gateway", protocol="carp", password="word", address=("2001:db8::1/64",)),
    ],
    "lowest priority": [section("one", priority=1, address=("10.0.0.1/24",))],
    "connections copied": [GROUP, LAN, CONNTRACK],
    "tracks its own device and others": [
        section("one", address=("10.0.0.1/24",), track_interface=("lan", "wan:20", "sync"))
    ],
    "the play's own address as virtual": [section("one", address=("192.0.2.1/24",))],
    "the peer's address as virtual": [section("one", address=("192.0.2.2/24",))],
    "the peer's address as source": [
        section("one", address=("192.0.2.7/24",), source_address="192.0.2.2")
    ],
    "usual link-local address as virtual": [section("one", address=("fe80::1/64", "2001:db8::1/64"))],
    "next link-local address as virtual": [section("one", address=("fe80::2/64",))],
    "next link-local address as source": [
        section("one", address=("fe80::1/64",), source_address="fe80::2")
    ],
    "two sources on a device": [
        GROUP,
        section("one", group="gateway", address=("10.0.0.1/24",), source_address="10.0.0.8"),
        section("two", group="gateway", vrid=52, address=("10.0.0.2/24",), source_address="10.0.0.9"),
    ],
    "a source for one of two on a device": [
        GROUP,
        section("one", group="gateway", address=("10.0.0.1/24",), source_address="10.0.0.8"),
        section("two", group="gateway", vrid=52, address=("10.0.0.2/24",)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CONFIGURATIONS))
def test_every_way_of_leaving_gives_up_what_the_takeover_took(name: str) -> None:
    (group,) = with_sequences(plan_of(*CONFIGURATIONS[name]))["groups"]
    found = {key: [item["code"] for item in items] for key, items in group["sequences"].items()}
    assert found["takeover"][:2] == ["advertise", "takeover"]
    assert found["takeover"][2] in ("announce", "announce6")
    resign = "resign-carp" if name.startswith("CARP") else "resign"
    # In CARP one word of another is enough.
    asks = [] if name.startswith("CARP") else [resign]
    assert found["handover"] == [resign, "await-active", *asks, "release"]
    assert found["yield"] == ["advertise", "release"]
    assert found["fault"] == [resign, "release"]
    held = [
        item["facts"] for items in group["sequences"].values() for item in items if item["code"] == "release"
    ]
    taken = [item["facts"] for item in group["sequences"]["takeover"] if item["code"] == "takeover"]
    assert held == taken * 3


@pytest.mark.parametrize("source", ["10.0.0.1", "203.0.113.9"])
def test_the_owner_of_the_addresses_yields_to_an_owner_that_ranks_higher(source: str) -> None:
    found = sequences_of(section("one", priority=255, address=(source + "/24",), source_address=source))
    assert found["takeover"][0] == "advertisement for one"
    assert [found[name][-1] for name in NAMES[1:]] == ["give up the addresses of one"] * 3


def test_a_handover_waits_as_long_as_the_slowest_member_may_take() -> None:
    slow = section(
        "slow", group="gateway", device="wan", vrid=60, advert_interval=10000, address=("10.0.0.1/24",)
    )
    assert sequences_of(GROUP, LAN, slow)["handover"][1] == WAIT.replace("1.25", "10.78")
