# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the peers of a tunnel were heard last, by this router or by the one that had it before."""

from typing import Any

from haven.agent.wireguard.wg_tool import PeerFacts
from haven.contract.wireguard_words import MOST_PEERS

Document = dict[str, Any]

# WireGuard's REJECT_AFTER_TIME, and the time until it was told: a session that is older is none any more.
ALIVE_S = 180 + 10


class Place:
    """Where a peer was; `heard_at` on our clock that only grows, `mark` as WireGuard noted the handshake."""

    def __init__(self, endpoint: str, heard_at: float, mark: int) -> None:
        self.endpoint, self.heard_at, self.mark = endpoint, heard_at, mark


class PeerPlaces:
    """By the public key of the peer."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        # What each router was told, by its name.
        self._told: dict[str, dict[str, tuple[str, int]]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def take_own(self, peers: dict[str, PeerFacts], now: float, clock: float) -> None:
        """Take what this router's own device has heard; `clock` is in seconds since the epoch."""
        for key in [key for key in self._places if key not in peers]:
            del self._places[key]
        for key, peer in peers.items():
            if peer.handshake and peer.endpoint:
                heard_at = now - max(0.0, clock - peer.handshake)
                before = self._places.get(key)
                # A device remembers a handshake of its own that is older than the other router's.
                if before is not None and before.endpoint == peer.endpoint:
                    heard_at = max(heard_at, before.heard_at)
                self._places[key] = Place(peer.endpoint, heard_at, peer.handshake)

    def hear(self, peers: list[Document], now: float) -> bool:
        """Take what another router tells; tell whether somebody is elsewhere."""
        is_news = False
        for peer in peers:
            before = self._places.get(peer["key"])
            is_news |= before is None or before.endpoint != peer["endpoint"]
            if before is not None or len(self._places) < 10 * MOST_PEERS:
                self._places[peer["key"]] = Place(peer["endpoint"], now - peer["age_s"], 0)
        return is_news

    def news_for(self, node: str, now: float) -> list[Document]:
        """Return what a router has not been told, as much as a message holds; it counts as told then."""
        told = self._told.setdefault(node, {})
        found: list[Document] = []
        for key, place in self._places.items():
            if told.get(key) != (place.endpoint, place.mark) and len(found) < MOST_PEERS:
                told[key] = (place.endpoint, place.mark)
                found.append({"key": key, "endpoint": place.endpoint, "age_s": int(now - place.heard_at)})
        return found

    def forget_listener(self, node: str) -> None:
        """Take it that a router knows nothing: who comes back may have begun anew."""
        self._told.pop(node, None)

    def wanted(self, peers: dict[str, PeerFacts]) -> dict[str, str]:
        """Return where those of these peers are whom the device has elsewhere, or nowhere."""
        return {
            key: place.endpoint
            for key, place in self._places.items()
            if key in peers and peers[key].endpoint != place.endpoint
        }

    def to_call(self, peers: dict[str, PeerFacts], now: float) -> list[PeerFacts]:
        """Return those of these peers who had a session until now."""
        return [
            peers[key]
            for key, place in self._places.items()
            if key in peers and now - place.heard_at < ALIVE_S
        ]

    def places(self) -> dict[str, str]:
        """Return where each peer was."""
        return {key: place.endpoint for key, place in self._places.items()}
