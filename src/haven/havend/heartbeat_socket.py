# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the kernel of one router on one device, by ARP or neighbour solicitation, and counts its answers."""

from haven.core.announce import BROADCAST, ETHERTYPE_ARP
from haven.core.frame import ETHERTYPE_IPV6
from haven.core.witness_frames import arp_answer, arp_request, frame_advertised, neighbour_solicitation
from haven.havend.host import system
from haven.havend.packet_filter import arp_replies_filter, neighbour_adverts_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.havend.netlink_messages import KernelLink

LONGEST = 128
# Of one turn: a router answers once to each question.
MOST_READ = 16
# What else comes waits for a turn of so many.
THOROUGHLY_EVERY = 16


class HeartbeatSocket:
    """Nobody is woken by an answer: it is read before the next question. Raises OSError.

    `virtual` is an address that the router has while it is Active, or None: whoever answers for it lives.
    """

    def __init__(self, link: "KernelLink", source: bytes, address: bytes, virtual: "bytes | None") -> None:
        self.link, self.source, self.address, self.virtual = link, source, address, virtual
        # Whose answers are counted.
        self.mac: bytes | None = None
        # Those of other machines, and the last of these.
        self.strange = 0
        self.stranger: bytes | None = None
        self._turns = 0
        self._is_four = len(address) == 4
        self._socket = system.open_frames(link.name, ETHERTYPE_ARP if self._is_four else ETHERTYPE_IPV6)
        asked = [address] if virtual is None else [address, virtual]
        accepted = arp_replies_filter(asked) if self._is_four else neighbour_adverts_filter(asked)
        system.attach_filter(self._socket, accepted)
        self._question = self._made(address, None)
        self._to_all = [self._made(each, None) for each in asked]

    def _made(self, address: bytes, mac: "bytes | None") -> bytes:
        if self._is_four:
            return arp_request(self.link.mac, self.source, address, mac or BROADCAST)
        return neighbour_solicitation(self.link.mac, self.source, address, mac)

    def ask(self) -> None:
        """Send a question; to all of the link as long as nobody has answered."""
        self._send(self._question)

    def ask_everybody(self) -> None:
        """Ask the whole link who has the address, and who serves: both may have moved to another machine."""
        for question in self._to_all:
            self._send(question)

    def _send(self, question: bytes) -> None:
        try:
            self._socket.send(question)
        except OSError:
            # A link that is down, a full queue: that is a question without an answer.
            return

    def answers(self, expected: int, is_silent: bool) -> "int | None":
        """Return how many of the answers that are expected have come; None when there was no sign of life.

        After a silence everybody's answer is such a sign, as the address may have moved.
        """
        self._turns += 1
        found, lives = 0, False
        for _ in range(MOST_READ):
            if found >= expected and self._turns % THOROUGHLY_EVERY:
                break
            try:
                frame = self._socket.recv(LONGEST)
            except OSError:
                break
            is_own = self._take(frame, is_silent)
            if is_own is not None:
                lives = lives or is_own or is_silent
                found += is_own
        return found if lives else None

    def _take(self, frame: bytes, is_silent: bool) -> "bool | None":
        """Tell whether a frame is an answer of the router that is asked, None when it is no answer at all."""
        read = arp_answer(frame) if self._is_four else frame_advertised(frame)
        if read is None or read[0] not in (self.address, self.virtual):
            return None
        if read[0] != self.address:
            return False
        if self.mac is None or (is_silent and read[1] != self.mac):
            self.mac = read[1]
            self._question = self._made(self.address, self.mac)
        elif read[1] != self.mac:
            self.strange += 1
            self.stranger = read[1]
            return False
        return True

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
