# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine wants done, in the order in which it wants it."""

from haven.core.value import Value

TYPE_CHECKING = False

# Of an ADVERTISEMENT (vrrp/advert.py).
_CHECKSUM_AT = 6


class Send(Value):
    """Send these ADVERTISEMENTs of a virtual router: (destination, message) pairs, octets.

    With a key a trailer of `room` octets follows each message. What is ready to leave then has it in
    `trailer`, and in `checksums` those of IPv6, which cover it; `plain` is what it was made from.
    """

    room = 0
    plain: "Send | None" = None
    trailer = b""
    checksums: "tuple[bytes, ...]" = ()

    def __init__(
        self, router: str, source: bytes, packets: "tuple[tuple[bytes, bytes], ...]", room: int = 0
    ) -> None:
        self.router = router
        self.source = source
        self.packets = packets
        if room:
            self.room = room

    def with_trailer(self, trailer: bytes, checksums: "tuple[bytes, ...]") -> "Send":
        """Return the same with a trailer."""
        signed = Send(self.router, self.source, self.packets, self.room)
        signed.plain, signed.trailer, signed.checksums = self, trailer, checksums
        return signed

    def complete(self, index: int, octets: bytes) -> bytes:
        """Return octets that end in the message of an index with the trailer that belongs behind them."""
        if self.checksums:
            at = len(octets) - len(self.packets[index][1]) + _CHECKSUM_AT
            octets = octets[:at] + self.checksums[index] + octets[at + 2 :]
        return octets + self.trailer

    def messages(self) -> "tuple[tuple[bytes, bytes], ...]":
        """Return the (destination, message) pairs as they are on the wire."""
        found = [(to, self.complete(at, octets)) for at, (to, octets) in enumerate(self.packets)]
        return tuple(found)


class TakeOver(Value):
    """Carry out the takeover steps of these virtual routers, in one batch."""

    def __init__(self, routers: "tuple[str, ...]") -> None:
        self.routers = routers


class Release(Value):
    """Carry out the release steps of these virtual routers, in one batch."""

    def __init__(self, routers: "tuple[str, ...]") -> None:
        self.routers = routers


class Reapply(Value):
    """An Active virtual router has other addresses or routes than before: change what differs."""

    def __init__(self, router: str) -> None:
        self.router = router


class Renamed(Value):
    """A reload gives other names: virtual routers from old to new, groups from new to what they were."""

    def __init__(self, routers: "dict[str, str]", groups: "dict[str, str]") -> None:
        self.routers = routers
        self.groups = groups


class Announce(Value):
    """Tell the hosts of the link where the virtual addresses are now."""

    def __init__(self, router: str) -> None:
        self.router = router


class Transition(Value):
    """A group went from one state to another.

    `reason` is one of REASONS; `router` the virtual router where the cause was seen; `peer` the other
    router's address; `silence` how long the Active had been silent, microseconds.
    """

    def __init__(
        self,
        group: str,
        before: str,
        after: str,
        reason: str,
        router: "str | None" = None,
        peer: "bytes | None" = None,
        peer_priority: "int | None" = None,
        silence: "int | None" = None,
        faults: "tuple[tuple[str, str], ...]" = (),
    ) -> None:
        self.group = group
        self.before = before
        self.after = after
        self.reason = reason
        self.router = router
        self.peer = peer
        self.peer_priority = peer_priority
        self.silence = silence
        self.faults = faults


REASONS = (
    "startup",
    "recovered",
    "owner",
    "adopted",
    "silence",
    "unanswered",
    "session",
    "nobody",
    "resigned",
    "preempt",
    "higher",
    "stalled",
    "handed_over",
    "alone",
    "fault",
    "stop",
    "rehearsal",
)


class HandoverBegun(Value):
    """A group has said priority 0, and stays Active until another router is."""

    def __init__(self, group: str) -> None:
        self.group = group


class HandoverEnded(Value):
    """A handover is over: another router is Active (`done`), or nobody took over.

    `asked` is false where the handover was this node's own idea: nobody waits to hear how it ended.
    """

    def __init__(self, group: str, done: bool, asked: bool = True) -> None:
        self.group = group
        self.done = done
        self.asked = asked


class Doubted(Value):
    """An Active is about to be taken for dead: who has another path to it may say soon that it lives."""

    def __init__(self, group: str) -> None:
        self.group = group


class HeldBack(Value):
    """No Active is heard, nor anybody else on the link of a virtual router: this node does not take over."""

    def __init__(self, group: str, router: str) -> None:
        self.group = group
        self.router = router


class SyncWait(Value):
    """Preemption waits for the Active's state, `left_us` at most; 0: no longer, though it has not come."""

    def __init__(self, group: str, left_us: int) -> None:
        self.group = group
        self.left_us = left_us


class Dropped(Value):
    """A packet was dropped; `suppressed` of the kind were dropped since it was last said."""

    def __init__(self, router: str, reason: str, text: str, source: bytes, suppressed: int) -> None:
        self.router = router
        self.reason = reason
        self.text = text
        self.source = source
        self.suppressed = suppressed


class Noticed(Value):
    """Something odd was heard that could not be refused; `kind` is one of core/strangers.py."""

    def __init__(self, router: str, kind: str, source: bytes) -> None:
        self.router = router
        self.kind = kind
        self.source = source


class FaultsChanged(Value):
    """The faults of a group are these now: (kind, device) pairs, none when it has recovered."""

    def __init__(self, group: str, faults: "tuple[tuple[str, str], ...]") -> None:
        self.group = group
        self.faults = faults


class PriorityChanged(Value):
    """Tracked devices or maintenance changed what is taken off the priority of a group."""

    def __init__(self, group: str, penalty: int, maintenance: bool) -> None:
        self.group = group
        self.penalty = penalty
        self.maintenance = maintenance


if TYPE_CHECKING:
    Effects = list[Value]
