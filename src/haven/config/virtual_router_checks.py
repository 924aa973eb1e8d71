# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together within one virtual router, and the typed value made from it."""

from haven.config.model import Address, Route, TrackedInterface, VirtualRouterSettings
from haven.config.section_values import OptionValue, SectionValues
from haven.core.vrrp.constants import MOST_ADDRESSES, OWNER_PRIORITY, is_link_local, longest_interval_us

_FAMILY_NAME = {4: "IPv4", 6: "IPv6"}


def check_router(values: SectionValues) -> None:
    """Note everything that does not fit within one virtual_router section."""
    _check_interval(values)
    family = family_of(values)
    if not family:
        return
    _check_addresses(values, family)
    _check_families(values, family)
    _check_hosts(values)
    if values.sure("version") and family == 6 and values.one("version") == "2":
        values.complain("version 2 knows IPv4 only; use version 3 for IPv6 addresses", "version")
    if family == 6 and values.given("checksum"):
        values.complain("is a choice for IPv4 only; leave it out with IPv6 addresses", "checksum")


def family_of(values: SectionValues) -> int:
    """Give the family of the first good address, 4 or 6, or 0 while there is none."""
    addresses = values.all("address")
    return _family(addresses[0][0]) if addresses else 0


def make_router(values: SectionValues) -> VirtualRouterSettings:
    """Make the typed value from a section without a problem."""
    one, all = values.one, values.all
    return VirtualRouterSettings(
        name=values.section.name,
        group=one("group") or values.section.name,
        interface=one("interface"),
        device=one("device"),
        vrid=one("vrid"),
        version=int(one("version")),
        family=family_of(values),
        priority=one("priority"),
        interval_us=one("advert_interval") * 1000,
        virtual_mac=one("virtual_mac"),
        accept=one("accept"),
        addresses=_ordered([_address(*pair) for pair in all("address")]),
        routes=tuple(_route(*parts) for parts in all("route")),
        unicast_peers=all("unicast_peer"),
        auth_pass=one("auth_pass"),
        source=one("source_address"),
        checksum=one("checksum"),
        tracks=tuple(TrackedInterface(*pair) for pair in all("track_interface")),
        announce_refresh_us=one("announce_refresh") * 1_000_000,
    )


def _family(octets: bytes) -> int:
    return 4 if len(octets) == 4 else 6


def _address(octets: bytes, prefix: int) -> Address:
    return Address(_family(octets), octets, prefix)


def _route(
    destination: tuple[bytes, int] | None,
    via: bytes | None,
    device: str | None,
    source: bytes | None,
    metric: int | None,
    table: int | None,
) -> Route:
    where = _address(*destination) if destination else None
    return Route(where, via, device, source, metric, table)


def _ordered(addresses: list[Address]) -> tuple[Address, ...]:
    # RFC 9568 5.2.9: the first IPv6 address of an advertisement is the link-local one.
    return tuple(sorted(addresses, key=lambda address: not is_link_local(address.octets)))


def _check_interval(values: SectionValues) -> None:
    if not values.sure("version", "advert_interval"):
        return
    interval, version = values.one("advert_interval"), values.one("version")
    if version == "2" and interval % 1000:
        message = f"version 2 counts whole seconds: {interval} ms is not a multiple of 1000"
        values.complain(message, "advert_interval")
    longest = longest_interval_us(int(version)) // 1000
    if version == "3" and interval > longest:
        message = f"{interval} ms is more than the {longest} ms that version 3 can say"
        values.complain(message, "advert_interval")


def _check_addresses(values: SectionValues, family: int) -> None:
    addresses = values.all("address")
    if len(addresses) > MOST_ADDRESSES:
        message = f"{len(addresses)} addresses; a virtual router has {MOST_ADDRESSES} at most"
        values.complain(message, "address")
    link_local = any(is_link_local(octets) for octets, _ in addresses)
    if family == 6 and not link_local and values.sure("address"):
        values.complain("IPv6 needs a link-local address too, for example 'fe80::1/64'", "address")
    for at, item in enumerate(values.items("address")):
        earlier = [pair[0] for pair in addresses[:at]]
        if item.value[0] in earlier:
            values.complain(f"'{item.text}' stands here twice", "address", item.line)


def _check_families(values: SectionValues, family: int) -> None:
    first = values.items("address")[0].text
    for option in ("address", "route", "unicast_peer", "source_address"):
        for item in values.items(option):
            found = _family_of_item(option, item)
            if found not in (0, family):
                message = f"'{item.text}' is {_FAMILY_NAME[found]}, but '{first}' makes this virtual router "
                message += f"{_FAMILY_NAME[family]}; use a second virtual_router for it"
                values.complain(message, option, item.line)


def _family_of_item(option: str, item: OptionValue) -> int:
    if option == "address":
        return _family(item.value[0])
    if option != "route":
        return _family(item.value)
    destination, via, _, source = item.value[:4]
    # A default route with a device alone takes the family of its virtual router.
    octets = (destination and destination[0]) or via or source
    return _family(octets) if octets else 0


def _check_hosts(values: SectionValues) -> None:
    virtual = [octets for octets, _ in values.all("address")]
    source = values.one("source_address")
    for item in values.items("unicast_peer"):
        if item.value in virtual:
            message = f"'{item.text}' is a virtual address, not one of a router"
            values.complain(message, "unicast_peer", item.line)
        if item.value == source:
            message = f"'{item.text}' is the source_address of this router"
            values.complain(message, "unicast_peer", item.line)
    if source is None:
        return
    if source in virtual and values.sure("priority") and values.one("priority") != OWNER_PRIORITY:
        message = "is a virtual address; only its owner (priority 255) can send from it"
        values.complain(message, "source_address")
    if len(source) == 16 and not is_link_local(source) and not values.given("unicast_peer"):
        # RFC 9568 5.1.2.1: by multicast, the source is a link-local address.
        message = "must be a link-local address (fe80::/10) unless unicast_peer is used"
        values.complain(message, "source_address")
