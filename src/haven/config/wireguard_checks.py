# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together between WireGuard interfaces, groups and other sections."""

from haven.config.section_values import SectionValues
from haven.config.spelling import suggestion


def check_wireguards(
    wireguards: list[SectionValues], others: list[SectionValues], routers: list[SectionValues]
) -> None:
    """Note each interface that two sections claim or that is a LAN; `others` are those that have theirs."""
    taken: dict[str, SectionValues] = {}
    for values in others:
        for name in _interfaces(values):
            taken.setdefault(name, values)
    for values in wireguards:
        for option in ("interface", "device"):
            name = values.one(option)
            first = taken.setdefault(name, values) if name else values
            if first is not values:
                values.complain("wan-taken", option, interface=name, other=first.section.label)
            _check_is_no_lan(values, option, name, routers)
        _check_group(values, routers)


def _interfaces(values: SectionValues) -> tuple[str, ...]:
    """Return what a `wan` or a `service` section sets up and down."""
    if values.type.name == "service":
        return values.all("interface")
    name = values.one("interface")
    return (name,) if name else ()


def _check_is_no_lan(
    values: SectionValues, option: str, name: str | None, routers: list[SectionValues]
) -> None:
    for router in routers:
        if name and name == router.one(option):
            values.complain("wan-is-lan", option, interface=name, other=router.section.label)
            return


def _check_group(values: SectionValues, routers: list[SectionValues]) -> None:
    # A virtual router without a group is one of its own.
    names = {each.one("group") or each.section.name for each in routers}
    name = values.one("group")
    if name and name not in names and all(each.sure("group") for each in routers):
        values.complain("group-missing", "group", name=name, **suggestion(name, names))
