# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual router that speaks CARP: what is taken, and what is refused by name."""

import pytest

from haven.config.load import load_text

HEAD = "config haven 'main'\n    option node 'r1'\n"
LAN = """config virtual_router 'lan'
    option device 'br-lan'
    option vrid '42'
    list address '192.168.1.1/24'
"""
CARP = "    option protocol 'carp'\n    option password 'secretpw'\n"
LAN6 = LAN.replace("'lan'", "'lan6'").replace("192.168.1.1/24", "2001:db8::1/64")


def router_of(text: str):
    model, problems = load_text(HEAD + text, "haven")
    assert model is not None, [str(each) for each in problems]
    return model.virtual_routers[0], model


def complaints(text: str) -> list[tuple[str | None, str]]:
    model, problems = load_text(HEAD + text, "haven")
    assert model is None
    return [(each.option, each.code) for each in problems]


def test_carp_needs_a_password_and_nothing_more():
    router, model = router_of(LAN + CARP)
    assert (router.protocol, router.password, router.advskew, router.broadcast) == (
        "carp",
        b"secretpw",
        None,
        False,
    )
    assert router.advert_interval_us == 1_000_000 and model.warnings == ()


def test_ipv6_needs_no_link_local_address():
    assert router_of(LAN6 + CARP)[0].family == 6


def test_the_slowest_is_255_seconds():
    assert (
        router_of(LAN + CARP + "    option advert_interval '255000'\n")[0].advert_interval_us == 255_000_000
    )


def test_a_password_that_others_do_not_take_is_told_of():
    (warning,) = router_of(LAN + CARP.replace("secretpw", "x" * 20))[1].warnings
    assert (warning.code, warning.option) == ("carp-password-long", "password")


@pytest.mark.parametrize(
    "added, option",
    [("option advskew '241'", "advskew"), ("option priority '13'", "priority"), ("option advskew '240'", "")],
)
def test_an_advskew_that_freebsd_does_not_say_is_told_of(added: str, option: str):
    warnings = router_of(LAN + CARP + f"    {added}\n")[1].warnings
    assert [(each.code, each.option) for each in warnings] == [("carp-advskew-high", option)] * bool(option)


WRONG = {
    "no password": (LAN + "    option protocol 'carp'\n", [("password", "carp-password-missing")]),
    "a password too long": (LAN + CARP.replace("secretpw", "x" * 21), [("password", "value-long")]),
    "half a second": (
        LAN + CARP + "    option advert_interval '500'\n",
        [("advert_interval", "carp-seconds")],
    ),
    "no whole seconds": (
        LAN + CARP + "    option advert_interval '1500'\n",
        [("advert_interval", "carp-seconds")],
    ),
    "an advskew too high": (LAN + CARP + "    option advskew '255'\n", [("advskew", "value-whole")]),
    "advskew with VRRP": (LAN + "    option advskew '1'\n", [("advskew", "option-only-with")]),
    "a password with VRRP": (LAN + "    option password 'x'\n", [("password", "option-only-with")]),
    "a version": (LAN + CARP + "    option version '3'\n", [("version", "option-only-with")]),
    "a checksum": (LAN + CARP + "    option checksum 'message'\n", [("checksum", "option-only-with")]),
    "routers between": (LAN + CARP + "    option unicast_hops '1'\n", [("unicast_hops", "option-only-with")]),
    "VRRP's password": (LAN + CARP + "    option auth_pass 'x'\n", [("auth_pass", "option-only-with")]),
    "VRRP's key": (
        LAN + CARP + "    option auth_key '1:0123456789abcdef0123456789abcdef'\n",
        [("auth_key", "option-only-with")],
    ),
    "an owner": (LAN + CARP + "    option priority '255'\n", [("priority", "carp-owner")]),
    "another protocol": (LAN + "    option protocol 'hsrp'\n", [("protocol", "value-choice")]),
    "broadcast to a peer": (
        LAN + CARP + "    option broadcast '1'\n    list unicast_peer '192.168.1.3'\n",
        [("broadcast", "carp-broadcast")],
    ),
    "broadcast by IPv6": (LAN6 + CARP + "    option broadcast '1'\n", [("broadcast", "carp-broadcast")]),
    "router advertisements without a link-local address": (
        LAN6 + CARP + "    option ra '1'\n",
        [("address", "link-local-missing")],
    ),
    "both protocols of one number": (
        LAN + LAN.replace("'lan'", "'two'").replace("1.1/", "1.2/") + CARP,
        [("vrid", "vrid-used")],
    ),
    "one MAC address twice": (
        LAN + CARP + "    option virtual_mac '1'\n" + LAN6 + CARP + "    option virtual_mac '1'\n",
        [("virtual_mac", "carp-mac-twice")],
    ),
    "a group of both": (
        "config group 'gw'\n"
        + LAN
        + "    option group 'gw'\n"
        + LAN6.replace("2001:db8::1", "fe80::1")
        + CARP
        + "    option group 'gw'\n",
        [("group", "carp-group-mixed")],
    ),
}


@pytest.mark.parametrize("text, expected", WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused_by_name(text: str, expected: list[tuple[str, str]]):
    assert complaints(text) == expected
