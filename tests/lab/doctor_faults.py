# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults that doctor has to name: what is broken, how the lab breaks it, and the code that names it.

python -m tests.lab.doctor_faults prints the table of docs/doctor.md.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from haven.contract.doctor_checks import FINDINGS
from tests.lab import doctor_breaks as breaks
from tests.lab.doctor_pair import DoctorPair

Break = Callable[[DoctorPair], object]


@dataclass(frozen=True)
class Broken:
    """Something that is broken on purpose; `asks` is the router that is asked."""

    what: str
    code: str
    inject: Break
    asks: int = 0
    # Of the pair, and of how its doctor is started.
    pair: dict[str, Any] = field(default_factory=dict)
    started: dict[str, Any] = field(default_factory=dict)
    wrapped: Callable[[DoctorPair], tuple[str, ...]] = lambda _pair: ()

    def sentence(self) -> str:
        """Return the template of the sentence that names it."""
        code, _space, inner = self.code.partition(" ")
        text = FINDINGS[code][1].found
        return text.replace("{problem}", f"`{inner}`") if inner else text


def nothing(_pair: DoctorPair) -> None:
    """Break nothing: the fault is in how doctor is started."""


SHIFTED = "import time\nreal = time.time\ntime.time = lambda: real() %s\n"
OLDER = "import haven\nhaven.VERSION = '0.0.1'\n"
VIRTUAL = {"virtual_mac": True}

FAULTS = (
    Broken("the switch carries nothing between the routers on the LAN", "link-cut", breaks.cut),
    Broken("the standby hears nothing of the Active on the LAN", "link-one-way", breaks.deafen),
    Broken(
        "the switch drops the multicast group of VRRP, as snooping does",
        "multicast-filtered",
        breaks.drop_multicast,
    ),
    Broken("something on the way sets the TTL to 64", "ttl-low", breaks.lower_ttl),
    Broken(
        "the standby's firewall drops protocol 112",
        "firewall-drops",
        breaks.shut_out_second,
    ),
    Broken("the Active's firewall drops protocol 112", "firewall-drops", breaks.shut_out_first),
    Broken(
        "the switch drops frames with a MAC address that is not the port's",
        "mac-filtered",
        breaks.drop_foreign_macs,
        pair=VIRTUAL,
    ),
    Broken("another router on the LAN advertises the same VRID", "vrid-stranger", breaks.stranger),
    Broken("another machine has the virtual address", "claimed", breaks.claim_virtual),
    Broken("another machine has the standby's own address", "own-claimed", breaks.claim_own),
    Broken(
        "the virtual address is set on the standby by hand",
        "answered-by-standby",
        breaks.hold,
    ),
    Broken("the Active answers no ARP", "unanswered", breaks.ignore_arp, asks=1),
    Broken("the virtual address is in the DHCP pool", "in-pool", breaks.pool),
    Broken("a static lease gives the standby's own address away", "static-lease", breaks.lease),
    Broken("the WAN masquerades", "masquerade", breaks.masquerade),
    Broken("SNAT is to the router's own address", "snat-own", breaks.snat_own),
    Broken("the standby has no SNAT", "snat-missing", breaks.no_snat),
    Broken("the standby has no default route", "no-route", breaks.no_route),
    Broken("the standby does not reach the provider", "gateway-silent", breaks.lose_provider),
    Broken("the standby does not forward", "forwarding-off", breaks.no_forwarding),
    Broken("the provider's router keeps the old MAC address", "upstream-stale", breaks.stale_upstream),
    Broken("a connection helper is on the Active alone", "helpers-differ", breaks.helper),
    Broken("a client is on the link for copies", "link-shared", breaks.client_on_sync),
    Broken("the cable for copies is pulled", "problem conntrack-link-down", breaks.pull_sync),
    Broken("one clock is five minutes off", "clocks-differ", nothing, started={"python": SHIFTED % "+ 300"}),
    Broken("one clock was never set", "clock-unset", nothing, started={"python": SHIFTED % "% 1000000"}),
    Broken("the flash is full", "flash-full", nothing, wrapped=breaks.full_flash),
    Broken("there is no memory left", "memory-low", nothing, wrapped=breaks.no_memory),
    Broken("one router has an older haven", "version-differs", nothing, started={"python": OLDER}),
    Broken("the standby's configuration has a mistake", "config-wrong", breaks.mistake),
    Broken("the standby's configuration was changed, not loaded", "config-waits", breaks.change),
    Broken("the standby does not start haven at boot", "no-boot", breaks.no_boot),
    Broken("the standby has other virtual addresses", "addresses-unequal", breaks.other_address),
    Broken("the standby has another interval", "setting-unequal", breaks.other_interval),
    Broken("the standby speaks version 2", "setting-unequal", breaks.other_version),
    Broken("the standby has the other checksum dialect", "setting-unequal", breaks.other_checksum),
    Broken("the standby alone has a virtual MAC", "setting-unequal", breaks.other_mac),
    Broken("both have one priority", "priority-equal", breaks.same_priority),
    Broken("the standby is better on the WAN", "priority-crossed", breaks.crossed_priority),
    Broken("the standby has another VRID", "router-missing", breaks.other_vrid),
    Broken("the standby has LAN and WAN in two groups", "groups-unequal", breaks.other_groups),
    Broken(
        "the standby has a password",
        "problem settings-differ",
        breaks.password,
        pair={"version": 2, "interval_ms": 1000},
    ),
    Broken("havend of the standby is killed", "not-running", lambda pair: pair.second.kill9()),
    Broken("the agent of the standby is killed", "peer-unasked", lambda pair: pair.second.kill_agent()),
    Broken("the standby's WAN has another MTU", "mtu-differs", breaks.other_mtu),
    Broken("the MTU is too small for the addresses", "mtu-small", breaks.small_mtu),
    Broken(
        "the standby's LAN is a bridge that snoops, without a querier",
        "snooping",
        nothing,
        pair={"families": (4, 6), "bridged": True},
    ),
    Broken(
        "a virtual MAC is on a bridge whose frames the firewall sees",
        "bridge-filtered",
        breaks.filter_bridges,
        pair={"virtual_mac": True, "bridged": True},
    ),
    Broken("a dead Active would be missed after seconds", "slow", breaks.slow),
    Broken("the standby's LAN cable is pulled", "nobody", breaks.pull_lan),
    Broken("havend of the Active hangs", "not-running", lambda pair: pair.first.freeze()),
)


def table() -> str:
    """Return the table of the page."""
    rows = [f"| {fault.what} | {fault.sentence()} |" for fault in FAULTS]
    return "\n".join(["| What is broken | The sentence that names it |", "|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
