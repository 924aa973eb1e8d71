# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that a routing daemon announces: what does not fit beside them."""

import pytest

from haven.config.load import load_text
from tests.config.test_check import complaints

ROUTED = """
config virtual_router 'lan'
    option device 'eth0'
    option vrid '7'
    list address '10.0.0.1'
    option announce 'route'
"""
ON_LINK = "is for hosts on the link; with announce 'route' the addresses are on no link"
UNSIGNED = "    option unicast_hops_unsigned '1'\n"
KEY = "    option auth_key 'hex:%s'\n" % ("ab" * 32)
SIX = ROUTED.replace("10.0.0.1", "fe80::1")


@pytest.mark.parametrize(
    ("text", "option", "message"),
    [
        (ROUTED + "    option virtual_mac '1'\n", "virtual_mac", ON_LINK),
        (SIX + "    option ra '1'\n", "ra", ON_LINK),
        (
            ROUTED + "    option standby_metric '100'\n",
            "standby_metric",
            "100 is not above the announce_metric 100: others would keep to a Backup",
        ),
        (ROUTED + "    option announce_metric '0'\n", "announce_metric", "from 1 to 65535"),
        (ROUTED.replace("'route'", "'bgp'"), "announce", "'bgp' is none of these: arp, route"),
        (
            ROUTED.replace("'route'", "'arp'") + "    option announce_device 'lo'\n",
            "announce_device",
            "works with announce route only; here it is announce arp",
        ),
        (
            ROUTED.replace("    option device 'eth0'\n", ""),
            "",
            "needs one of these: interface, device",
        ),
    ],
)
def test_what_does_not_fit_is_named(text: str, option: str, message: str) -> None:
    (said,) = complaints(text)
    assert message in said
    assert not option or f"option '{option}'" in said


@pytest.mark.parametrize("text", [ROUTED, SIX, ROUTED + "    option standby_metric '101'\n"])
def test_what_fits_is_taken(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("hops", "more", "codes"),
    [
        ("2", UNSIGNED, ["hops-unauthenticated"]),
        ("2", UNSIGNED + KEY + "    option auth_mode 'permissive'\n", ["hops-unauthenticated"]),
        ("2", UNSIGNED + KEY, []),
        ("2", KEY, []),
        ("0", "", []),
    ],
)
def test_advertisements_from_afar_may_be_unsigned_with_a_warning(
    hops: str, more: str, codes: list[str]
) -> None:
    text = ROUTED + f"    option unicast_hops '{hops}'\n    list unicast_peer '10.0.1.3'\n" + more
    model, problems = load_text(text, "haven", "r1")
    assert model is not None and problems == []
    assert [each.code for each in model.warnings] == codes


@pytest.mark.parametrize("more", ["", KEY + "    option auth_mode 'permissive'\n"])
def test_advertisements_from_afar_without_a_key_are_refused(more: str) -> None:
    (said,) = complaints(ROUTED + "    option unicast_hops '2'\n    list unicast_peer '10.0.1.3'\n" + more)
    assert "option 'unicast_hops'" in said and "set auth_key" in said and "unicast_hops_unsigned" in said
