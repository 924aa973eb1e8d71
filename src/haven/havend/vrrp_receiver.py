# SPDX-License-Identifier: GPL-2.0-or-later
"""A socket that hears VRRP, and what it does about a flood."""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.vrrp.constants import TTL
from haven.havend.host import system
from haven.havend.packet_filter import vrid_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from haven.core.virtual_router import VirtualRouter

    Hear = Callable[[str, int, bytes, bytes, int, bytes], None]

# No Active advertises so often: where packets come faster, several may wait.
BURST = 5 * MILLISECOND
# A flood on one socket must not keep the others, and the timers, from their turn.
AT_ONCE = 512
# A flood is over when there was none for so long.
FLOOD_OVER = 10 * SECOND
# So many samples within a second of what the kernel drops are a flood, too: of more than 6000 packets. The
# 250 virtual routers of another pair, at 100 ms, are 2500.
SAMPLES_OF_A_FLOOD = 25


class VrrpReceiver:
    """Hears one family on one device; `flooded_at` when more came than is read."""

    def __init__(self, device: str, family: int, sock: "socket.socket") -> None:
        self.device = device
        self.family = family
        self.socket = sock
        self.flooded_at = -NEVER
        self._read_at = -NEVER
        # When a socket that was read for too long is read again, and when a flood may be over.
        self.resume_at = NEVER
        self._receive = system.receive_v6 if family == 6 else system.receive_v4
        # What was read and is still to be handed over.
        self._unusual: tuple[bytes, bytes, int, bytes] | None = None
        self._filter = b""
        # What the kernel lets pass of more than samples; None while it lets everything pass.
        self._vrids: frozenset[bytes] | None = None
        self._least_ttl = 0
        self._samples = 0
        self._sampled_since = -NEVER

    def read(self, hear: "Hear") -> bool:
        """Hand over the packet that waits; tell whether that was a flood, so that it is to rest.

        Mostly it is the only one, and to ask for another costs as much. Called again at once, it hands over
        every packet that waits.
        """
        began = system.now()
        is_alone, self._read_at = began - self._read_at > BURST, began
        for _ in range(1 if is_alone else AT_ONCE):
            packet = self._unusual or self._receive(self.socket)
            self._unusual = None
            if packet is None:
                return False
            source, destination, ttl, message = packet
            # What came before the filter was there may be too short to have a VRID.
            is_ours = self._vrids is None or message[1:2] in self._vrids
            if not is_ours or ttl < self._least_ttl:
                self._note_sample(began)
            if is_ours:
                hear(self.device, self.family, source, destination, ttl, message)
        if is_alone:
            return False
        self.flooded_at = now = system.now()
        self.resume_at = now + (now - began)
        return True

    def read_usual(self, members: "list[VirtualRouter]", now: int) -> bool:
        """Take the packet that waits, if it is the one that these heard last; any other is left to read()."""
        if now - self._read_at <= BURST:
            return False
        self._unusual = packet = self._receive(self.socket)
        if packet is None:
            return False
        source, destination, ttl, message = packet
        usual = (message, source, destination, ttl)
        for member in members:
            if member.last_accepted == usual and member.spec.device == self.device:
                self._read_at, self._unusual = now, None
                member.hear_repeated(now)
                return True
        return False

    def _note_sample(self, now: int) -> None:
        if now - self._sampled_since >= SECOND:
            self._samples, self._sampled_since = 0, now
        self._samples += 1
        if self._samples >= SAMPLES_OF_A_FLOOD:
            self.flooded_at = now

    def is_flooded(self, now: int) -> bool:
        """Tell whether there was a flood lately."""
        return now - self.flooded_at < FLOOD_OVER

    def set_filter(self, vrids: "list[int]", from_afar: bool) -> None:
        """Let the kernel drop what is not for these; in a flood also what has come through another router.

        Else such a packet is read, so that a user learns of it. `from_afar` where peers may be so.
        """
        strict = not from_afar and self.is_flooded(system.now())
        if strict:
            self.resume_at = min(self.resume_at, self.flooded_at + FLOOD_OVER)
        wanted = vrid_filter(self.family, vrids, strict)
        if wanted != self._filter:
            self._filter = wanted
            attached = system.attach_filter(self.socket, wanted)
            self._vrids = frozenset([bytes((vrid,)) for vrid in vrids]) if attached else None
            self._least_ttl = TTL if attached and strict else 0
