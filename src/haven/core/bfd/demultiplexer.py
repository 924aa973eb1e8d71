# SPDX-License-Identifier: GPL-2.0-or-later
"""Which session a BFD packet is for, and what is counted of those that are for none (RFC 5880 6.8.6)."""

from haven.core.bfd.control_packet import REASONS, TTL, BfdError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.bfd.bfd_session import BfdSession
    from haven.core.bfd.control_packet import ControlPacket

    Place = tuple[str, bytes]

# Whoever forges has many addresses.
MOST_STRANGERS = 16


class Drops:
    """What was dropped of the packets that came from one place."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys(REASONS, 0)
        # When last, by reason.
        self.last: dict[str, int] = {}

    def note(self, reason: str, now: int) -> None:
        """Count one."""
        self.counts[reason] += 1
        self.last[reason] = now


class Demultiplexer:
    """The sessions of a node, by device and address, and by discriminator."""

    def __init__(self) -> None:
        self.sessions: dict[Place, BfdSession] = {}
        # Of the peers of the sessions, and of everybody else.
        self.drops: dict[Place, Drops] = {}
        self.strangers: dict[Place, int] = {}
        self._by_discriminator: dict[int, BfdSession] = {}

    def add(self, session: "BfdSession") -> None:
        """Let packets find a session."""
        self.sessions[session.spec.place()] = session
        self.drops.setdefault(session.spec.place(), Drops())
        self._by_discriminator[session.discriminator] = session

    def remove(self, session: "BfdSession") -> None:
        """Let no packet find it any more."""
        del self.sessions[session.spec.place()]
        del self._by_discriminator[session.discriminator]

    def is_taken(self, discriminator: int) -> bool:
        """Tell whether a number cannot be that of a new session."""
        return not discriminator or discriminator in self._by_discriminator

    def hear(self, device: str, source: bytes, ttl: int, octets: bytes, now: int) -> "BfdSession | None":
        """Give a datagram to its session and return that, or count it and return None."""
        place = device, source
        try:
            # RFC 5881 5: whatever it says.
            if ttl != TTL:
                raise BfdError("ttl")
            packet = decode(octets)
            session = self._find(place, packet)
        except BfdError as error:
            self._drop(place, error.reason, now)
            return None
        session.hear(packet, now)
        return session

    def _find(self, place: "Place", packet: "ControlPacket") -> "BfdSession":
        if place not in self.sessions:
            raise BfdError("source")
        session = self._by_discriminator.get(packet.yours) if packet.yours else self.sessions[place]
        if session is None or session.spec.place() != place:
            self.sessions[place].doubt(packet)
            raise BfdError("discriminator")
        return session

    def _drop(self, place: "Place", reason: str, now: int) -> None:
        if place in self.sessions:
            self.drops[place].note(reason, now)
        elif place in self.strangers or len(self.strangers) < MOST_STRANGERS:
            self.strangers[place] = now
