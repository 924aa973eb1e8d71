# SPDX-License-Identifier: GPL-2.0-or-later
"""`config wan`: what it needs, and what it cannot be."""

import pytest

from haven.config.load import load_text

LAN = """
config group 'gateway'

config virtual_router 'lan'
	option group 'gateway'
	option interface 'lan'
	option vrid '51'
	list address '10.9.0.1/24'
"""


def wan(name: str = "wan", interface: str = "wan", group: str = "gateway") -> str:
    """Return a section."""
    return f"\nconfig wan '{name}'\n\toption interface '{interface}'\n\toption group '{group}'\n"


def codes(text: str) -> list[str]:
    """Return what is wrong with a configuration."""
    return [each.code for each in load_text(text, "haven", "r1")[1]]


def test_a_wan_has_an_interface_and_a_group():
    model, problems = load_text(LAN + wan() + wan("wan6", "wan6"), "haven", "r1")
    assert problems == [] and model is not None
    assert [(each.name, each.interface, each.group) for each in model.wans] == [
        ("wan", "wan", "gateway"),
        ("wan6", "wan6", "gateway"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (wan() + wan("other"), "wan-taken"),
        (wan() + "\nconfig service 'x'\n\tlist interface 'wan'\n", "wan-taken"),
        (wan(interface="lan"), "wan-is-lan"),
        (wan(group="gatewaz"), "group-missing"),
        ("\nconfig wan\n\toption interface 'wan'\n\toption group 'gateway'\n", "section-unnamed"),
        ("\nconfig wan 'wan'\n\toption group 'gateway'\n", "option-missing"),
        ("\nconfig wan 'wan'\n\toption interface 'wan'\n", "option-missing"),
    ],
)
def test_what_is_wrong_is_named(text: str, code: str):
    assert codes(LAN + text) == [code]


def test_a_virtual_router_without_a_group_is_one():
    assert (
        codes(
            LAN.replace("\toption group 'gateway'\n", "").replace("config group 'gateway'\n", "")
            + wan(group="lan")
        )
        == []
    )


@pytest.mark.parametrize(("kind", "most"), [("wan", 16), ("wireguard", 32)])
def test_more_than_the_other_routers_are_told_of_is_named(kind: str, most: int):
    def text(count: int) -> str:
        names = [f"i{number}" for number in range(count)]
        return LAN + "".join(wan(name, name).replace("config wan", f"config {kind}") for name in names)

    assert codes(text(most)) == []
    (problem,) = load_text(text(most + 2), "haven", "r1")[1]
    assert problem.code == "wan-many" and problem.facts == {"type": kind, "count": most + 2, "most": most}
    assert f"i{most}" in str(problem)
