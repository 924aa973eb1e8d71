# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together within one virtual router, and the typed value made from it."""

from haven.config.addresses import family_of as family_of_octets
from haven.config.auth_checks import check_keys
from haven.config.carp_checks import check_carp, is_carp
from haven.config.section_values import OptionValue, SectionValues
from haven.core.auth.auth_spec import ENFORCE
from haven.core.spec import BY_ROUTE
from haven.core.vrrp.constants import MOST_ADDRESSES, OWNER_PRIORITY, is_link_local, longest_interval_us

_FAMILY_NAME = {4: "IPv4", 6: "IPv6"}


def check_router(values: SectionValues) -> None:
    """Note everything that does not fit within one virtual_router section."""
    if is_carp(values):
        check_carp(values)
    else:
        _check_interval(values)
        check_keys(values)
    family = family_of(values)
    if not family:
        return
    _check_addresses(values, family)
    _check_families(values, family)
    _check_hosts(values)
    if values.sure("version") and family == 6 and values.one("version") == 2 and not is_carp(values):
        values.complain("version-2-ipv6", "version")
    if family == 4 and values.one("ra") and values.sure("address"):
        values.complain("ra-ipv4", "ra")
    _check_lifetime(values)
    _check_announcing(values)
    if values.items("checksum") and not is_carp(values) and _is_surely_ipv6(values):
        values.complain("checksum-ipv6", "checksum")


def family_of(values: SectionValues) -> int:
    """Give the family of the first good address, 4 or 6, or 0 while there is none."""
    addresses = values.all("address")
    return addresses[0].family if addresses else 0


def _is_surely_ipv6(values: SectionValues) -> bool:
    # A wrong address may be what makes it look like IPv6; version 2 beside IPv6 has been complained of.
    clear = values.sure("address", "version") and values.one("version") == 3
    return clear and all(address.family == 6 for address in values.all("address"))


def _check_interval(values: SectionValues) -> None:
    if not values.sure("version", "advert_interval"):
        return
    interval_ms, version = values.one("advert_interval"), values.one("version")
    if version == 2 and interval_ms % 1000:
        values.complain("interval-seconds", "advert_interval", interval_ms=interval_ms)
    longest_ms = longest_interval_us(version) // 1000
    if version == 3 and interval_ms > longest_ms:
        values.complain("interval-long", "advert_interval", interval_ms=interval_ms, longest_ms=longest_ms)


def _check_lifetime(values: SectionValues) -> None:
    lifetime_s, interval_s = values.one("ra_lifetime"), values.one("ra_maxinterval")
    # RFC 4861 6.2.1: else hosts would lose the router between two advertisements.
    if lifetime_s and lifetime_s < (interval_s or 0):
        values.complain("ra-lifetime-short", "ra_lifetime", lifetime_s=lifetime_s, interval_s=interval_s)


def _check_announcing(values: SectionValues) -> None:
    if values.one("announce") != BY_ROUTE:
        return
    for option in ("virtual_mac", "ra"):
        if values.one(option):
            values.complain("announce-route-link", option)
    active, standby = values.one("announce_metric"), values.one("standby_metric")
    if values.sure("announce_metric", "standby_metric") and standby is not None and standby <= active:
        values.complain("standby-metric-low", "standby_metric", metric=standby, active=active)


def _check_addresses(values: SectionValues, family: int) -> None:
    addresses = values.all("address")
    if len(addresses) > MOST_ADDRESSES:
        values.complain("addresses-many", "address", count=len(addresses), most=MOST_ADDRESSES)
    link_local = any(is_link_local(address.octets) for address in addresses)
    if family == 6 and not link_local and values.sure("address") and not _needs_no_link_local(values):
        values.complain("link-local-missing", "address")
    seen = set()
    for item in values.items("address"):
        if item.value.octets in seen:
            values.complain("value-repeated", "address", item.line, value=item.text)
        seen.add(item.value.octets)


def _needs_no_link_local(values: SectionValues) -> bool:
    return is_carp(values) and not values.one("ra")


def _check_families(values: SectionValues, family: int) -> None:
    first = values.items("address")[0].text
    for option in ("address", "route", "unicast_peer", "source_address"):
        for item in values.items(option):
            found = _family_of_item(option, item)
            if found not in (0, family):
                facts = {"family": _FAMILY_NAME[found], "first": first, "first_family": _FAMILY_NAME[family]}
                values.complain("families-mixed", option, item.line, value=item.text, **facts)


def _family_of_item(option: str, item: OptionValue) -> int:
    return item.value.family if option in ("address", "route") else family_of_octets(item.value)


def _check_hosts(values: SectionValues) -> None:
    virtual = [address.octets for address in values.all("address")]
    source = values.one("source_address")
    _check_hops(values)
    for item in values.items("unicast_peer"):
        if item.value in virtual:
            values.complain("peer-virtual", "unicast_peer", item.line, value=item.text)
        if item.value == source:
            values.complain("peer-is-source", "unicast_peer", item.line, value=item.text)
    if source is None:
        return
    if source in virtual and values.sure("priority") and values.one("priority") != OWNER_PRIORITY:
        values.complain("source-virtual", "source_address")
    if len(source) == 16 and not is_link_local(source) and not values.given("unicast_peer"):
        # RFC 9568 5.1.2.1: by multicast, the source is a link-local address.
        values.complain("source-not-link-local", "source_address")


def _check_hops(values: SectionValues) -> None:
    """Note where neither TTL 255 nor a signature says that nobody off the link has forged a packet.

    RFC 9568 5.1.1.3.
    """
    is_signed = values.given("auth_key") and values.one("auth_mode") == ENFORCE
    if is_carp(values) or not values.one("unicast_hops") or is_signed:
        return
    if values.one("unicast_hops_unsigned"):
        values.caution("hops-unauthenticated", "unicast_hops_unsigned")
    elif values.sure("unicast_hops_unsigned", "auth_mode"):
        values.complain("hops-unsigned", "unicast_hops")
