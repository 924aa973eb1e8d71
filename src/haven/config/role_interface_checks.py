# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together between the interfaces that are up on the Active alone: WANs, tunnels, services."""

from haven.config.section_values import SectionValues
from haven.config.service_checks import groups_of
from haven.config.spelling import suggestion
from haven.contract.wan_words import MOST_WANS
from haven.contract.wireguard_words import MOST_TUNNELS

# Of more than these the other routers are not told (contract/channel.py).
_MOST = {"wan": MOST_WANS, "wireguard": MOST_TUNNELS}


def check_role_interfaces(
    sections: list[SectionValues], services: list[SectionValues], routers: list[SectionValues]
) -> None:
    """Note each `wan` or `wireguard` section whose interface another has, or is a LAN, that has no group, or
    is one too many.

    Services that have one interface are for service_checks.py.
    """
    taken: dict[str, SectionValues] = {}
    for values in services:
        for name in values.all("interface"):
            taken.setdefault(name, values)
    for values in sections:
        for option in ("interface", "device"):
            if values.given(option):
                _check_taken(values, option, taken)
                _check_is_no_lan(values, option, routers)
        _check_group(values, routers)
    _check_number(sections)


def _check_number(sections: list[SectionValues]) -> None:
    for kind, most in _MOST.items():
        found = [each for each in sections if each.section.type == kind]
        if len(found) > most:
            found[most].complain("wan-many", None, type=kind, count=len(found), most=most)


def _check_taken(values: SectionValues, option: str, taken: dict[str, SectionValues]) -> None:
    name = values.one(option)
    first = taken.setdefault(name, values) if name else values
    if first is not values:
        values.complain("wan-taken", option, interface=name, other=first.section.label)


def _check_is_no_lan(values: SectionValues, option: str, routers: list[SectionValues]) -> None:
    name = values.one(option)
    for router in routers:
        if name and name == router.one(option):
            # It would go down with its role, and nobody would hear from it again.
            values.complain("wan-is-lan", option, interface=name, other=router.section.label)
            return


def _check_group(values: SectionValues, routers: list[SectionValues]) -> None:
    names, name = groups_of(routers), values.one("group")
    if name and name not in names and all(each.sure("group") for each in routers):
        values.complain("group-missing", "group", name=name, **suggestion(name, names))
