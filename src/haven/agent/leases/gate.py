# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules about DHCP: on a standby nobody's question comes in, on all routers the answers go by the holder.

What is closed is so by elements of a set that run out: an agent that died leaves nothing that drops for long.
What is queued passes where nobody reads the queue.
"""

import sys
from collections.abc import Callable, Iterable

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.command_answer import complaint_of
from haven.agent.loop import Scope
from haven.leases.nfqueue import NUMBER

# A restart of haven, or an upgrade, takes less.
CLOSED_S = 120
REFRESH_S = 30.0
LIMIT_S = 5.0

REMOVE = "table inet haven_leases\ndelete table inet haven_leases\n"
TABLE = """table inet haven_leases {
 set closed { type ifname; flags timeout; %s}
 set held { type ifname; %s}
 chain input {
  type filter hook input priority filter - 10; policy accept;
  iifname @closed udp dport { 67, 547 } drop
%s }
 chain output {
  type filter hook output priority filter - 10; policy accept;
%s }
}
"""
QUEUED = "  meta nfproto ipv4 %s @held udp %s 67 queue flags bypass to %d\n"
BY_NFT = (QUEUED % ("iifname", "dport", NUMBER), QUEUED % ("oifname", "sport", NUMBER))
# A kernel without nft's `queue` may have that of iptables.
BY_IPTABLES = (("INPUT", "-i", "--dport"), ("OUTPUT", "-o", "--sport"))
CHAIN = "haven_leases"
QUEUE = "-j NFQUEUE --queue-num %d --queue-bypass" % NUMBER


def script(held: Iterable[str], closed: Iterable[str], by_nft: bool = True) -> str:
    """Return what nft has to do: which devices' answers are held, and which devices are closed."""
    elements = _elements('"%s" timeout %ds' % (device, CLOSED_S) for device in closed)
    rules = BY_NFT if by_nft else ("", "")
    return REMOVE + TABLE % (elements, _elements('"%s"' % device for device in held), *rules)


def _elements(values: Iterable[str]) -> str:
    listed = ", ".join(values)
    return "elements = { %s }; " % listed if listed else ""


def iptables_script(held: Iterable[str]) -> str:
    """Return what a shell has to do for the same by iptables; without devices it only takes away."""
    lines = []
    for chain, device, port in BY_IPTABLES:
        own = "%s_%s" % (CHAIN, chain.lower())
        lines += [
            f"iptables -w 2 -t mangle -D {chain} -p udp {port} 67 -j {own} 2>/dev/null",
            f"iptables -w 2 -t mangle -F {own} 2>/dev/null; iptables -w 2 -t mangle -X {own} 2>/dev/null",
        ]
        if held:
            lines += [f"iptables -w 2 -t mangle -N {own} || exit"]
            lines += [f"iptables -w 2 -t mangle -A {own} {device} {each} {QUEUE} || exit" for each in held]
            lines += [f"iptables -w 2 -t mangle -A {chain} -p udp {port} 67 -j {own} || exit"]
    return "\n".join([*lines, "exit 0"])


class Gate:
    """The rules of one router; `failure` says why they are not in force, `unheld` why nothing is held."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._held: tuple[str, ...] = ()
        self._closed: tuple[str, ...] = ()
        self._by_nft = True
        # What nft is to be told next, and whom to tell when it has been.
        self._wanted = ""
        self._waiting: list[Callable[[], None]] = []
        self._is_telling = False
        self.failure = self.unheld = ""
        scope.every(REFRESH_S, self._refresh)

    def hold(self, devices: Iterable[str]) -> None:
        """Let the answers on these devices go by the holder."""
        held = tuple(devices)
        if held != self._held:
            self._held = held
            self._tell()
            if not self._by_nft:
                self._hold_by_iptables()

    def close(self, devices: Iterable[str], done: Callable[[], None] = lambda: None) -> None:
        """Let no question in on these devices, and all on others; `done` is called when it is so."""
        self._closed = tuple(devices)
        self._tell(done)

    def _refresh(self) -> None:
        if self._closed:
            self._tell()

    def end(self, closed: bool, done: Callable[[], None]) -> None:
        """Hold nothing more, then call `done`; what is closed opens by itself unless it is to at once."""
        self._held = ()
        if not self._by_nft:
            self._run(["sh", "-c", iptables_script(())], "", lambda _why: None)
        self._wanted = script((), self._closed, self._by_nft) if closed and self._closed else REMOVE
        self._waiting.append(done)
        self._tell_next()

    # One at a time; each script says all, so the last that is wanted is enough.

    def _tell(self, *done: Callable[[], None]) -> None:
        self._wanted = script(self._held, self._closed, self._by_nft)
        self._waiting += done
        self._tell_next()

    def _tell_next(self) -> None:
        if self._is_telling or not self._wanted:
            return
        text, self._wanted = self._wanted, ""
        waiting, self._waiting = self._waiting, []
        self._is_telling = True

        def told(why: str) -> None:
            self._is_telling = False
            if why and self._by_nft and self._held:
                # Its one word that a kernel may not know.
                self._by_nft = False
                self._hold_by_iptables()
                self._tell(*waiting)
                return
            self.failure = _news(self.failure, why)
            for done in waiting:
                done()
            self._tell_next()

        self._run(["nft", "-f", "-"], text, told)

    def _hold_by_iptables(self) -> None:
        def told(why: str) -> None:
            self.unheld = _news(self.unheld, why)

        self._run(["sh", "-c", iptables_script(self._held)], "", told)

    def _run(self, argv: list[str], text: str, told: Callable[[str], None]) -> None:
        def done(outcome: ChildEnd | CallFailure) -> None:
            told(_complaint(outcome, argv[0]))

        try:
            self._scope.run(argv, done, LIMIT_S, text)
        except OSError as why:
            told(str(why))


def _complaint(outcome: ChildEnd | CallFailure, program: str) -> str:
    if isinstance(outcome, CallFailure):
        return str(outcome)
    if not outcome.status:
        return ""
    words = complaint_of(outcome).splitlines()[0]
    # A shell says itself who says it.
    return words if words.startswith(f"{program}: ") else f"{program}: {words}"


def _news(before: str, why: str) -> str:
    if why not in ("", before):
        print(f"haven-agent: DHCP: {why}", file=sys.stderr, flush=True)
    return why
