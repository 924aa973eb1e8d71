# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together between WANs, groups and virtual routers."""

from haven.config.section_values import SectionValues
from haven.config.spelling import suggestion


def check_wans(wans: list[SectionValues], routers: list[SectionValues]) -> None:
    """Note every WAN that two sections claim, that is a LAN, or that no group has."""
    seen: dict[str, SectionValues] = {}
    for values in wans:
        interface = values.one("interface")
        if interface:
            first = seen.setdefault(interface, values)
            if first is not values:
                values.complain("wan-taken", "interface", interface=interface, other=first.section.label)
            _check_is_no_lan(values, interface, routers)
        _check_group(values, routers)


def _check_is_no_lan(values: SectionValues, interface: str, routers: list[SectionValues]) -> None:
    for router in routers:
        if router.one("interface") == interface:
            # It would go down with its role, and nobody would hear from it again.
            values.complain("wan-is-lan", "interface", interface=interface, other=router.section.label)
            return


def _check_group(values: SectionValues, routers: list[SectionValues]) -> None:
    # A virtual router without a group is one of its own.
    names = {each.one("group") or each.section.name for each in routers}
    name = values.one("group")
    if name and name not in names and all(each.sure("group") for each in routers):
        values.complain("group-missing", "group", name=name, **suggestion(name, names))
