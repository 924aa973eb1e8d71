# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with havend and conntrackd on it, and the order of triggers that keeps the flows alive."""

import contextlib
import threading
import time

from tests.lab import firewall
from tests.lab.conntrackd import Conntrackd
from tests.lab.haven_node import HavenNode
from tests.lab.network import (
    GATEWAY,
    GATEWAY6,
    GATEWAY6_LINK_LOCAL,
    UPLINK,
    UPLINK6,
    UPLINK6_LINK_LOCAL,
    Network,
)
from tests.lab.wait import wait_until

# The standby's own injections overrun its event socket; a resync would send its old copies to the Active.
INJECTION = {
    "mode_options": "DisableExternalCache On\n  StartupResync no",
    "overrun_resync": "Off",
    "netlink_buffer": 8 << 20,
    "netlink_growth": 32 << 20,
    "socket_buffer": 8 << 20,
}
GUARD_S = 5
FOUR = f"{{ {GATEWAY}, {UPLINK} }}"
SIX = f"{{ {GATEWAY6}, {GATEWAY6_LINK_LOCAL}, {UPLINK6}, {UPLINK6_LINK_LOCAL} }}"
# A segment that begins no connection and belongs to none came for a flow that this router does not know yet.
GUARD = f"""
table inet haven_guard {{
 chain input {{
  type filter hook input priority filter - 5
  ip daddr {FOUR} tcp flags & (syn | rst) == 0 ct state {{ new, invalid }} drop
  ip6 daddr {SIX} tcp flags & (syn | rst) == 0 ct state {{ new, invalid }} drop
 }}
 chain output {{
  type filter hook output priority filter - 5
  ip saddr {FOUR} tcp flags & rst == rst drop
  ip saddr {FOUR} icmp type destination-unreachable drop
  ip6 saddr {SIX} tcp flags & rst == rst drop
  ip6 saddr {SIX} icmpv6 type destination-unreachable drop
 }}
}}
"""


class HavenConntrackdNode(HavenNode):
    """havend, with conntrackd injecting into the standby's kernel, told what to do at each change."""

    def __init__(
        self, network: Network, name: str, renew_s: float = 4, guard: bool = True, **gateway: object
    ) -> None:
        super().__init__(network, name, **gateway)
        self.conntrackd = Conntrackd(network, name, **INJECTION)
        self.renew_s, self.guard = renew_s, guard
        self._guarded = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self) -> "HavenConntrackdNode":
        """Start conntrackd, havend, and the thread that follows its state."""
        if self.guard:
            self._set_guard(True)
        self.conntrackd.start()
        super().start()
        self._thread.start()
        return self

    def wait_synced(self, standby: "HavenConntrackdNode", budget: float = 30) -> None:
        """Wait until the standby's table is as large as this Active's, within a hundredth."""

        def synced() -> bool:
            held, there = (firewall.entries(node.router.namespace) for node in (self, standby))
            return abs(held - there) <= 10 + held / 100

        wait_until(synced, budget, f"{standby.name} has the flows of {self.name}", interval=0.2)

    def leave(self) -> None:
        """Hand over when everything is sent and acknowledged."""
        self.conntrackd.wait_delivered()
        self.ask("switchover", group=None)

    def close(self) -> None:
        """Stop following."""
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        role, rounds, due, since = None, 0, 0.0, 0.0
        started = self.conntrackd.process
        while not self._ended.wait(0.05):
            with contextlib.suppress(OSError, RuntimeError, TimeoutError):
                now, heard = time.monotonic(), self.state()
                if heard not in ("active", "backup"):
                    continue
                if self.conntrackd.process.poll() is not None:
                    self.conntrackd.start()
                if heard != role or self.conntrackd.process is not started:
                    since = since if heard == role else now
                    role, rounds, due, started = heard, 0, now + 1, self.conntrackd.process
                    self._entered(role)
                elif now >= due:
                    self._renew(role, rounds)
                    rounds, due = rounds + 1, now + self.renew_s
                if self.guard and self._guarded and role == "active" and now > since + GUARD_S:
                    self._set_guard(False)

    def _entered(self, role: str) -> None:
        if role == "active":
            return
        if self.guard and not self._guarded:
            self._set_guard(True)
        # What this node's cache remembers would be deleted at the Active when the copy here runs out.
        self.conntrackd.ask("flush internal")
        self.conntrackd.ask("request")

    def _renew(self, role: str, rounds: int) -> None:
        if role == "active":
            if rounds < 3:
                self.conntrackd.ask("resync")
            self.conntrackd.ask("bulk")
        elif self.conntrackd.figure("statistics", "current active connections:"):
            self.conntrackd.ask("flush internal")

    def _set_guard(self, on: bool) -> None:
        inside = self.router.namespace
        # Declared, deleted, and made anew in one transaction, so that either wish may come twice.
        inside.nft("table inet haven_guard\ndelete table inet haven_guard\n" + (GUARD if on else ""))
        firewall.set_tracking(inside, tcp_loose=int(on))
        self._guarded = on
