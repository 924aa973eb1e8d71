# SPDX-License-Identifier: GPL-2.0-or-later
"""Which prefixes are advertised, and for how long: those of the plan and those that the device has now."""

from haven.core.clock import SECOND
from haven.core.ra.advert_spec import ALWAYS, WAY_OUT, AdvertSpec
from haven.core.value import Value
from haven.core.vrrp.constants import is_link_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.ra.advert_spec import Prefix

# The kernel's word for a lifetime without an end.
FOREVER = 0xFFFFFFFF
# Hosts make addresses of their own from prefixes of this length (RFC 4862 5.5.3).
SLAAC_LENGTH = 64
# What is longer is no network of hosts.
LONGEST = 96
# A device with more is no LAN; a hundred fill several packets.
MOST = 100
# A way out that is missing for a moment, as while a WAN follows a takeover, is no reason to turn hosts away.
WAY_OUT_GONE = 30 * SECOND


class DeviceAddress(Value):
    """An address of a device with the length of its prefix; lifetimes in seconds, FOREVER for no end."""

    def __init__(self, address: bytes, length: int, preferred_s: int, valid_s: int) -> None:
        self.address = address
        self.length = length
        self.preferred_s = preferred_s
        self.valid_s = valid_s


class AdvertisedPrefix(Value):
    """A prefix as it is advertised; both lifetimes are 0 for one that hosts are to leave (RFC 9096 3.5)."""

    def __init__(self, prefix: bytes, length: int, preferred_s: int, valid_s: int) -> None:
        self.prefix = prefix
        self.length = length
        self.preferred_s = preferred_s
        self.valid_s = valid_s


class PrefixTable:
    """The prefixes of one advertising interface, as they were at the last look."""

    def __init__(self) -> None:
        self.prefixes: list[AdvertisedPrefix] = []
        self.lifetime_s = 0
        # What was advertised and is no more: until when that is said.
        self._stale: dict[Prefix, int] = {}
        self._no_way_since: int | None = None

    def look(self, spec: AdvertSpec, found: "list[DeviceAddress]", has_way_out: bool, now: int) -> bool:
        """Take what the device has now; tell whether the hosts are to hear of a change before it is due."""
        before = self._meaning()
        present = _present(spec, found)
        self._forget(present, spec, now)
        stale = [AdvertisedPrefix(key[0], key[1], 0, 0) for key in sorted(self._stale)]
        self.prefixes = ([present[key] for key in sorted(present)] + stale)[:MOST]
        self.lifetime_s = self._lifetime(spec, has_way_out, now)
        return self._meaning() != before

    def begin(self) -> None:
        """Be Active anew: what was advertised long ago is another's business by now."""
        self.prefixes, self._stale, self._no_way_since = [], {}, None

    def ends_at(self) -> "int | None":
        """Return when hosts are told of no router, unless a way out comes; None while there is one."""
        return None if self._no_way_since is None else self._no_way_since + WAY_OUT_GONE

    def longest_valid_s(self) -> int:
        """Return for how long any public prefix is valid; 0 where there is none."""
        return max([each.valid_s for each in self.prefixes if not is_local(each.prefix)] + [0])

    def _forget(self, present: "dict[Prefix, AdvertisedPrefix]", spec: AdvertSpec, now: int) -> None:
        for each in self.prefixes:
            key = (each.prefix, each.length)
            if key not in present and each.valid_s:
                self._stale[key] = now + spec.valid_s * SECOND
        self._stale = {key: until for key, until in self._stale.items() if now < until and key not in present}

    def _lifetime(self, spec: AdvertSpec, has_way_out: bool, now: int) -> int:
        if spec.default == ALWAYS:
            return spec.lifetime_s
        usable = [each for each in self.prefixes if each.valid_s]
        if spec.default == WAY_OUT:
            usable = [each for each in usable if not is_local(each.prefix)] if has_way_out else []
        if usable:
            self._no_way_since = None
            return spec.lifetime_s
        if self._no_way_since is None:
            self._no_way_since = now
        return 0 if now - self._no_way_since >= WAY_OUT_GONE else spec.lifetime_s

    def _meaning(self) -> "tuple[object, ...]":
        kinds = [(each.prefix, each.length, each.preferred_s > 0, each.valid_s > 0) for each in self.prefixes]
        return (kinds, self.lifetime_s)


def is_local(prefix: bytes) -> bool:
    """Tell whether a prefix is a unique local one (RFC 4193 3.1), which leads nowhere outside."""
    return prefix[0] & 0xFE == 0xFC


def network_of(address: bytes, length: int) -> bytes:
    """Return an address of 16 octets with nothing behind its prefix."""
    whole, rest = divmod(length, 8)
    found = address[:whole]
    if rest:
        found += bytes((address[whole] & (0xFF00 >> rest) & 0xFF,))
    return found + bytes(16 - len(found))


def _present(spec: AdvertSpec, found: "list[DeviceAddress]") -> "dict[Prefix, AdvertisedPrefix]":
    present: dict[Prefix, AdvertisedPrefix] = {}
    for each in found:
        # A router has a delegated /60 on its LAN, and the hosts a /64 of it, as with odhcpd.
        length = max(each.length, SLAAC_LENGTH)
        key = (network_of(each.address, length), length)
        is_network = each.length <= LONGEST and not is_link_local(each.address)
        if is_network and each.valid_s and key not in spec.prefixes:
            _add(present, key, each, spec)
    for key in spec.prefixes + spec.virtual_prefixes:
        if key not in present:
            present[key] = AdvertisedPrefix(key[0], key[1], spec.preferred_s, spec.valid_s)
    return present


def _add(
    present: "dict[Prefix, AdvertisedPrefix]", key: "Prefix", each: DeviceAddress, spec: AdvertSpec
) -> None:
    valid_s = min(each.valid_s, spec.valid_s)
    preferred_s = min(each.preferred_s, spec.preferred_s, valid_s)
    other = present.get(key)
    if other is None or preferred_s > other.preferred_s:
        # One that the router itself no longer prefers is stale (RFC 9096 3.5).
        valid_s = valid_s if preferred_s else 0
        present[key] = AdvertisedPrefix(key[0], key[1], preferred_s, valid_s)
