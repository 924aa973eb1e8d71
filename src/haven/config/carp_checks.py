# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together within a virtual router that speaks CARP, and among several."""

from collections.abc import Callable

from haven.config.section_values import SectionValues
from haven.core.carp.ranking import HIGHEST_SKEW, MOST_LOWERED_SKEW
from haven.core.spec import CARP
from haven.core.vrrp.constants import OWNER_PRIORITY

# ucarp keeps an end of the string in its 20 octets, as FreeBSD's ifconfig does.
_MOST_ELSEWHERE = 19


def is_carp(values: SectionValues) -> bool:
    """Tell whether a virtual router speaks CARP."""
    return bool(values.one("protocol") == CARP)


def check_carp(values: SectionValues) -> None:
    """Note everything that does not fit within one virtual router of CARP."""
    interval_ms = values.one("advert_interval")
    if values.sure("advert_interval") and interval_ms % 1000:
        values.complain("carp-seconds", "advert_interval", interval_ms=interval_ms)
    _check_password(values)
    owner = values.sure("priority") and values.one("priority") == OWNER_PRIORITY
    if owner and not values.given("advskew"):
        values.complain("carp-owner", "priority")
    _check_advskew(values)
    if values.one("broadcast"):
        unicast = values.given("unicast_peer")
        if unicast or any(each.family == 6 for each in values.all("address")):
            values.complain("carp-broadcast", "broadcast")


def _check_advskew(values: SectionValues) -> None:
    # By the option that says it, where both are good.
    option = "advskew" if values.given("advskew") else "priority"
    if not values.items(option):
        return
    value = values.one(option)
    advskew = value if option == "advskew" else HIGHEST_SKEW - value
    if advskew > MOST_LOWERED_SKEW:
        values.caution("carp-advskew-high", option, advskew=advskew, most=MOST_LOWERED_SKEW)


def _check_password(values: SectionValues) -> None:
    if not values.given("password"):
        values.complain("carp-password-missing", "password")
        return
    password = values.one("password")
    if password is not None and len(password) > _MOST_ELSEWHERE:
        values.caution("carp-password-long", "password", longest=_MOST_ELSEWHERE)


def check_together(routers: list[SectionValues], place_of: Callable[[SectionValues], object]) -> None:
    """Note which virtual routers cannot be in one group, or on one device, with each other."""
    protocols: dict[str, SectionValues] = {}
    macs: dict[tuple[object, ...], SectionValues] = {}
    for values in routers:
        group = values.one("group")
        first = protocols.setdefault(group, values) if group else values
        if first.one("protocol") != values.one("protocol") and values.sure("protocol"):
            values.complain("carp-group-mixed", "group", group=group, other=first.section.label)
        if is_carp(values) and values.one("virtual_mac") and place_of(values):
            twin = macs.setdefault((place_of(values), values.one("vrid")), values)
            if twin is not values:
                values.complain("carp-mac-twice", "virtual_mac", other=twin.section.label)
