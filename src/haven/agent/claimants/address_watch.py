# SPDX-License-Identifier: GPL-2.0-or-later
"""Who else answers for virtual addresses of this router: asked by ARP probes, counted over several rounds."""

from collections.abc import Iterable
from typing import Any

from haven import light_socket as socket
from haven.agent.claimants.listening_round import ListeningRound
from haven.agent.loop import Scope
from haven.agent.tracking.probe_packets import arp_request
from haven.contract.problems import problem
from haven.core.announce import BROADCAST, ETHERTYPE_ARP
from haven.inet import octets_of, text_of
from haven.light import suppress

# How long answers are waited for.
ANSWER_S = 1.0
# Of one round; with more addresses each has its turn.
MOST_ASKED = 16
# A link full of ARP costs a moment, and an answer at most.
MOST_READ = 64
# Who has answered in two rounds stays a claimant until it was silent in two.
CLAIMS, MOST_COUNTED = 2, 3
MOST_CLAIMANTS = 8

Claim = tuple[str, str, bytes, bytes]  # virtual router, device, address, MAC address


class AddressWatch:
    """Rounds of questions; a claimant is whoever answers from a MAC address that is none of ours."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._round: ListeningRound | None = None
        self._turn = 0
        self._asked: dict[tuple[str, bytes], str] = {}
        self._own: dict[str, set[bytes]] = {}
        self._heard: set[Claim] = set()
        self._counts: dict[Claim, int] = {}

    def ask(self, routers: list[dict[str, Any]]) -> None:
        """Begin a round for the virtual addresses of these, as the plan has them."""
        self.close()
        held = {
            (each["device"], octets_of(text.partition("/")[0])): each["name"]
            for each in routers
            for text in each["addresses"]
        }
        # Whoever gives an address up has nobody beside it.
        self._counts = {claim: count for claim, count in self._counts.items() if claim[1:3] in held}
        self._own = {}
        for each in routers:
            mac = each.get("virtual_mac")
            self._own.setdefault(each["device"], set()).update([bytes.fromhex(mac)] if mac else [])
        self._asked = self._next(held)
        self._round, self._heard = ListeningRound(self._scope), set()
        for device in sorted({device for device, _address in self._asked}):
            # A device that is down, or not there, has no neighbours.
            with suppress(OSError):
                self._ask_on(device, self._round)
        self._round.end_after(ANSWER_S, self._judge)

    def _next(self, held: dict[tuple[str, bytes], str]) -> dict[tuple[str, bytes], str]:
        places = sorted(held)
        first = self._turn % max(1, len(places))
        self._turn = first + MOST_ASKED if len(places) > MOST_ASKED else 0
        return {place: held[place] for place in (places[first:] + places[:first])[:MOST_ASKED]}

    def _ask_on(self, device: str, listening: ListeningRound) -> None:
        sock = listening.listen(device, ETHERTYPE_ARP, lambda sock: self._read(sock, device))
        mac = sock.getsockname()[4]
        self._own[device].add(mac)
        for there, address in self._asked:
            if there == device:
                sock.sendto(arp_request(mac, address), (device, ETHERTYPE_ARP, 0, 0, BROADCAST))

    def _read(self, sock: socket.socket, device: str) -> None:
        for _ in range(MOST_READ):
            try:
                packet = sock.recv(64)
            except OSError:
                return
            self._hear(device, packet[8:14], packet[14:18])

    def _hear(self, device: str, mac: bytes, address: bytes) -> None:
        """Take who says in any word of ARP that it has an address."""
        name = self._asked.get((device, address))
        if name is not None and mac not in self._own[device] and len(self._heard) < MOST_CLAIMANTS:
            self._heard.add((name, device, address, mac))

    def _judge(self) -> None:
        self.close()
        asked = {(name, *place) for place, name in self._asked.items()}
        for claim in {*self._counts, *self._heard}:
            if claim in self._heard:
                self._counts[claim] = min(self._counts.get(claim, 0) + 1, MOST_COUNTED)
            elif claim[:3] in asked:
                self._counts[claim] -= 1
        self._counts = {claim: count for claim, count in self._counts.items() if count}

    def problems(self) -> list[dict[str, Any]]:
        """Return who has which address, too."""
        sure: Iterable[Claim] = sorted(claim for claim, count in self._counts.items() if count >= CLAIMS)
        return [
            problem("address-claimed", name, device=device, address=text_of(address), mac=mac.hex(":"))
            for name, device, address, mac in sure
        ]

    def close(self) -> None:
        """End the round that is under way."""
        if self._round is not None:
            self._round.close()
            self._round = None
