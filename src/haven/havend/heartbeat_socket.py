# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the kernel of one router on one device, by ARP or neighbour solicitation, and counts its answers."""

from haven.core.announce import ETHERTYPE_ARP, ETHERTYPE_IPV6
from haven.core.witness_frames import arp_answer, arp_request, frame_advertised, neighbour_solicitation
from haven.havend.host import system
from haven.havend.packet_filter import arp_replies_filter, neighbour_adverts_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.havend.netlink_messages import KernelLink

LONGEST = 2048
# Of one turn: a router answers once.
MOST_READ = 16


class HeartbeatSocket:
    """Nobody is woken by an answer: it is read before the next question. Raises OSError."""

    def __init__(self, link: "KernelLink", source: bytes, address: bytes) -> None:
        self.link, self.source, self.address = link, source, address
        # Whose answers count: of whoever was the first to answer.
        self.mac: bytes | None = None
        self.strange = 0
        four = len(address) == 4
        self._socket = system.open_frames(link.name, ETHERTYPE_ARP if four else ETHERTYPE_IPV6)
        accepted = arp_replies_filter([address]) if four else neighbour_adverts_filter(address)
        system.attach_filter(self._socket, accepted)
        self._question = self._made(None)

    def _made(self, mac: "bytes | None") -> bytes:
        if len(self.address) == 4:
            return arp_request(self.link.mac, self.source, self.address, mac or b"\xff" * 6)
        return neighbour_solicitation(self.link.mac, self.source, self.address, mac)

    def ask(self) -> None:
        """Send a question; to all of the link as long as nobody has answered."""
        try:
            self._socket.send(self._question)
        except OSError:
            # A link that is down, a full queue: that is a question without an answer.
            return

    def answers(self) -> int:
        """Return how many answers have come."""
        found = 0
        for _ in range(MOST_READ):
            try:
                frame = self._socket.recv(LONGEST)
            except OSError:
                break
            found += self._is_answer(frame)
        return found

    def _is_answer(self, frame: bytes) -> bool:
        read = arp_answer(frame) if len(self.address) == 4 else frame_advertised(frame)
        if read is None or read[0] != self.address:
            return False
        if self.mac is None:
            self.mac = read[1]
            self._question = self._made(self.mac)
        elif read[1] != self.mac:
            self.strange += 1
            return False
        return True

    def forget(self) -> None:
        """Ask the whole link again: the router may have another MAC address by now."""
        self.mac = None
        self._question = self._made(None)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
