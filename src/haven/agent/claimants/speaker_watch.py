# SPDX-License-Identifier: GPL-2.0-or-later
"""Who speaks VRRP in whose name: one address that speaks from two MAC addresses is two machines.

Without a key a forged word cannot be refused; this one can be seen, as the kernel tells the MAC address of
whoever has sent a packet.
"""

from collections.abc import Callable
from typing import Any

from haven import light_socket as socket
from haven.agent.claimants.listening_round import ListeningRound
from haven.agent.loop import Scope
from haven.agent.vrrp_filter import ETH_P_IP, SHORTEST_IP_HEADER, only_vrrp
from haven.contract.problems import problem
from haven.core.frame import ETHERTYPE_IPV6
from haven.inet import text_of
from haven.light import suppress

# An Active of the slowest usual kind speaks once.
LISTEN_S = 1.2
# An address that has moved is told of for so many rounds.
SHOWN = 3
# Whoever forges chooses the addresses.
MOST_SPEAKERS = 64
MOST_READ = 64
OUTGOING = 4

ETHERTYPES = {4: ETH_P_IP, 6: ETHERTYPE_IPV6}
IPV6_HEADER = 40
Wire = tuple[str, int, int]  # device, family, VRID
Place = tuple[str, int, int, bytes]  # and the source


class Speaker:
    """The MAC addresses of one that speaks, each with the round in which it was heard last."""

    def __init__(self) -> None:
        self.heard: dict[bytes, int] = {}
        self.is_told = False


class SpeakerWatch:
    """Rounds of listening; `tell` takes the facts of each that is new."""

    def __init__(self, scope: Scope, tell: Callable[[dict[str, Any]], None]) -> None:
        self._scope = scope
        self._tell = tell
        self._round: ListeningRound | None = None
        self._number = 0
        self._names: dict[Wire, str] = {}
        self._speakers: dict[Place, Speaker] = {}

    def listen(self, routers: list[dict[str, Any]]) -> None:
        """Begin a round on the devices of these, as the plan has them."""
        self.close()
        self._number += 1
        self._names = {(each["device"], each["family"], each["vrid"]): each["name"] for each in routers}
        self._speakers = {at: each for at, each in self._speakers.items() if at[:3] in self._names}
        self._round = ListeningRound(self._scope)
        for device, family in sorted({wire[:2] for wire in self._names}):
            # A device that is down, or not there, has nobody on it.
            with suppress(OSError):
                self._listen_on(device, family, self._round)
        self._round.end_after(LISTEN_S, self._judge)

    def _listen_on(self, device: str, family: int, listening: ListeningRound) -> None:
        listening.listen(
            device,
            ETHERTYPES[family],
            lambda sock: self._read(sock, device, family),
            lambda sock: only_vrrp(sock, family),
        )

    def _read(self, sock: socket.socket, device: str, family: int) -> None:
        for _ in range(MOST_READ):
            try:
                packet, where = sock.recvfrom(128)
            except OSError:
                return
            found = None if where[2] == OUTGOING else _speaker_of(packet, family)
            if found is not None:
                self._hear((device, family, *found), where[4])

    def _hear(self, place: Place, mac: bytes) -> None:
        if place[:3] not in self._names:
            return
        if place not in self._speakers and len(self._speakers) >= MOST_SPEAKERS:
            return
        heard = self._speakers.setdefault(place, Speaker()).heard
        if mac not in heard and len(heard) < MOST_SPEAKERS:
            # However long ago the others spoke: they are shown with the new one for a while.
            heard.update(dict.fromkeys(heard, self._number))
        elif mac not in heard:
            return
        heard[mac] = self._number

    def _judge(self) -> None:
        self.close()
        for place, speaker in self._speakers.items():
            since = self._number - SHOWN
            # Of one that is silent the last is remembered: who speaks in its name is another.
            newest = max(speaker.heard.values())
            speaker.heard = {mac: at for mac, at in speaker.heard.items() if at > since or at == newest}
            if len(speaker.heard) < 2:
                speaker.is_told = False
            elif not speaker.is_told:
                speaker.is_told = True
                self._tell({"virtual_router": self._names[place[:3]], **_facts(place, speaker)})

    def problems(self) -> list[dict[str, Any]]:
        """Return which addresses speak from two MAC addresses."""
        return [
            problem("address-moves", self._names[place[:3]], **_facts(place, speaker))
            for place, speaker in sorted(self._speakers.items(), key=lambda each: each[0])
            if len(speaker.heard) > 1
        ]

    def close(self) -> None:
        """End the round that is under way."""
        if self._round is not None:
            self._round.close()
            self._round = None


def _speaker_of(packet: bytes, family: int) -> tuple[int, bytes] | None:
    """Return the VRID and the source of a packet, or None for what is none."""
    header = IPV6_HEADER if family == 6 else (packet[0] & 15) * 4
    if not SHORTEST_IP_HEADER <= header < len(packet) - 1:
        return None
    return packet[header + 1], packet[8:24] if family == 6 else packet[12:16]


def _facts(place: Place, speaker: Speaker) -> dict[str, str]:
    last, before = sorted(speaker.heard, key=lambda mac: -speaker.heard[mac])[:2]
    device, _family, _vrid, source = place
    return {"peer": text_of(source), "device": device, "mac": last.hex(":"), "other_mac": before.hex(":")}
