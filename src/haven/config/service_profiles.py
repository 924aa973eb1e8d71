# SPDX-License-Identifier: GPL-2.0-or-later
"""What `option profile` of a `service` section stands for: one row a well-known service."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Profile:
    """A service as OpenWrt packages it.

    `process` tells that its script leaves a process that procd watches: without one it is not running.
    `interface` tells that it is an interface of netifd's, which the section has to name.
    """

    def __init__(
        self,
        name: str,
        package: str,
        init: str,
        role: str,
        order: int,
        says: str,
        process: bool = False,
        interface: bool = False,
    ) -> None:
        self.name = name
        self.package = package
        self.inits = (init,) if init else ()
        self.role = role
        self.order = order
        self.says = says
        self.process = process
        self.interface = interface


# Addresses first, then what is under everything else, tunnels, what goes through them, and chores.
PROFILES = (
    Profile(
        "dnsmasq",
        "dnsmasq",
        "dnsmasq",
        "active",
        20,
        "DHCP and DNS by the Active alone. The standby has no DNS server of its own then.",
        process=True,
    ),
    Profile(
        "odhcpd",
        "odhcpd-ipv6only",
        "odhcpd",
        "active",
        20,
        "Router advertisements and DHCPv6 by the Active alone.",
        process=True,
    ),
    Profile("mwan3", "mwan3", "mwan3", "both", 30, "Its rules are on both, and are made anew on a change."),
    Profile("sqm", "sqm-scripts", "sqm", "both", 30, "Queues are on both, and are made anew on a change."),
    Profile(
        "wireguard",
        "wireguard-tools",
        "",
        "active",
        40,
        "The interfaces that `list interface` names: two routers with one key would take the peers from each "
        "other.",
        interface=True,
    ),
    Profile(
        "openvpn",
        "openvpn-openssl",
        "openvpn",
        "active",
        40,
        "All instances of /etc/config/openvpn.",
        process=True,
    ),
    Profile("strongswan", "strongswan-swanctl", "swanctl", "active", 40, "", process=True),
    Profile("ocserv", "ocserv", "ocserv", "active", 40, "", process=True),
    Profile("upnpd", "miniupnpd-nftables", "miniupnpd", "active", 50, "", process=True),
    Profile("banip", "banip", "banip", "both", 60, ""),
    Profile("adblock", "adblock", "adblock", "both", 60, ""),
    Profile(
        "ddns",
        "ddns-scripts",
        "ddns",
        "active",
        70,
        "One router tells the provider, so that two do not take turns.",
    ),
    Profile("sysntpd", "busybox", "sysntpd", "both", 80, "Each router needs the time.", process=True),
    Profile(
        "cron",
        "busybox",
        "cron",
        "active",
        90,
        "All of the router's cron jobs; for a single one see docs/services.md.",
        process=True,
    ),
)


def profile_named(name: "str | None", profiles: "Iterable[Profile]" = PROFILES) -> "Profile | None":
    """Find a profile by its name."""
    for profile in profiles:
        if profile.name == name:
            return profile
    return None
