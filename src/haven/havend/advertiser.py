# SPDX-License-Identifier: GPL-2.0-or-later
"""The router advertisements of one virtual router: when they leave, and what they say at that moment."""

import os

from haven.core.announce import ALL_NODES, ALL_NODES_MAC
from haven.core.clock import NEVER, SECOND
from haven.core.frame import icmpv6_frame
from haven.core.ra import advertising
from haven.core.ra.advert_spec import WAY_OUT
from haven.core.ra.advertising import AdvertisingInterface
from haven.core.ra.messages import advertisements
from haven.core.ra.prefixes import DeviceAddress, PrefixTable, is_local
from haven.havend.kernel_tables import DumpBroken
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.contract.plan import RouterPlan
    from haven.core.ra.advert_spec import AdvertSpec
    from haven.core.ra.advertising import Emission
    from haven.core.ra.messages import HeardAdvert
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.vrrp_sockets import VrrpSockets

# Whoever adds or removes an address mostly does more of it in the same moment.
SETTLE = SECOND
# Lifetimes and routes change without a word that is heard.
LOOK_EVERY = 10 * SECOND


def chance(below: int) -> int:
    """Return a whole number below another, by chance."""
    return int.from_bytes(os.urandom(4), "big") % below


class Advertiser:
    """Says what the plan and the device have to say.

    `virtual` are the addresses that no prefix follows from: they are kept alive from moment to moment.
    """

    def __init__(
        self, kernel: "KernelTables", sockets: "VrrpSockets", plan: "RouterPlan", virtual: "set[bytes]"
    ) -> None:
        self.plan = plan
        self._virtual = virtual
        self._kernel = kernel
        self._sockets = sockets
        self._interface = AdvertisingInterface(self._spec, chance)
        self._table = PrefixTable()
        self._look_at = NEVER
        # A takeover has happened and nothing was said since.
        self._is_new = False
        self._sent = self._answered = 0

    def set_plan(self, plan: "RouterPlan", virtual: "set[bytes]", now: int) -> None:
        """Go by another plan, and tell the hosts if it says something else."""
        before, self.plan, self._virtual = self._spec, plan, virtual
        if before != self._spec:
            self._interface.spec = self._spec
            if self.is_advertising():
                self._look(now)
                self._send(self._interface.handle(advertising.CHANGED, now))

    @property
    def _spec(self) -> "AdvertSpec":
        assert self.plan.advertises is not None
        return self.plan.advertises

    def is_own(self, source: bytes) -> bool:
        """Tell whether an address is the one that this virtual router speaks from, on whichever router."""
        return source == self._spec.source

    def is_advertising(self) -> bool:
        """Tell whether hosts are told that this is their router."""
        return self._interface.state != advertising.SILENT

    # What happens to the addresses

    def take(self) -> None:
        """Begin when everything else of the takeover is done."""
        self._is_new = True

    def release(self, now: int) -> None:
        """Fall silent."""
        self._is_new, self._look_at = False, NEVER
        self._interface.handle(advertising.GIVEN_UP, now)

    def pause(self, now: int) -> None:
        """Say nothing while another router may be taking over."""
        self._interface.handle(advertising.HANDING_OVER, now)

    def resume(self, now: int) -> None:
        """Go on, as nobody has taken over."""
        self._interface.handle(advertising.KEPT, now)

    def cease(self, now: int) -> None:
        """Say that there is no such router any more."""
        self._send(self._interface.handle(advertising.CEASED, now))

    def look_soon(self, now: int) -> None:
        """Look at the addresses of the device when they have settled."""
        if self.is_advertising():
            self._look_at = min(self._look_at, now + SETTLE)

    # Time

    def deadline(self) -> int:
        """Return when tick() has something to do."""
        return 0 if self._is_new else min(self._interface.deadline(), self._look_at)

    def tick(self, now: int) -> None:
        """Do what is due."""
        if self._is_new:
            self._is_new = False
            self._table.begin()
            self._look(now)
            self._send(self._interface.handle(advertising.ACTIVE, now))
        elif now >= self._look_at and self._look(now):
            self._send(self._interface.handle(advertising.CHANGED, now))
        if now >= self._interface.deadline():
            self._look(now)
            self._send(self._interface.tick(now))

    def _look(self, now: int) -> bool:
        """Learn what the device has now; tell whether that is news to the hosts."""
        self._look_at = now + LOOK_EVERY
        try:
            found = [DeviceAddress(*each) for each in self._kernel.prefixes(self.plan.device)]
        except DumpBroken:
            if self._table.prefixes:
                # What was known holds until the kernel tells all.
                return False
            found = []
        found = [each for each in found if each.address not in self._virtual]
        return self._table.look(self._spec, found, self._has_way_out(found), now)

    def _has_way_out(self, found: "list[DeviceAddress]") -> bool:
        if self._spec.default != WAY_OUT:
            return True
        sources = [each.address for each in found if each.valid_s] + list(self.plan.spec.addresses)
        public = [each for each in sources if each[0] & 0xE0 == 0x20 and not is_local(each)]
        # A default route may be there for packets from one prefix alone.
        return any(self._kernel.has_way_out(each) for each in public)

    # What is heard

    def solicit(self, solicitor: "tuple[bytes, bytes] | None", now: int) -> None:
        """Take a host's question for its routers."""
        self._send(self._interface.solicit(solicitor, now))

    def hear(self, source: bytes, heard: "HeardAdvert", now: int) -> None:
        """Take another router's advertisement: what it takes back of ours is said again."""
        ours = [(each.prefix, each.length) for each in self._table.prefixes if each.preferred_s]
        ends_us = self.is_own(source) and not heard.lifetime_s
        if ends_us or any(each in ours for each in heard.withdrawn):
            self._send(self._interface.handle(advertising.CHANGED, now))

    # What leaves

    def _send(self, emissions: "list[Emission]") -> None:
        link = self._kernel.link(self.plan.device)
        if link is None or not link.ethernet:
            return
        mac, spec = self.plan.virtual_mac or link.mac, self._spec
        for each in emissions:
            self._sent += 1
            self._answered += each.to is not None
            host, host_mac = each.to or (ALL_NODES, ALL_NODES_MAC)
            for message in advertisements(spec, self._table, mac, each.final):
                frame = icmpv6_frame(host_mac, mac, spec.source, host, message)
                self._sockets.send_frame(self.plan.name, frame)

    # What is told

    def account(self, now: int) -> "dict[str, Any]":
        """Return what the status shows."""
        timer, ends_at = self._interface.timer, self._table.ends_at()
        is_ending = self.is_advertising() and self._table.lifetime_s > 0 and ends_at is not None
        prefixes = self._table.prefixes if self.is_advertising() else []
        return {
            "advertising": self.is_advertising(),
            "source": text_of(self._spec.source),
            "lifetime_s": self._table.lifetime_s if self.is_advertising() else 0,
            "prefixes": ["%s/%d" % (text_of(each.prefix), each.length) for each in prefixes if each.valid_s],
            "ends_ms": max(0, (ends_at or 0) - now) // 1000 if is_ending else None,
            "sent": self._sent,
            "answered": self._answered,
            "next_ms": None if timer == NEVER else max(0, timer - now) // 1000,
        }

    def has_no_prefix(self) -> bool:
        """Tell whether hosts are to use this router, and get no address by it or by DHCPv6."""
        is_used = self._interface.state == advertising.ADVERTISING and self._table.lifetime_s > 0
        if self._table.ends_at() is not None:
            # As a WAN comes up its prefix may; without it nobody is to use this router, which is no problem.
            return False
        return is_used and not self._spec.managed and not any(each.valid_s for each in self._table.prefixes)
