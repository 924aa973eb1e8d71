# SPDX-License-Identifier: GPL-2.0-or-later
"""What hosts are told: odhcpd's configuration and the virtual router's own options, in the plan."""

from pathlib import Path
from typing import Any

import pytest

from haven.cli.plan_text import show_plan
from haven.config.load import load_text
from haven.config.uci.document import parse
from haven.contract.fields import DocumentError
from haven.contract.plan import Plan, check_plan
from haven.inet import octets_of
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine
from haven.plan.odhcpd import of_section
from haven.plan.sequences import with_sequences

MAIN = "config haven 'main'\n\toption node 'r1'\n\toption enabled '1'\n"
SIX = """
config virtual_router '%s'
	option %s '%s'
	option vrid '%d'
	list address 'fe80::%d/64'
	list address '2001:db8:%d::1/64'
	list address 'fd00:%d::1/64'
	option ra '1'
%s
"""
SERVED = """
config dhcp 'lan'
	option interface 'lan'
	option ra 'server'
	option dhcpv6 'server'
	list ra_flags 'managed-config'
	list ra_flags 'other-config'
"""


def six(more: str = "", place: str = "interface", where: str = "lan", vrid: int = 51) -> str:
    return SIX % (f"v{vrid}", place, where, vrid, vrid, vrid, vrid, more)


def compiled(folder: Path, *sections: str, hardware: int = 1) -> tuple[Any, list[Any]]:
    (folder / "config").mkdir(exist_ok=True)
    path = str(folder / "config/haven")
    model, problems = load_text(MAIN + "".join(sections), path)
    assert model is not None, [str(each) for each in problems]
    link = DeviceFacts(2, "br-lan", bytes(6), 1492, True, hardware)
    return compile_plan(model, Machine({"br-lan": link}), path, lambda _name: "br-lan")


def advert(folder: Path, more: str = "", place: str = "interface", where: str = "lan") -> dict[str, Any]:
    plan, problems = compiled(folder, six(more, place, where))
    assert plan is not None, [str(each) for each in problems]
    return dict(check_plan(plan)["virtual_routers"][0]["router_advert"])


def serve(folder: Path, text: str) -> None:
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/dhcp").write_text(text)


def test_without_odhcpd_it_is_the_least_that_works(tmp_path: Path) -> None:
    said = advert(tmp_path)
    assert said["prefixes"] == [] and said["virtual_prefixes"] == ["2001:db8:51::/64", "fd00:51::/64"]
    assert (said["source"], said["lifetime_s"], said["default"]) == ("fe80::51", 2700, 2)
    assert (said["managed"], said["other"], said["dns"], said["domains"]) == (False, False, [], [])
    assert said["link_mtu"] == 0 and said["max_interval_us"] == 600_000_000


def test_with_odhcpd_it_is_what_odhcpd_would_say(tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("# OpenWrt\nsearch lan home.arpa\nnameserver 127.0.0.1\n")
    serve(tmp_path, SERVED)
    said = advert(tmp_path)
    assert (said["managed"], said["other"], said["default"], said["link_mtu"]) == (True, True, 0, 1492)
    # Not the router's own address, which goes with the router; the local one first, as odhcpd has it.
    assert said["dns"] == ["fd00:51::1"] and said["domains"] == ["lan", "home.arpa"]
    assert (said["preferred_s"], said["valid_s"], said["lifetime_s"]) == (2700, 5400, 2700)
    # Of another interface's section it takes nothing.
    assert advert(tmp_path, place="device", where="br-lan")["other"] is False


def test_the_virtual_routers_own_options_go_first(tmp_path: Path) -> None:
    serve(tmp_path, SERVED + "\toption ra_maxinterval '60'\n\toption ra_preference 'low'\n")
    own = (
        "\tlist ra_prefix '2001:db8:9::/64'\n\tlist ra_dns '2001:db8::53'\n\tlist ra_domain 'example.org.'\n"
        "\tlist ra_flags 'none'\n\toption ra_default '1'\n\toption ra_preference 'high'\n"
        "\toption ra_lifetime '1800'\n\toption ra_maxinterval '30'\n\toption ra_mtu '1280'\n"
    )
    said = advert(tmp_path, own)
    assert (said["managed"], said["other"], said["default"], said["preference"]) == (False, False, 1, "high")
    assert (said["lifetime_s"], said["max_interval_us"], said["min_interval_us"]) == (
        1800,
        30_000_000,
        10_000_000,
    )
    assert said["prefixes"] == ["2001:db8:9::/64"] and said["link_mtu"] == 1280
    assert said["dns"] == ["2001:db8::53"] and said["domains"] == ["example.org"]
    spec = Plan(compiled(tmp_path, six(own))[0]).routers["v51"].advertises
    assert spec is not None and spec.dns == (octets_of("2001:db8::53"),)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("option ra_lifetime '0'", {"lifetime_s": 2700}),
        ("option ra_lifetime '5'", {"lifetime_s": 600}),
        ("option ra_maxinterval '1'", {"max_interval_s": 4, "min_interval_s": 3}),
        ("option ra_maxinterval '30'", {"max_interval_s": 30, "min_interval_s": 10}),
        ("option ra_mininterval '9999'", {"min_interval_s": 450}),
        ("option max_valid_lifetime '10m'", {"valid_s": 600, "preferred_s": 600}),
        ("option max_preferred_lifetime 'infinite'", {"preferred_s": 5400}),
        ("option ra_mtu '100'", {"mtu": 1280}),
        ("option ra_hoplimit '0'", {"hop_limit": 64}),
        ("option ra_slaac '0'", {"autonomous": False}),
        ("option ra_offlink '1'", {"on_link": False}),
        ("option ra_dns '0'", {"dns": (), "domains": ()}),
        ("option dns_service '0'", {"dns": ()}),
        ("list dns '192.168.1.1'", {"dns": None}),
        ("list dns '192.168.1.1'\n\tlist dns 'fd00::53'", {"dns": ("fd00::53",)}),
        ("list domain 'lan'\n\tlist domain 'x.org'", {"domains": ("lan", "x.org")}),
        ("list ra_flags 'none'", {"managed": False, "other": False}),
        ("option ra_flags 'managed-config other-config'", {"managed": True, "other": True}),
        ("option ra_maxinterval 'soon'", {"max_interval_s": 600, "odd": [("ra_maxinterval", "soon")]}),
        ("list ra_flags 'odd'", {"other": False, "odd": [("ra_flags", "odd")]}),
    ],
)
def test_a_value_of_odhcpds_is_taken_as_odhcpd_takes_it(options: str, wanted: dict[str, Any]) -> None:
    (section,), problems = parse("config dhcp 'lan'\n\t%s\n" % options, "dhcp", "dhcp")
    assert problems == []
    said = of_section(section)
    assert {key: getattr(said, key) for key in wanted} == wanted


def test_what_is_odd_in_odhcpds_configuration_is_a_warning_that_names_it(tmp_path: Path) -> None:
    serve(tmp_path, SERVED + "\toption ra_slaac 'perhaps'\n")
    plan, _problems = compiled(tmp_path, six())
    (warning,) = plan["warnings"]
    assert (warning["code"], warning["option"]) == ("ra-dhcp-odd", "ra_slaac")
    serve(tmp_path, "config dhcp 'lan'\n\toption interface 'lan\n")
    plan, _problems = compiled(tmp_path, six())
    assert [each["code"] for each in plan["warnings"]] == ["ra-dhcp-unread"]


def test_a_device_in_place_of_an_interface_is_a_warning_where_odhcpd_is(tmp_path: Path) -> None:
    alone = six(place="device", where="br-lan")
    assert compiled(tmp_path, alone)[0]["warnings"] == []
    serve(tmp_path, SERVED)
    assert [each["code"] for each in compiled(tmp_path, alone)[0]["warnings"]] == ["ra-no-interface"]


def test_what_no_option_could_hold_is_left_out(tmp_path: Path) -> None:
    servers = "".join("\tlist dns 'fd00::%x'\n" % number for number in range(1, 80))
    domains = ["x" * 64, "a..b", "lan", *("%s%d.org" % ("y" * 50, number) for number in range(40))]
    serve(tmp_path, SERVED + servers + "".join("\tlist domain '%s'\n" % each for each in domains))
    said = advert(tmp_path)
    assert len(said["dns"]) == 64 and said["domains"][0] == "lan"
    # 1000 octets at most, each with its length and its end.
    assert sum(len(each) + 2 for each in said["domains"]) <= 1000 and len(said["domains"]) > 15


def test_two_on_one_device_would_be_two_routers_to_the_hosts(tmp_path: Path) -> None:
    plan, (problem,) = compiled(tmp_path, six(), six(vrid=52, place="device", where="br-lan"))
    assert plan is None and (problem.code, problem.facts["name"]) == ("ra-twice", "v51")
    plan, (problem,) = compiled(tmp_path, six(), hardware=65534)
    assert plan is None and problem.code == "ra-not-ethernet"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("\tlist ra_prefix '2001:db8::1/64'", "prefix-host-bits"),
        ("\tlist ra_prefix '192.0.2.0/24'", "prefix-not-ipv6"),
        ("\tlist ra_prefix 'fe80::/64'", "prefix-not-ipv6"),
        ("\tlist ra_prefix '2001:db8::'", "prefix-not-ipv6"),
        ("\tlist ra_dns '192.0.2.1'", "address-not-ipv6"),
        ("\tlist ra_domain 'a..b'", "value-domain"),
        ("\tlist ra_domain '%s'" % ("x" * 64), "value-domain"),
        ("\toption ra_lifetime '100'\n\toption ra_maxinterval '200'", "ra-lifetime-short"),
        ("\toption ra_maxinterval '3'", "value-whole"),
    ],
)
def test_what_no_host_could_be_told_is_refused(more: str, code: str) -> None:
    model, problems = load_text(MAIN + six(more), "/etc/config/haven")
    assert model is None and [each.code for each in problems] == [code]


def test_an_option_without_ra_and_ra_without_ipv6_mean_nothing() -> None:
    text = six("\toption ra_mtu '1280'").replace("option ra '1'", "option ra '0'")
    _model, problems = load_text(MAIN + text, "/etc/config/haven")
    assert [str(each).rpartition(": ")[2] for each in problems] == ["works with ra 1 only; here it is ra 0"]
    four = (
        "config virtual_router 'lan'\n\toption device 'x'\n\toption vrid '1'\n\tlist address '192.0.2.1/24'\n"
    )
    _model, problems = load_text(MAIN + four + "\toption ra '1'\n", "/etc/config/haven")
    assert [each.code for each in problems] == ["ra-ipv4"]


def test_the_plan_shows_what_hosts_are_told_and_when(tmp_path: Path) -> None:
    serve(tmp_path, SERVED)
    plan, _problems = compiled(tmp_path, six())
    text = " ".join(show_plan(with_sequences(plan)).split())
    assert "router advertisement from fe80::51" in text
    assert "default router for 2700 s at a time, while it has a default route and a public prefix" in text
    assert "prefixes: 2001:db8:51::/64, fd00:51::/64, those of the device" in text
    assert "DHCPv6: managed, other" in text and "DNS: fd00:51::1" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("min_interval_us", 601_000_000),
        ("max_interval_us", 1),
        ("prefixes", ["2001:db8::/129"]),
        ("prefixes", ["192.0.2.0/24"]),
        ("virtual_prefixes", ["x"]),
        ("dns", ["192.0.2.1"]),
        ("source", "192.0.2.1"),
        ("preference", "none"),
        ("default", 3),
        ("dns", ["fd00::1"] * 65),
        ("domains", ["a..b"]),
        ("domains", ["x" * 64]),
        ("domains", ["\u00fc.org"]),
    ],
)
def test_a_plan_that_somebody_has_changed_by_hand_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    plan, _problems = compiled(tmp_path, six())
    plan["virtual_routers"][0]["router_advert"][key] = value
    with pytest.raises(DocumentError):
        check_plan(plan)
