# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual router says of itself to the hosts: the router variables of RFC 4861 6.2.1."""

from haven.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Its octets and its length.
    Prefix = tuple[bytes, int]

# When hosts are to use it as their default router: while there is a way out and a public prefix, while there
# is any prefix, always (as odhcpd's ra_default).
WAY_OUT, ANY_PREFIX, ALWAYS = 0, 1, 2

LOW, MEDIUM, HIGH = "low", "medium", "high"


class AdvertSpec(Value):
    """The variables of one advertising interface; lifetimes in seconds, the timers of hosts in milliseconds.

    `prefixes` are advertised whether the device has them or not; so are those of the virtual addresses, while
    the device has nothing else to say of them. `preferred_s` and `valid_s` are the most that is said of any.
    `link_mtu` 0 and `hop_limit` 0: nothing is said.
    """

    def __init__(
        self,
        source: bytes,
        max_interval_us: int,
        min_interval_us: int,
        lifetime_s: int,
        default: int,
        preference: str,
        managed: bool,
        other: bool,
        hop_limit: int,
        reachable_ms: int,
        retrans_ms: int,
        link_mtu: int,
        prefixes: "tuple[Prefix, ...]",
        virtual_prefixes: "tuple[Prefix, ...]",
        preferred_s: int,
        valid_s: int,
        on_link: bool,
        autonomous: bool,
        dns: "tuple[bytes, ...]",
        domains: "tuple[str, ...]",
    ) -> None:
        self.source = source
        self.max_interval_us = max_interval_us
        self.min_interval_us = min_interval_us
        self.lifetime_s = lifetime_s
        self.default = default
        self.preference = preference
        self.managed = managed
        self.other = other
        self.hop_limit = hop_limit
        self.reachable_ms = reachable_ms
        self.retrans_ms = retrans_ms
        self.link_mtu = link_mtu
        self.prefixes = prefixes
        self.virtual_prefixes = virtual_prefixes
        self.preferred_s = preferred_s
        self.valid_s = valid_s
        self.on_link = on_link
        self.autonomous = autonomous
        self.dns = dns
        self.domains = domains
