# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of option values that hold addresses: text to octets."""

from haven import inet
from haven.config.addresses import Address, Route, Witness
from haven.config.options.kinds import BadValue, Kind, check_device_name, whole_number
from haven.config.spelling import suggestion, visible
from haven.core.vrrp.constants import is_link_local

_ROUTE_WORDS = ("via", "dev", "src", "metric", "table")
_MAPPED = bytes(10) + b"\xff\xff"
# Metrics and tables are numbers of 32 bits.
_MOST = 0xFFFFFFFF


class AddressKind(Kind):
    """An address that a virtual router holds, with its prefix length."""

    def __init__(self) -> None:
        Kind.__init__(self, "address", "`ADDRESS/LENGTH` or `ADDRESS`", "ipaddr")

    def parse(self, text: str) -> Address:
        """Read octets and prefix length; without a length the address stands alone."""
        address = parse_prefix(text)
        check_usable(address.octets, text)
        _check_not_the_network(address, text)
        return address


class HostKind(Kind):
    """One address of a router, without a prefix length."""

    def __init__(self) -> None:
        Kind.__init__(self, "host", "IPv4 or IPv6 address", 'ipaddr("nomask")')

    def parse(self, text: str) -> bytes:
        """Read the octets."""
        return parse_host(text)


class ListenAddress(HostKind):
    """An address to listen at, which may be loopback's."""

    def parse(self, text: str) -> bytes:
        """Read the octets."""
        octets = octets_of(text)
        if octets is not None and is_link_local(octets):
            raise BadValue("address-link-local", value=visible(text))
        return octets if octets is not None and _is_loopback(octets) else parse_host(text)


class ProbedHost(HostKind):
    """The address of a host that is asked whether it lives: once it does not, no name can be looked up."""

    def parse(self, text: str) -> bytes:
        """Read the octets."""
        letters = [char for char in text if char.isalpha()]
        if letters and ":" not in text and "/" not in text:
            raise BadValue("address-name", value=visible(text))
        return parse_host(text)


class WitnessKind(Kind):
    """The address of a machine on a link, with the link where several could be meant."""

    def __init__(self) -> None:
        Kind.__init__(self, "witness", "`ADDRESS` or `ADDRESS%INTERFACE`", "string")

    def parse(self, text: str) -> Witness:
        """Read the octets and the name of the interface or device."""
        address, sign, place = text.partition("%")
        if sign:
            check_device_name(place)
        return Witness(parse_host(address), place or None)


class HostV6Kind(HostKind):
    """One IPv6 address, without a prefix length."""

    def __init__(self) -> None:
        Kind.__init__(self, "host6", "IPv6 address", 'ip6addr("nomask")')

    def parse(self, text: str) -> bytes:
        """Read the octets."""
        octets = parse_host(text)
        if len(octets) != 16:
            raise BadValue("address-not-ipv6", value=visible(text))
        return octets


class PrefixKind(Kind):
    """An IPv6 prefix that hosts have addresses in."""

    def __init__(self) -> None:
        Kind.__init__(self, "prefix6", "`PREFIX/LENGTH` of IPv6", "cidr6")

    def parse(self, text: str) -> Address:
        """Read octets and length; behind the length there is nothing."""
        prefix = parse_prefix(text)
        if prefix.family != 6 or "/" not in text or is_link_local(prefix.octets) or prefix.octets[0] == 255:
            raise BadValue("prefix-not-ipv6", value=visible(text))
        if host_bits(prefix.octets, prefix.prefix):
            raise BadValue("prefix-host-bits", value=visible(text), length=prefix.prefix)
        return prefix


class RouteKind(Kind):
    """A route as `ip route` writes it."""

    spaceless = False

    def __init__(self) -> None:
        values = "`DESTINATION [via ADDRESS] [dev DEVICE] [src ADDRESS] [metric N] [table N]`"
        Kind.__init__(self, "route", values, "string")

    def parse(self, text: str) -> Route:
        """Read destination (None: default), gateway, device, source, metric and table."""
        words = text.split()
        if not words:
            raise BadValue("route-empty")
        destination = _destination(words[0])
        given = _pairs(words[1:])
        via, source = (_host_or_none(given.get(word)) for word in ("via", "src"))
        device = given.get("dev")
        if device is not None:
            check_device_name(device)
        _check_route_goes_somewhere(via, device)
        families = [len(octets) for octets in (destination and destination.octets, via, source) if octets]
        if len(set(families)) > 1:
            raise BadValue("route-families", value=visible(text))
        return Route(
            destination, via, device, source, _number(given, "metric", 0), _number(given, "table", 1)
        )


def octets_of(text: str) -> bytes | None:
    """Read an IPv4 or IPv6 address, or None."""
    # A NUL or a surrogate is a ValueError for CPython, any other slip an OSError.
    try:
        return inet.octets_of(text)
    except (OSError, ValueError):
        return None


def parse_host(text: str) -> bytes:
    """Read an address that one router can have."""
    octets = octets_of(text)
    if octets is None:
        code = "address-prefixed" if octets_of(text.split("/")[0]) else "address-wrong"
        raise BadValue(code, value=visible(text))
    check_usable(octets, text)
    return octets


def _is_loopback(octets: bytes) -> bool:
    return octets[0] == 127 if len(octets) == 4 else octets == bytes(15) + b"\x01"


def parse_prefix(text: str) -> Address:
    """Read ADDRESS or ADDRESS/LENGTH."""
    parts = text.split("/")
    octets = octets_of(parts[0])
    if octets is None or len(parts) > 2:
        raise BadValue("address-wrong", value=visible(text))
    bits = len(octets) * 8
    prefix = whole_number(parts[1], bits) if len(parts) == 2 else bits
    if not prefix:
        raise _wrong_length(text, parts[1], bits)
    return Address(octets, prefix)


def check_usable(octets: bytes, text: str) -> None:
    """Raise BadValue for an address that no router can have as its own."""
    code = _unusable_4(octets) if len(octets) == 4 else _unusable_6(octets)
    if code:
        raise BadValue(code, value=visible(text))


def host_bits(octets: bytes, prefix: int) -> int:
    """Give the part of an address that the prefix does not cover."""
    return int.from_bytes(octets, "big") & ((1 << (len(octets) * 8 - prefix)) - 1)


def _unusable_4(octets: bytes) -> str:
    if octets[0] == 0:
        return "address-no-host"
    if octets[0] == 127:
        return "address-loopback"
    if octets[0] >> 4 == 14:
        return "address-multicast"
    return "address-broadcast" if octets == b"\xff\xff\xff\xff" else ""


def _unusable_6(octets: bytes) -> str:
    if octets == bytes(16):
        return "address-no-host"
    if octets == bytes(15) + b"\x01":
        return "address-loopback"
    if octets[0] == 255:
        return "address-multicast"
    return "address-mapped" if octets[:12] == _MAPPED else ""


def _wrong_length(text: str, length: str, bits: int) -> BadValue:
    mask = octets_of(length)
    if mask is not None and len(mask) == 4 and bits == 32:
        ones = len(bin(int.from_bytes(mask, "big"))[2:].rstrip("0"))
        return BadValue("prefix-mask", value=visible(text), length=ones)
    family = "IPv4" if bits == 32 else "IPv6"
    return BadValue("prefix-length", value=visible(text), family=family, most=bits)


def _check_not_the_network(address: Address, text: str) -> None:
    octets, prefix = address.octets, address.prefix
    bits = len(octets) * 8
    # RFC 3021 and RFC 6164: the last two lengths have neither a network nor a broadcast address.
    if bits - prefix < 2 or bits == 128:
        return
    rest = host_bits(octets, prefix)
    if rest == 0:
        raise BadValue("address-of-network", value=visible(text))
    if rest == (1 << (bits - prefix)) - 1:
        raise BadValue("broadcast-of-network", value=visible(text))


def _destination(word: str) -> Address | None:
    if word in ("default", "0.0.0.0/0", "::/0"):
        return None
    if octets_of(word.split("/")[0]) is None:
        raise BadValue("route-destination", word=visible(word))
    found = parse_prefix(word)
    rest = host_bits(found.octets, found.prefix)
    if rest:
        network = int.from_bytes(found.octets, "big") - rest
        meant = Address(network.to_bytes(len(found.octets), "big"), found.prefix)
        raise BadValue("route-not-network", word=visible(word), network=meant.text)
    return found


def _pairs(words: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for at in range(0, len(words), 2):
        word = words[at]
        if word not in _ROUTE_WORDS:
            raise BadValue("route-word", word=visible(word), **suggestion(word, _ROUTE_WORDS))
        if word in given:
            raise BadValue("route-twice", word=word)
        if at + 1 == len(words):
            raise BadValue("route-ends", word=word)
        given[word] = words[at + 1]
    return given


def _host_or_none(text: str | None) -> bytes | None:
    return None if text is None else parse_host(text)


def _number(given: dict[str, str], word: str, low: int) -> int | None:
    text = given.get(word)
    if text is None:
        return None
    number = whole_number(text, _MOST)
    if number is None or number < low:
        raise BadValue("route-number", word=word, value=visible(text), low=low, high=_MOST)
    return number


def _check_route_goes_somewhere(via: bytes | None, device: str | None) -> None:
    if via is None and device is None:
        raise BadValue("route-nowhere")
    if via is not None and is_link_local(via) and device is None:
        raise BadValue("route-link-local")
