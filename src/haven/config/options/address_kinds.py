# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of option values that hold addresses: text to octets."""

import socket

from haven.config.diagnostic import quote, suggest
from haven.config.options.kinds import Kind, check_device_name, whole_number
from haven.core.vrrp.constants import is_link_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    Prefix = tuple[bytes, int]
    ParsedRoute = tuple[
        "Prefix | None", "bytes | None", "str | None", "bytes | None", "int | None", "int | None"
    ]

_ROUTE_WORDS = ("via", "dev", "src", "metric", "table")
_MAPPED = bytes(10) + b"\xff\xff"


class AddressKind(Kind):
    """An address that a virtual router holds, with its prefix length."""

    def __init__(self) -> None:
        Kind.__init__(self, "address", "`ADDRESS/LENGTH` or `ADDRESS`", "ipaddr")

    def parse(self, text: str) -> tuple[bytes, int]:
        """Read octets and prefix length; without a length the address stands alone."""
        octets, prefix = parse_prefix(text)
        check_usable(octets, text)
        _check_not_the_network(octets, prefix, text)
        return octets, prefix


class HostKind(Kind):
    """One address of a router, without a prefix length."""

    def __init__(self) -> None:
        Kind.__init__(self, "host", "IPv4 or IPv6 address", 'ipaddr("nomask")')

    def parse(self, text: str) -> bytes:
        """Read the octets."""
        return parse_host(text)


class RouteKind(Kind):
    """A route as `ip route` writes it."""

    spaceless = False

    def __init__(self) -> None:
        values = "`DESTINATION [via ADDRESS] [dev DEVICE] [src ADDRESS] [metric N] [table N]`"
        Kind.__init__(self, "route", values, "string")

    def parse(self, text: str) -> "ParsedRoute":
        """Read destination (None: default), gateway, device, source, metric and table."""
        words = text.split()
        if not words:
            raise ValueError("an empty route; write for example 'default via 203.0.113.1'")
        destination = _destination(words[0])
        given = _pairs(words[1:])
        via, source = (_host_or_none(given.get(word)) for word in ("via", "src"))
        device = given.get("dev")
        if device is not None:
            check_device_name(device)
        _check_route_goes_somewhere(via, device)
        families = [len(octets) for octets in (destination and destination[0], via, source) if octets]
        if len(set(families)) > 1:
            raise ValueError("%s mixes IPv4 and IPv6" % quote(text))
        return destination, via, device, source, _number(given, "metric", 0), _number(given, "table", 1)


def octets_of(text: str) -> bytes | None:
    """Read an IPv4 or IPv6 address, or None."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    # A NUL or a surrogate is a ValueError for CPython, any other slip an OSError.
    try:
        return socket.inet_pton(family, text)
    except (OSError, ValueError):
        return None


def parse_host(text: str) -> bytes:
    """Read an address that one router can have."""
    octets = octets_of(text)
    if octets is None:
        hint = "; leave out the prefix length" if octets_of(text.split("/")[0]) else ""
        raise ValueError("%s is not an IPv4 or IPv6 address%s" % (quote(text), hint))
    check_usable(octets, text)
    return octets


def parse_prefix(text: str) -> tuple[bytes, int]:
    """Read ADDRESS or ADDRESS/LENGTH."""
    parts = text.split("/")
    octets = octets_of(parts[0])
    if octets is None or len(parts) > 2:
        raise ValueError("%s is not an IPv4 or IPv6 address" % quote(text))
    bits = len(octets) * 8
    prefix = whole_number(parts[1], bits) if len(parts) == 2 else bits
    if not prefix:
        raise ValueError("%s: %s" % (quote(text), _wrong_length(parts[1], bits)))
    return octets, prefix


def check_usable(octets: bytes, text: str) -> None:
    """Raise ValueError for an address that no router can have as its own."""
    what = _unusable_4(octets) if len(octets) == 4 else _unusable_6(octets)
    if what:
        raise ValueError("%s is %s" % (quote(text), what))


def host_bits(octets: bytes, prefix: int) -> int:
    """Give the part of an address that the prefix does not cover."""
    return int.from_bytes(octets, "big") & ((1 << (len(octets) * 8 - prefix)) - 1)


def _unusable_4(octets: bytes) -> str:
    if octets[0] == 0:
        return "not the address of a host"
    if octets[0] == 127:
        return "a loopback address"
    if octets[0] >> 4 == 14:
        return "a multicast address"
    return "the broadcast address" if octets == b"\xff\xff\xff\xff" else ""


def _unusable_6(octets: bytes) -> str:
    if octets == bytes(16):
        return "not the address of a host"
    if octets == bytes(15) + b"\x01":
        return "a loopback address"
    if octets[0] == 255:
        return "a multicast address"
    return "an IPv4 address in IPv6 dress; write it as IPv4" if octets[:12] == _MAPPED else ""


def _wrong_length(length: str, bits: int) -> str:
    mask = octets_of(length)
    if mask is not None and len(mask) == 4 and bits == 32:
        ones = len(bin(int.from_bytes(mask, "big"))[2:].rstrip("0"))
        return "write the mask as a length, for example /%d" % ones
    return "the prefix length of an %s address is 1 to %d" % ("IPv4" if bits == 32 else "IPv6", bits)


def _check_not_the_network(octets: bytes, prefix: int, text: str) -> None:
    bits = len(octets) * 8
    # RFC 3021 and RFC 6164: the last two lengths have neither a network nor a broadcast address.
    if bits - prefix < 2 or bits == 128:
        return
    rest = host_bits(octets, prefix)
    if rest == 0:
        raise ValueError("%s is the address of the network itself, not of a host in it" % quote(text))
    if rest == (1 << (bits - prefix)) - 1:
        raise ValueError("%s is the broadcast address of its network" % quote(text))


def _destination(word: str) -> tuple[bytes, int] | None:
    if word in ("default", "0.0.0.0/0", "::/0"):
        return None
    if octets_of(word.split("/")[0]) is None:
        message = "a route begins with its destination ('default' or a network), not with %s"
        raise ValueError(message % quote(word))
    octets, prefix = parse_prefix(word)
    if host_bits(octets, prefix):
        network = int.from_bytes(octets, "big") - host_bits(octets, prefix)
        family = socket.AF_INET if len(octets) == 4 else socket.AF_INET6
        text = socket.inet_ntop(family, network.to_bytes(len(octets), "big"))
        message = "the destination %s is not a network; did you mean '%s/%d'?"
        raise ValueError(message % (quote(word), text, prefix))
    return octets, prefix


def _pairs(words: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for at in range(0, len(words), 2):
        word = words[at]
        if word not in _ROUTE_WORDS:
            raise ValueError("%s is not known in a route%s" % (quote(word), suggest(word, _ROUTE_WORDS)))
        if word in given:
            raise ValueError("the route has '%s' twice" % word)
        if at + 1 == len(words):
            raise ValueError("the route ends after '%s'; its value is missing" % word)
        given[word] = words[at + 1]
    return given


def _host_or_none(text: str | None) -> bytes | None:
    return None if text is None else parse_host(text)


def _number(given: dict[str, str], word: str, low: int) -> int | None:
    text = given.get(word)
    if text is None:
        return None
    number = whole_number(text, 0xFFFFFFFF)
    if number is None or number < low:
        raise ValueError("the %s %s is not a whole number from %d to 4294967295" % (word, quote(text), low))
    return number


def _check_route_goes_somewhere(via: bytes | None, device: str | None) -> None:
    if via is None and device is None:
        raise ValueError("the route needs 'via ADDRESS' or 'dev DEVICE'")
    if via is not None and is_link_local(via) and device is None:
        raise ValueError("a link-local gateway needs 'dev DEVICE' beside it")
