# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard: for some seconds after a takeover nobody is told that a connection does not exist.

A connection that is too young to have been copied is not in the new Active's table. Its next segment would
be answered with a reset, or be called invalid and dropped for good. Meanwhile such segments to a virtual
address are dropped instead, resets and unreachables from one do not leave, and the kernel takes up
connections in midstream; so the next segment from the client's side makes the entry anew.

The rules are armed on a standby, where they match nothing because the addresses are not its own, so a
takeover has nothing to wait for. They match elements of sets that run out by themselves: an agent that died
leaves nothing that drops.

A firewall that refuses unknown connections answers for hosts behind the router, too (IPv6, or IPv4 that is
not translated). So no reset without ACK leaves in somebody else's name: that is the answer to a segment in
midstream, while one that refuses a new connection has an ACK. A standby, which forwards nothing, has that
rule as well; unreachables are kept back only from the takeover on.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

# Until the clients have sent again: a retransmission comes after 0.2 s, the next ones after 0.6, 1.4 and 3 s.
LASTS_S = 5.0
REFRESH_S = 10.0
LIFETIME_S = 30
LOOSE_FILE = "/proc/sys/net/netfilter/nf_conntrack_tcp_loose"

REMOVE = "table inet haven_guard\ndelete table inet haven_guard\n"
RULES = """table inet haven_guard {
 set four { type ipv4_addr; flags timeout; %s}
 set six { type ipv6_addr; flags timeout; %s}
 set now { type inet_proto; flags timeout; %s}
 chain input {
  type filter hook input priority filter - 10; policy accept;
  ip daddr @four tcp flags & (syn | rst) == 0x0 ct state { new, invalid } drop
  ip6 daddr @six tcp flags & (syn | rst) == 0x0 ct state { new, invalid } drop
 }
 chain output {
  type filter hook output priority filter - 10; policy accept;
  ip saddr @four tcp flags & rst == rst drop
  ip6 saddr @six tcp flags & rst == rst drop
  ip saddr @four icmp type destination-unreachable icmp code != frag-needed drop
  ip6 saddr @six icmpv6 type destination-unreachable drop
  meta l4proto @now fib saddr type != local tcp flags & (rst | ack | syn) == rst drop
  meta l4proto @now icmp type destination-unreachable icmp code != frag-needed drop
  meta l4proto @now icmpv6 type destination-unreachable drop
 }
}
"""


# A little longer than the guard, as the agent lifts it.
ACTIVE_LIFETIME_S = 7


def script(addresses: list[str], active: bool = False) -> str:
    """Return what nft has to do to arm the rules, or to arm them again, for addresses without prefix."""
    four = _elements([address for address in addresses if ":" not in address])
    six = _elements([address for address in addresses if ":" in address])
    now = ("tcp", "icmp", "ipv6-icmp") if active else ("tcp",)
    return REMOVE + RULES % (four, six, _elements(now, ACTIVE_LIFETIME_S if active else LIFETIME_S))


def _elements(values: Iterable[str], lifetime: int = LIFETIME_S) -> str:
    listed = ", ".join("%s timeout %ds" % (value, lifetime) for value in values)
    return "elements = { %s }; " % listed if listed else ""


class Guard:
    """The guard of one node's virtual addresses; without any there is none. Times in seconds."""

    def __init__(self, addresses: list[str], run_dir: str) -> None:
        self._addresses = addresses
        self._saved = os.path.join(run_dir, "tcp_loose")
        self._armed = False
        self._refresh_at: float | None = None
        self._lift_at: float | None = None
        self.failure = ""

    def follow(self, active: bool, now: float) -> None:
        """Take the state of the gateway on this node."""
        if not self._addresses:
            return
        if not active:
            self._lift_at = None
            self._arm(now)
            return
        # One that could not be armed is not to be armed on an Active.
        self._refresh_at = None
        if self._armed:
            self._take_over(now)
        elif os.path.exists(self._saved):
            # An agent before this one armed it.
            self._lift()

    def _take_over(self, now: float) -> None:
        if self._lift_at is None:
            self._lift_at = now + LASTS_S
            self._nft(script(self._addresses, active=True))

    def next_deadline(self) -> float | None:
        """Return when drive() has something to do, or None."""
        return min((at for at in (self._refresh_at, self._lift_at) if at is not None), default=None)

    def drive(self, now: float) -> None:
        """Do what time asks for."""
        if self._refresh_at is not None and now >= self._refresh_at:
            self._arm(now)
        if self._lift_at is not None and now >= self._lift_at:
            self._lift()

    def close(self) -> None:
        """Take everything back."""
        if self._armed:
            self._lift()

    def _arm(self, now: float) -> None:
        self._refresh_at = now + REFRESH_S
        if not self._nft(script(self._addresses)):
            return
        self._armed = True
        if not os.path.exists(self._saved):
            _write(self._saved, _read(LOOSE_FILE))
        _write(LOOSE_FILE, "1")

    def _lift(self) -> None:
        self._armed, self._refresh_at, self._lift_at = False, None, None
        self._nft(REMOVE)
        if os.path.exists(self._saved):
            _write(LOOSE_FILE, _read(self._saved))
            os.unlink(self._saved)

    def _nft(self, text: str) -> bool:
        before, self.failure = self.failure, ""
        try:
            done = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, text=True, timeout=5)
            if done.returncode:
                self.failure = done.stderr.strip().split("\n")[0]
        except (OSError, subprocess.TimeoutExpired) as error:
            self.failure = str(error)
        if self.failure not in ("", before):
            print("haven-agent: guard: %s" % self.failure, file=sys.stderr, flush=True)
        return not self.failure


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        # The kernel has no connection tracking yet, so it has no connections to take up either.
        return
