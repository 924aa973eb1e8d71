# SPDX-License-Identifier: GPL-2.0-or-later
"""What odhcpd is told of an interface's router advertisements in /etc/config/dhcp, as odhcpd takes it.

Values out of range are brought into it, and what cannot be understood has its default, as there.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from haven.config.options.address_kinds import octets_of
from haven.config.uci.document import UciSection, parse
from haven.contract.diagnostics import Diagnostic
from haven.core.ra.advert_spec import HIGH, LOW, MEDIUM, WAY_OUT
from haven.inet import text_of

FILE = "dhcp"
RESOLVER = "resolv.conf"
YES = ("1", "on", "true", "yes", "enabled")
NO = ("0", "off", "false", "no", "disabled")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
FOREVER = 0xFFFFFFFF
MOST_S = 65535
FLAGS = {"managed-config": "managed", "other-config": "other", "home-agent": "", "none": ""}


@dataclass
class Odhcpd:
    """odhcpd's own defaults (RFC 9096 for lifetimes), until read() finds something else.

    `mtu` None: that of the device. `dns` None: the router itself.
    """

    managed: bool = False
    other: bool = True
    default: int = WAY_OUT
    preference: str = MEDIUM
    max_interval_s: int = 600
    min_interval_s: int = 200
    lifetime_s: int = 2700
    hop_limit: int = 64
    reachable_ms: int = 0
    retrans_ms: int = 0
    mtu: int | None = None
    preferred_s: int = 2700
    valid_s: int = 5400
    on_link: bool = True
    autonomous: bool = True
    dns: tuple[str, ...] | None = None
    domains: tuple[str, ...] = ()
    odd: list[tuple[str, str]] = field(default_factory=list)


def read(config: str, interface: str | None) -> tuple[Odhcpd | None, list[Diagnostic]]:
    """Return what stands beside a configuration for an interface; None where odhcpd does not serve it."""
    path = os.path.join(os.path.dirname(config), FILE)
    if not os.path.exists(path):
        return None, []
    if interface is None:
        return None, [Diagnostic("ra-no-interface", {"file": path}, config)]
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            sections, problems = parse(file.read(), path, FILE)
    except OSError as why:
        return None, [Diagnostic("ra-dhcp-unread", {"error": why.strerror}, path)]
    if problems:
        return None, [Diagnostic("ra-dhcp-unread", {"error": problems[0].message}, path)]
    for section in sections:
        if section.type == "dhcp" and interface in _values(section, "interface"):
            found = of_section(section, _search_domains(config))
            odd = [
                Diagnostic("ra-dhcp-odd", {"value": value}, path, section.line, section.place, option)
                for option, value in found.odd
            ]
            return found, odd
    return None, []


def _search_domains(config: str) -> tuple[str, ...]:
    """Return what the router itself looks names up in, which odhcpd hands on."""
    try:
        with open(os.path.join(os.path.dirname(os.path.dirname(config)), RESOLVER)) as file:
            lines = [line.split() for line in file]
    except (OSError, ValueError):
        return ()
    found = [tuple(words[1:]) for words in lines if words and words[0] in ("search", "domain")]
    return found[-1] if found else ()


def of_section(section: UciSection, search: tuple[str, ...] = ()) -> Odhcpd:
    """Return what a section says."""
    found = Odhcpd(domains=search)
    _Reader(section, found).read()
    return found


def _values(section: UciSection, option: str) -> list[str]:
    return [word for entry in section.entries if entry.name == option for word in entry.value.split()]


class _Reader:
    def __init__(self, section: UciSection, found: Odhcpd) -> None:
        self._section, self._found = section, found

    def read(self) -> None:
        found = self._found
        self._lifetimes()
        self._intervals()
        self._flags()
        self._number("ra_default", "default", 0, 2)
        self._number("ra_hoplimit", "hop_limit", 0, 255)
        found.hop_limit = found.hop_limit or 64
        self._number("ra_reachabletime", "reachable_ms", 0, 3600000)
        self._number("ra_retranstime", "retrans_ms", 0, 60000)
        self._number("ra_mtu", "mtu", 1280, MOST_S)
        self._one("ra_preference", lambda text: text if text in (LOW, MEDIUM, HIGH) else None, "preference")
        self._one("ra_slaac", _flag, "autonomous")
        offlink = self._parsed("ra_offlink", _flag)
        found.on_link = not offlink
        self._dns()

    def _lifetimes(self) -> None:
        self._one("max_preferred_lifetime", _seconds, "preferred_s")
        self._one("max_valid_lifetime", _seconds, "valid_s")
        self._found.preferred_s = min(self._found.preferred_s, self._found.valid_s)

    def _intervals(self) -> None:
        found = self._found
        self._number("ra_maxinterval", "max_interval_s", 4, MOST_S)
        found.min_interval_s = max(3, found.max_interval_s // 3)
        self._number("ra_mininterval", "min_interval_s", 3, max(3, found.max_interval_s * 3 // 4))
        self._number("ra_lifetime", "lifetime_s", 0, MOST_S)
        if not found.lifetime_s:
            # For odhcpd, 0 is not set.
            found.lifetime_s = min(found.preferred_s, MOST_S)
        found.lifetime_s = max(found.lifetime_s, found.max_interval_s)

    def _flags(self) -> None:
        words = _values(self._section, "ra_flags")
        self._found.odd += [("ra_flags", word) for word in words if word not in FLAGS]
        if words:
            self._found.managed = "managed-config" in words
            self._found.other = "other-config" in words

    def _dns(self) -> None:
        found = self._found
        if self._parsed("ra_dns", _flag) is False:
            found.dns, found.domains = (), ()
            return
        given = _values(self._section, "dns")
        octets = [octets_of(each) for each in given]
        # The same list is DHCPv4's.
        six = tuple(text_of(each) for each in octets if each is not None and len(each) == 16)
        if six or self._parsed("dns_service", _flag) is False:
            found.dns = six
        found.domains = tuple(_values(self._section, "domain")) or found.domains

    def _number(self, option: str, name: str, low: int, high: int) -> None:
        self._one(option, lambda text: max(low, min(high, int(text))) if text.isdecimal() else None, name)

    def _one(self, option: str, parse: Callable[[str], object | None], name: str) -> None:
        value = self._parsed(option, parse)
        if value is not None:
            setattr(self._found, name, value)

    def _parsed(self, option: str, parse: Callable[[str], object | None]) -> object | None:
        """Return the last value of an option, parsed; one that makes no sense is noted."""
        texts = _values(self._section, option)
        if not texts:
            return None
        value = parse(texts[-1])
        if value is None:
            self._found.odd.append((option, texts[-1]))
        return value


def _flag(text: str) -> bool | None:
    return True if text in YES else False if text in NO else None


def _seconds(text: str) -> int | None:
    if text == "infinite":
        return FOREVER
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    return min(int(number) * UNITS[unit], FOREVER) if number.isdecimal() else None
