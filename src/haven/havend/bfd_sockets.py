# SPDX-License-Identifier: GPL-2.0-or-later
"""The sockets of BFD: for each device and family one that hears, for each session one that sends."""

from haven.core.bfd.control_packet import PORT, SOURCE_PORTS
from haven.havend.host import datagrams, system
from haven.havend.packet_filter import sources_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from haven.havend.netlink_messages import KernelLink

    # Device, source, TTL and payload.
    Heard = Callable[[str, bytes, int, bytes], None]

# Of one turn; a peer sends one packet in each of its intervals.
MOST_READ = 64


class BfdReceiver:
    """Hears the peers on one device; everybody else is sampled. Raises OSError."""

    def __init__(self, link: "KernelLink", family: int) -> None:
        self.link = link
        # Whether more has come than is read, so that silence may be nobody's.
        self.is_flooded = False
        self._receive = datagrams().receive_datagram
        self._peers: list[bytes] = []
        self._family = family
        self.socket: socket.socket = datagrams().open_datagrams(link.name, family, PORT)

    def expect(self, peers: "list[bytes]") -> None:
        """Read the packets of these, and of others a few by chance."""
        if peers != self._peers:
            self._peers = peers
            system.attach_filter(self.socket, sources_filter(self._family, peers))

    def read(self, heard: "Heard") -> None:
        """Hand over what waits."""
        self.is_flooded = False
        for _ in range(MOST_READ):
            found = self._receive(self.socket)
            if found is None:
                return
            heard(self.link.name, found[0], found[1], found[2])
        self.is_flooded = True


class BfdSender:
    """Sends the packets of one session from an address of this router. Raises OSError."""

    def __init__(self, link: "KernelLink", source: bytes, peer: bytes) -> None:
        self.link, self.source = link, source
        found = datagrams().open_datagram_sender(link.name, link.index, source, SOURCE_PORTS, peer, PORT)
        self._socket: socket.socket = found[0]
        self._peer = found[1]

    def send(self, octets: bytes) -> "str | None":
        """Send a packet; return why it could not be."""
        try:
            self._socket.sendto(octets, self._peer)
        except OSError as error:
            return system.error_text(error.errno or 0)
        return None

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
