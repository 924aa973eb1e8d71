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

Connections that end on the router itself (ssh, LuCI, a VPN over TCP) have no copy: they are best reset at
once, and begun anew. So what comes to a port where this router listens passes, with its answer, unless it
looks like something translated. What is translated to another host as it comes in gets its entry before the
guard sees it; what cannot get one (invalid) stays guarded. And what comes back to a translated connection
goes to a client's port, or comes from a service's.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterable

from haven import paths
from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.conntrack.listening_ports import listening_ports
from haven.agent.loop import Scope, Timer
from haven.contract.guard_note import LOOSE_FILE, REMOVE

# Until the clients have sent again: a retransmission comes after 0.2 s, the next ones after 0.6, 1.4 and 3 s.
LASTS_S = 5.0
# To run nft costs more than all else that a standby does in ten seconds; one that has failed is tried sooner.
REFRESH_S, RETRY_S = 20.0, 10.0
# On an Active, how often it is looked who has begun to listen.
LOOK_S = 0.25
LIFETIME_S = 50
# It answers in milliseconds; one that is stuck is ended, and named.
NFT_LIMIT_S = 5.0

RULES = """table inet haven_guard {
 set four { type ipv4_addr; flags timeout; %s}
 set six { type ipv6_addr; flags timeout; %s}
 set now { type inet_proto; flags timeout; %s}
 set here { type inet_service; %s}
 chain input {
  type filter hook input priority filter - 10; policy accept;
  tcp sport >= 1024 tcp dport @here ct state new accept
  ip daddr @four tcp flags & (syn | rst) == 0x0 ct state { new, invalid } drop
  ip6 daddr @six tcp flags & (syn | rst) == 0x0 ct state { new, invalid } drop
 }
 chain output {
  type filter hook output priority filter - 10; policy accept;
  ip saddr @four tcp sport @here tcp dport >= 1024 accept
  ip6 saddr @six tcp sport @here tcp dport >= 1024 accept
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


def script(addresses: list[str], ports: list[int], active: bool = False) -> str:
    """Return what nft has to do to arm the rules, or to arm them again, for addresses without prefix.

    `ports` are those where this router itself listens.
    """
    four = _passing([address for address in addresses if ":" not in address])
    six = _passing([address for address in addresses if ":" in address])
    now = ("tcp", "icmp", "ipv6-icmp") if active else ("tcp",)
    passing = _passing(now, ACTIVE_LIFETIME_S if active else LIFETIME_S)
    return REMOVE + RULES % (four, six, passing, _elements("%d" % port for port in ports))


def _passing(values: Iterable[str], lifetime: int = LIFETIME_S) -> str:
    return _elements("%s timeout %ds" % (value, lifetime) for value in values)


def _elements(values: Iterable[str]) -> str:
    listed = ", ".join(values)
    return "elements = { %s }; " % listed if listed else ""


class Guard:
    """The guard of one node's virtual addresses; without any there is none."""

    def __init__(
        self, addresses: list[str], run_dir: str, scope: Scope, own_ports: Collection[int] = ()
    ) -> None:
        self._addresses, self._own_ports = addresses, own_ports
        self._scope = scope
        self._note = paths.inside(run_dir, paths.TCP_LOOSE_NOTE)
        self._armed = self._is_active = False
        self._ports: list[int] = []
        self._refresh: Timer | None = None
        self._lift_later: Timer | None = None
        # What nft is to be told next, and what is to be done once it has.
        self._wanted: tuple[str, Callable[[], None]] | None = None
        self._is_telling = False
        self._is_ending = False
        self._ended: Callable[[], None] | None = None
        self.failure = ""

    def follow(self, active: bool) -> None:
        """Take the state of the gateway on this node."""
        if not self._addresses:
            self.clear_left()
            return
        self._is_active = active
        if not active:
            _cancel(self._lift_later)
            self._lift_later = None
            self._arm()
            return
        # One that could not be armed is not to be armed on an Active.
        _cancel(self._refresh)
        if self._armed:
            self._take_over()
        elif not self._is_telling:
            self.clear_left()

    def clear_left(self) -> None:
        """Take back what an agent before this one armed, where it is not to be armed."""
        if os.path.exists(self._note):
            self._lift()

    def end(self, done: Callable[[], None]) -> None:
        """Take everything back, then call `done`."""
        self._is_ending, self._ended = True, done
        _cancel(self._refresh, self._lift_later)
        if self._armed or os.path.exists(self._note):
            self._lift()
        else:
            self._tell_next()

    def _arm(self) -> None:
        self._arm_after(RETRY_S)
        # Before anything is changed: whoever comes after us puts it back.
        if not os.path.exists(self._note):
            _keep(self._note, _read(LOOSE_FILE))
        self._tell(self._script(), self._has_been_armed)

    def _arm_after(self, seconds: float) -> None:
        _cancel(self._refresh)
        self._refresh = self._scope.after(seconds, self._arm)

    def _script(self, active: bool = False) -> str:
        self._ports = self._ports_here()
        return script(self._addresses, self._ports, active)

    def _ports_here(self) -> list[int]:
        return sorted({*listening_ports(self._addresses), *self._own_ports})

    def _has_been_armed(self) -> None:
        self._armed = True
        if os.path.exists(self._note):
            _write(LOOSE_FILE, "1")
        # It may have taken so long that it is wanted no more, or for a takeover.
        if self._is_ending:
            self._lift()
        elif self._is_active:
            self._take_over()
        else:
            self._arm_after(REFRESH_S)

    def _take_over(self) -> None:
        if self._lift_later is None:
            self._lift_later = self._scope.after(LASTS_S, self._lift)
            self._tell(self._script(active=True), lambda: None)
        self._look_later()

    def _look_later(self) -> None:
        _cancel(self._refresh)
        self._refresh = self._scope.after(LOOK_S, self._look)

    def _look(self) -> None:
        """Let pass what has begun to listen here since: a service that the Active alone runs."""
        if self._ports_here() != self._ports:
            self._tell(self._script(active=True), lambda: None)
        self._look_later()

    def _lift(self) -> None:
        self._armed = False
        _cancel(self._refresh, self._lift_later)
        self._lift_later = None
        self._tell(REMOVE, lambda: None)
        if os.path.exists(self._note):
            _write(LOOSE_FILE, _read(self._note))
            os.unlink(self._note)

    # nft: one at a time; each script says all, so the last that is wanted is enough

    def _tell(self, text: str, then: Callable[[], None]) -> None:
        self._wanted = (text, then)
        self._tell_next()

    def _tell_next(self) -> None:
        if self._is_telling:
            return
        if self._wanted is None:
            if self._ended is not None:
                ended, self._ended = self._ended, None
                ended()
            return
        (text, then), self._wanted = self._wanted, None
        self._is_telling = True

        def done(outcome: ChildEnd | CallFailure) -> None:
            self._is_telling = False
            self._record(outcome)
            if not self.failure:
                then()
            self._tell_next()

        try:
            self._scope.run(["nft", "-f", "-"], done, NFT_LIMIT_S, text)
        except OSError as error:
            done(CallFailure("refused", str(error)))

    def _record(self, outcome: ChildEnd | CallFailure) -> None:
        before, self.failure = self.failure, ""
        if isinstance(outcome, CallFailure):
            self.failure = str(outcome)
        elif outcome.status:
            self.failure = outcome.complaint.strip().split("\n")[0] or f"nft ended with {outcome.status}"
        if self.failure not in ("", before):
            print("haven-agent: guard: %s" % self.failure, file=sys.stderr, flush=True)


def _cancel(*timers: Timer | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def _keep(path: str, text: str) -> None:
    try:
        with open(path + ".new", "w") as file:
            file.write(text)
        os.replace(path + ".new", path)
    except OSError:
        # Without a note the setting stays as it is, because nobody could put it back.
        return


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        # The kernel has no connection tracking yet, so it has no connections to take up either.
        return
