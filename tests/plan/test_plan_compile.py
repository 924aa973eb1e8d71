# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiler: what of a model and of a machine ends in the plan."""

import json
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.config.load import load_text
from haven.config.options import GROUP, VIRTUAL_ROUTER
from haven.contract.plan import VERSION, Plan, check_plan
from haven.plan.assemble import compile_plan
from haven.plan.device_names import macvlan_name
from haven.plan.machine import DeviceFacts, InterfaceError, Machine, OwnAddress

FILE = "/etc/config/haven"


def link(name: str, **changes: Any) -> DeviceFacts:
    facts = {"index": 2, "name": name, "mac": bytes(6), "mtu": 1500, "up": True, "hardware": 1}
    return DeviceFacts(**{**facts, **changes})


def machine(*links: DeviceFacts) -> Machine:
    return Machine({one.name: one for one in links})


LAN = machine(link("br-lan", kind="bridge"), link("wan", index=3))


def no_ubus(name: str) -> str:
    raise InterfaceError("interface-no-ubus", interface=name)


def section(name: str = "lan", **options: Any) -> str:
    facts = {"device": "br-lan", "vrid": "51", "address": ["192.168.1.1/24"], **options}
    lines = ["config virtual_router '%s'" % name]
    for option, value in facts.items():
        if isinstance(value, list):
            lines += ["\tlist %s '%s'" % (option, one) for one in value]
        elif value is not None:
            lines.append("\toption %s '%s'" % (option, value))
    return "\n".join(lines) + "\n"


def model(*sections: str) -> Any:
    found, problems = load_text("config haven 'main'\n\toption node 'r1'\n" + "".join(sections), FILE)
    assert not problems, [str(problem) for problem in problems]
    return found


def compiled(*sections: str, facts: Machine = LAN, resolve: Any = no_ubus) -> dict[str, Any]:
    plan, problems = compile_plan(model(*sections), facts, FILE, resolve)
    assert plan is not None, [str(problem) for problem in problems]
    return check_plan(json.loads(json.dumps(plan)))


def refused(*sections: str, facts: Machine = LAN, resolve: Any = no_ubus) -> list[str]:
    plan, problems = compile_plan(model(*sections), facts, FILE, resolve)
    assert plan is None
    return [str(problem) for problem in problems]


def texts(plan: dict[str, Any]) -> list[str]:
    return [warning["text"] for warning in plan["warnings"]]


def says(router: dict[str, Any], stage: str) -> list[str]:
    return [step["say"] for step in router[stage]]


def test_the_facts_of_a_virtual_router_are_carried_over() -> None:
    text = section(
        version="2",
        auth_pass="s3cret",
        priority="150",
        advert_interval="2000",
        accept="0",
        unicast_peer=["10.0.0.3"],
        source_address="10.0.0.2",
        track_interface=["wan:20"],
        announce_refresh="0",
    )
    plan = compiled(text)
    router = plan["virtual_routers"][0]
    assert (plan["version"], plan["node"], plan["config"], plan["realtime"]) == (VERSION, "r1", FILE, 50)
    assert plan["enabled"] is False
    assert router["auth"] == b"s3cret".hex()
    assert (router["vrid"], router["family"], router["version"]) == (51, 4, 2)
    assert (router["priority"], router["advert_interval_us"]) == (150, 2_000_000)
    assert router["unicast_peers"] == ["10.0.0.3"]
    assert router["source"] == "10.0.0.2"
    assert router["tracks"] == [["wan", 20]]
    assert (router["accept"], router["announce_refresh_us"]) == (False, 0)
    assert (router["virtual_mac"], router["address_device"]) == (None, "br-lan")
    assert plan["groups"] == [
        {
            "name": "lan",
            "preempt": False,
            "preempt_delay_us": 0,
            "heartbeat_us": 10_000,
            "sync_wait_us": 0,
            "witness_patience_us": 5_000_000,
            "majority": None,
        }
    ]
    assert (plan["sysctls"], plan["parts"]) == ([], {})


def test_every_option_that_the_engine_acts_by_is_in_the_plan_under_its_key() -> None:
    plan = compiled(section(checksum="message", announce_refresh="7"))
    for row, part in ((VIRTUAL_ROUTER, plan["virtual_routers"][0]), (GROUP, plan["groups"][0])):
        keys = [option.key for option in row.options if option.engine]
        assert keys and set(keys) <= set(part)
    router = plan["virtual_routers"][0]
    assert (router["checksum"], router["announce_refresh_us"]) == ("message", 7_000_000)


def test_what_keeps_a_group_from_preempting_is_carried_over() -> None:
    group = "config group 'gateway'\n\toption preempt '1'\n\toption preempt_delay '5'\n"
    copied = "config conntrack\n\toption enabled '1'\n\toption device 'wan'\n\toption address '10.9.0.1'\n"
    copied += "\tlist peer_address '10.9.0.2'\n\toption %s '40'\n"
    expected = {
        "name": "gateway",
        "preempt": True,
        "preempt_delay_us": 5_000_000,
        "heartbeat_us": 10_000,
        "sync_wait_us": 40_000_000,
        "witness_patience_us": 5_000_000,
        "majority": None,
    }
    # The second is the option's name in the first release.
    for option in ("sync_wait", "wait"):
        plan = compiled(group, section(group="gateway"), copied % option)
        assert plan["groups"] == [expected]


def test_a_takeover_needs_the_device_then_the_address_then_routes_and_a_release_goes_backwards() -> None:
    router = compiled(section(route=["default via 192.168.1.254"]))["virtual_routers"][0]
    assert says(router, "takeover") == [
        "add 192.168.1.1/32 to br-lan",
        "add route 192.168.1.0/24 dev br-lan metric 4096",
        "add route default via 192.168.1.254",
    ]
    assert says(router, "release") == [
        "delete route default via 192.168.1.254",
        "delete route 192.168.1.0/24 dev br-lan metric 4096",
        "delete 192.168.1.1/32 from br-lan",
    ]
    assert (router["setup"], router["teardown"]) == ([], [])


def test_a_virtual_mac_lives_on_a_macvlan_that_is_up_while_active() -> None:
    router = compiled(section(virtual_mac="1"))["virtual_routers"][0]
    assert (router["virtual_mac"], router["address_device"]) == ("00005e000133", "hv4-51-br-lan")
    assert says(router, "setup") == [
        "create hv4-51-br-lan on br-lan, macvlan vepa, 00:00:5e:00:01:33",
        "let hv4-51-br-lan have no address of its own",
    ]
    assert says(router, "teardown") == ["delete hv4-51-br-lan"]
    assert says(router, "takeover")[:3] == [
        "set hv4-51-br-lan up",
        "keep frames for 00:00:5e:00:01:33 in bridge br-lan",
        "add 192.168.1.1/32 to hv4-51-br-lan",
    ]
    assert says(router, "release")[-3:] == [
        "delete 192.168.1.1/32 from hv4-51-br-lan",
        "let bridge br-lan learn 00:00:5e:00:01:33",
        "set hv4-51-br-lan down",
    ]


def test_only_address_additions_are_renewed_and_name_their_address() -> None:
    router = compiled(section(virtual_mac="1", route=["10.0.0.0/8 via 192.168.1.254"]))["virtual_routers"][0]
    renewed = [step for step in router["takeover"] if step.get("renew")]
    assert [step["address"] for step in renewed] == router["addresses"]
    assert [step["address"] for step in router["release"] if "address" in step] == router["addresses"]
    assert not any(step.get("renew") for stage in ("setup", "release", "teardown") for step in router[stage])


def test_the_link_local_address_comes_first() -> None:
    router = compiled(section(address=["2001:db8::1/64", "fe80::1", "2001:db8::2/64"]))["virtual_routers"][0]
    assert router["addresses"] == ["fe80::1/128", "2001:db8::1/64", "2001:db8::2/64"]
    assert says(router, "takeover")[:2] == ["add fe80::1/128 to br-lan", "add 2001:db8::1/128 to br-lan"]
    assert says(router, "takeover").count("add route 2001:db8::/64 dev br-lan metric 4096") == 1


def test_the_engine_gets_the_addresses_in_the_order_of_the_plan() -> None:
    text = section(address=["2001:db8::1/64", "fe80::2", "2001:db8::2/64", "fe80::1/64"])
    plan = compiled(text)
    ordered = ["fe80::2/128", "fe80::1/64", "2001:db8::1/64", "2001:db8::2/64"]
    assert plan["virtual_routers"][0]["addresses"] == ordered
    advertised = Plan(plan).routers["lan"].spec.addresses
    assert [str(ip_address(octets)) for octets in advertised] == [each.split("/")[0] for each in ordered]


def test_addresses_of_ipv4_keep_their_order_even_if_link_local() -> None:
    router = compiled(section(address=["10.0.0.1/24", "169.254.1.1/16"]))["virtual_routers"][0]
    assert router["addresses"] == ["10.0.0.1/24", "169.254.1.1/16"]


@pytest.mark.parametrize(
    ("bridge", "device", "expected"),
    [
        ({}, "br-lan", "bridge br-lan"),
        ({"vlan_filtering": True, "default_vlan": 1}, "br-lan", "bridge br-lan, VLAN 1"),
        ({"vlan_filtering": True}, "br-lan", None),
        ({}, "br-lan.10", "bridge br-lan"),
        ({"vlan_filtering": True}, "br-lan.10", "bridge br-lan, VLAN 10"),
        ({}, "wan", None),
    ],
)
def test_the_bridge_under_the_device_is_found(bridge: dict, device: str, expected: "str | None") -> None:
    facts = machine(
        link("br-lan", index=4, kind="bridge", **bridge),
        link("br-lan.10", index=5, kind="vlan", lower=4, vlan=10),
        link("wan", index=6),
    )
    router = compiled(section(device=device, virtual_mac="1"), facts=facts)["virtual_routers"][0]
    kept = [text for text in says(router, "takeover") if text.startswith("keep frames")]
    assert kept == (["keep frames for 00:00:5e:00:01:33 in " + expected] if expected else [])
    assert len([text for text in says(router, "release") if text.startswith("let")]) == len(kept)


def test_settings_are_named_once_for_two_virtual_routers_on_a_device() -> None:
    plan = compiled(
        section(virtual_mac="1"),
        section("second", vrid="52", virtual_mac="1", address=["192.168.1.3/24"]),
    )
    names = [name for name, _ in plan["sysctls"]]
    assert len(names) == len(set(names))
    assert ["net/ipv4/conf/br-lan/arp_announce", "2"] in plan["sysctls"]


@pytest.mark.parametrize(
    ("route", "patched"),
    [
        ("default via 192.168.1.254", []),
        ("10.0.0.0/8 via 192.168.1.254 dev wan", ["wan"]),
        ("10.0.0.0/8 dev wan", ["wan"]),
    ],
)
def test_a_route_names_a_device_where_the_kernel_cannot_find_it(route: str, patched: list[str]) -> None:
    router = compiled(section(route=[route], virtual_mac="1"))["virtual_routers"][0]
    step = next(step for step in router["takeover"] if step["say"] == "add route " + route)
    assert [name for _, name in step["patch"]] == patched


def test_an_interface_becomes_its_device() -> None:
    text = section(device=None, interface="lan", track_interface=["uplink"])
    names = {"lan": "br-lan", "uplink": "wan"}
    router = compiled(text, resolve=names.__getitem__)["virtual_routers"][0]
    assert (router["interface"], router["device"], router["tracks"]) == ("lan", "br-lan", [["wan", 0]])


def test_all_problems_come_at_once() -> None:
    many = ["10.1.%d.%d" % (number // 250, number % 250 + 1) for number in range(255)]
    facts = machine(link("br-lan", mtu=576), link("tun0", index=3, hardware=65534))
    problems = refused(
        section("a", device=None, interface="lan"),
        section("b", address=many),
        section("c", device="tun0", virtual_mac="1", address=["10.0.0.1"]),
        facts=facts,
    )
    assert len(problems) == 3
    assert "virtual_router 'a', option 'interface': interface lan cannot be resolved" in problems[0]
    assert "255 addresses make an advertisement of 1048 octets; 'br-lan' carries 576" in problems[1]
    assert "virtual_router 'c', option 'virtual_mac': device 'tun0' is not Ethernet" in problems[2]


def test_two_names_for_one_device_do_not_hide_a_vrid_that_is_used_twice() -> None:
    text = section("second", device=None, interface="lan", address=["192.168.1.3"])
    problems = refused(section(), text, resolve=lambda name: "br-lan")
    assert len(problems) == 1
    assert "virtual_router 'second', option 'vrid': VRID 51 is used by 'lan' on br-lan already" in problems[0]


def test_what_is_not_there_yet_is_a_warning() -> None:
    plan = compiled(section(track_interface=["wan"], virtual_mac="1"), facts=machine())
    assert [(each["code"], each["facts"], each["section_name"]) for each in plan["warnings"]] == [
        ("device-missing-macvlan", {"device": "br-lan"}, "lan"),
        ("tracked-missing", {"interface": "wan"}, "lan"),
    ]
    assert texts(plan) == [
        FILE + ": virtual_router 'lan': device 'br-lan' does not exist yet; make the plan again when it does",
        FILE + ": virtual_router 'lan': tracked interface 'wan' does not exist yet",
    ]


@pytest.mark.parametrize(("permanent", "count"), [(True, 1), (False, 0)])
def test_a_virtual_address_that_the_router_has_for_itself_is_a_warning(permanent: bool, count: int) -> None:
    own = OwnAddress("192.168.1.1", permanent)
    found = texts(compiled(section(), facts=machine(link("br-lan", addresses=(own,)))))
    assert len([text for text in found if "192.168.1.1 is also set on br-lan itself" in text]) == count


@given(st.integers(1, 255), st.sampled_from([4, 6]), st.text(min_size=1, max_size=15))
def test_a_macvlan_has_a_name_that_the_kernel_and_netifd_take(vrid: int, family: int, device: str) -> None:
    name = macvlan_name(family, vrid, device)
    assert 0 < len(name.encode()) <= 15
    assert not set(name) & set("./ :")
    assert name.startswith("hv%d-%d-" % (family, vrid))


def test_macvlans_on_different_devices_have_different_names() -> None:
    devices = ["br-lan", "br-lan.1", "br-lan.2", "eth0", "eth0.1", "a-very-long-nam", "a-very-long-nan"]
    assert len({macvlan_name(4, 51, device) for device in devices}) == len(devices)


def test_a_model_without_virtual_routers_makes_an_empty_plan() -> None:
    plan = compiled()
    assert (plan["virtual_routers"], plan["groups"], plan["commands"]["setup"]) == ([], [], [])
