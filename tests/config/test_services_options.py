# SPDX-License-Identifier: GPL-2.0-or-later
"""Services by role in the configuration: what a profile says, what fits together, what is not here."""

from pathlib import Path
from typing import Any

import pytest

from haven.config.load import load_text
from haven.config.model import Model
from haven.config.options.service_section import ROLES
from haven.config.service_profiles import PROFILES
from haven.contract import services as contract
from haven.contract.plan import DocumentError, check_plan
from haven.plan.assemble import compile_plan, make_plan
from haven.plan.machine import DeviceFacts, Machine
from haven.plan.service_commands import part, warnings

FILE = "/etc/config/haven"
ROUTER = """
config virtual_router '{name}'
	option device '{name}'
	option vrid '51'
	list address '192.168.{number}.1/24'
"""
LAN, WAN = ROUTER.format(name="lan", number=1), ROUTER.format(name="wan", number=2)
MACHINE = Machine({"lan": DeviceFacts(2, "lan", bytes(6), 1500, True, 1)})


def section(name: str, **options: Any) -> str:
    """Write a section; a list for each option that has several values."""
    lines = [f"config service '{name}'"]
    for option, value in options.items():
        values = value if isinstance(value, list) else [value]
        kind = "list" if isinstance(value, list) else "option"
        lines += [f"\t{kind} {option} '{each}'" for each in values]
    return "\n".join(lines) + "\n"


def model(*sections: str, routers: str = LAN) -> Model:
    """Return a checked configuration."""
    found, problems = load_text(routers + "".join(sections), FILE)
    assert found is not None, problems
    return found


def codes(*sections: str, routers: str = LAN) -> list[tuple[str, str | None]]:
    """Return what is wrong with a configuration."""
    found, problems = load_text(routers + "".join(sections), FILE)
    assert (found is None) == bool(problems)
    return [(each.code, each.option) for each in problems]


def test_a_profile_says_the_rest():
    (service,) = model(section("vpn", profile="openvpn")).services
    assert (service.inits, service.role, service.order, service.group) == (("openvpn",), "active", 40, "lan")
    assert service.process and not service.required


def test_what_stands_beside_a_profile_comes_before_it():
    found = model(section("vpn", profile="openvpn", init=["vpn-own"], role="backup", order="7"))
    (service,) = found.services
    assert (service.inits, service.role, service.order, service.process) == (("vpn-own",), "backup", 7, False)


def test_they_stand_in_the_order_in_which_they_are_started():
    found = model(
        section("b", init=["b"]),
        section("ddns", profile="ddns"),
        section("a", init=["a"]),
        section("dns", profile="dnsmasq"),
    )
    assert [each.name for each in found.services] == ["dns", "ddns", "b", "a"]


def test_one_that_is_switched_off_is_none():
    assert model(section("vpn", profile="openvpn", enabled="0")).services == ()


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, [("service-nothing", None)]),
        ({"start": "x"}, [("service-half", "stop")]),
        ({"init": ["a"], "stop": "x"}, [("service-half", "start")]),
        ({"start": "x", "stop": "y", "init": ["a"]}, [("service-mixed", "init")]),
        ({"start": "x", "stop": "y", "profile": "openvpn"}, [("service-mixed", "profile")]),
        ({"profile": "wireguard"}, [("option-missing", "interface")]),
        ({"profile": "opnvpn"}, [("value-choice", "profile")]),
        ({"init": ["/etc/init.d/a"]}, [("value-init", "init")]),
        ({"init": ["haven"]}, [("value-init-haven", "init")]),
        ({"start": "x" * 501, "stop": "y"}, [("value-shell-command", "start")]),
        ({"init": ["a"], "reload": "x", "role": "active"}, [("option-only-with", "reload")]),
        ({"init": ["a"], "group": "lam"}, [("group-missing", "group")]),
        ({"init": ["a"], "start_timeout": "0"}, [("value-whole", "start_timeout")]),
    ],
)
def test_what_does_not_fit_is_named(options: dict[str, Any], wrong: list[tuple[str, str | None]]):
    assert codes(section("vpn", **options)) == wrong


def test_of_several_groups_one_has_to_be_named():
    assert codes(section("vpn", init=["a"]), routers=LAN + WAN) == [("service-groups", "group")]
    assert codes(section("vpn", init=["a"], group="wan"), routers=LAN + WAN) == []


def test_no_script_and_no_interface_is_in_two_services():
    one = section("one", profile="openvpn")
    assert codes(one, section("two", init=["openvpn"])) == [("service-init-taken", "init")]
    assert codes(one, section("two", init=["openvpn"], enabled="0")) == []
    wireguard = [section(name, profile="wireguard", interface=["wg0"]) for name in ("one", "two")]
    assert codes(*wireguard) == [("service-init-taken", "interface")]


def test_every_profile_can_be_had():
    for profile in PROFILES:
        more = {"interface": ["wg0"]} if profile.interface else {}
        (service,) = model(section("it", profile=profile.name, **more)).services
        assert service.role in ROLES and (service.inits or service.interfaces)
    assert ROLES == contract.ROLES


def test_the_plan_has_commands_in_the_order_of_starting_and_stopping():
    found = model(
        section("two", init=["a", "b"], interface=["wg0"], role="both"), section("own", start="x", stop="y")
    )
    planned = part(found)
    assert planned is not None
    two, own = planned["services"]
    assert two["start"] == [["/etc/init.d/a", "start"], ["/etc/init.d/b", "start"], ["ifup", "wg0"]]
    assert two["stop"] == [["ifdown", "wg0"], ["/etc/init.d/b", "stop"], ["/etc/init.d/a", "stop"]]
    assert two["reload"][0] == ["/etc/init.d/a", "reload"] and "ifstatus wg0" in two["check"][2]
    assert (own["start"], own["stop"], own["check"]) == (
        [["/bin/sh", "-c", "x"]],
        [["/bin/sh", "-c", "y"]],
        None,
    )


def test_a_plan_with_services_is_checked():
    document, _problems = compile_plan(model(section("vpn", profile="openvpn")), MACHINE, FILE)
    assert document is not None
    check_plan(document)
    for key, value in (("role", "boss"), ("start", "x"), ("start_timeout_us", 0), ("required", 1)):
        damaged = {**document["parts"]["services"]["services"][0], key: value}
        with pytest.raises(DocumentError):
            check_plan({**document, "parts": {"services": {"services": [damaged]}}})
    twice = document["parts"]["services"]["services"] * 2
    with pytest.raises(DocumentError):
        check_plan({**document, "parts": {"services": {"services": twice}}})


def test_a_plan_without_services_has_no_part_of_that_name():
    document, _problems = compile_plan(model(), MACHINE, FILE)
    assert document is not None and "services" not in document["parts"]


def test_what_this_machine_has_not_is_a_warning_and_nothing_else_stops(tmp_path: Path):
    (tmp_path / "etc/init.d").mkdir(parents=True)
    (tmp_path / "etc/init.d/there").touch()
    (tmp_path / "etc/config").mkdir()
    network = "config interface 'wg0'\nconfig interface 'wg1'\n\toption auto '0'\n"
    (tmp_path / "etc/config/network").write_text(network)
    found = model(
        section("a", init=["there", "gone"]),
        section("b", profile="openvpn"),
        section("c", profile="wireguard", interface=["wg0", "wg1", "wg2"]),
    )
    said = sorted((each.code, each.facts) for each in warnings(found, FILE, str(tmp_path)))
    assert said == [
        ("service-interface-auto", {"interface": "wg0"}),
        ("service-interface-missing", {"interface": "wg2"}),
        ("service-package-missing", {"init": "openvpn", "profile": "openvpn", "package": "openvpn-openssl"}),
        ("service-script-missing", {"init": "gone"}),
    ]


def test_a_service_that_is_not_here_does_not_make_the_next_start_wait_for_the_compiler(tmp_path: Path):
    config = tmp_path / "haven"
    router = ROUTER.format(name="lo", number=1)
    config.write_text(router + section("vpn", init=["gone-by-test"]))
    document, _problems = make_plan(str(config))
    assert document is not None and [each["code"] for each in document["warnings"]] == [
        "service-script-missing"
    ]
    assert document["made_from"] is not None
