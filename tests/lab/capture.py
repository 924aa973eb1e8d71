# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture: every ARP, neighbour and VRRP packet of a segment, and which node really sent it."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.lab import frames
from tests.lab.frames import Advert, Arp, Frame, NeighbourAdvert
from tests.lab.listener import RECORD, Listener, records
from tests.lab.namespace import Namespace
from tests.lab.wait import now_ns

T = TypeVar("T")
_numbers = itertools.count()


class Capture:
    """What the nodes of one segment have sent since this capture began."""

    def __init__(self, switch: Namespace, ports: dict[str, str], folder: Path) -> None:
        self._senders = list(ports.values())
        self._frames: list[Frame] = []
        self._offset = 0
        path = folder / f"capture-{next(_numbers)}"
        self._listener = Listener(switch, "tests.lab.capture_process", path, list(ports))

    def frames(self) -> list[Frame]:
        """Read everything sent so far, in the order of its times."""
        for at, sender, octets in records(self._listener.heard(self._offset)):
            self._frames.append(Frame(at, self._senders[sender], octets))
            self._offset += RECORD.size + len(octets)
        self._frames.sort(key=lambda frame: frame.at)
        return self._frames

    def adverts(self, since: int = 0, vrid: int | None = None, sender: str | None = None) -> list[Advert]:
        """List VRRP advertisements."""
        return [
            advert
            for advert in self._each(frames.advert, since)
            if vrid in (None, advert.vrid) and sender in (None, advert.sender)
        ]

    def longest_gap_ns(self, sender: str | None = None, since: int = 0) -> int:
        """Tell the longest time between two advertisements of one virtual router, or since its last."""
        # Before the capture is read, which may take its time.
        now = now_ns()
        times: dict[int, list[int]] = {}
        for advert in self.adverts(since=since, sender=sender):
            times.setdefault(advert.vrid, []).append(advert.at)
        ends = [pair for each in times.values() for pair in itertools.pairwise([*sorted(each), now])]
        return max(later - earlier for earlier, later in ends)

    def arps(self, address: str, since: int = 0) -> list[Arp]:
        """List ARP packets that say where an address is."""
        return [arp for arp in self._each(frames.arp, since) if arp.says_address == address]

    def gratuitous_arps(self, address: str, since: int = 0) -> list[Arp]:
        """List the announcements of an address."""
        return [arp for arp in self.arps(address, since) if arp.gratuitous]

    def arp_replies(self, address: str, since: int = 0) -> list[Arp]:
        """List the answers to who has an address."""
        told = self.arps(address, since)
        return [arp for arp in told if arp.operation == frames.REPLY and not arp.gratuitous]

    def neighbour_adverts(self, address: str, since: int = 0) -> list[NeighbourAdvert]:
        """List neighbour advertisements about an address, asked for or not."""
        return [na for na in self._each(frames.neighbour_advert, since) if na.target == address]

    def announcements(self, address: str, since: int = 0) -> list[Arp] | list[NeighbourAdvert]:
        """List gratuitous ARPs or unsolicited neighbour advertisements, as the family has it."""
        if ":" not in address:
            return self.gratuitous_arps(address, since)
        return [na for na in self.neighbour_adverts(address, since) if not na.solicited]

    def close(self) -> None:
        """Stop listening; what was heard can still be asked for."""
        self._listener.close()

    def _each(self, read: Callable[[Frame], T | None], since: int) -> list[T]:
        found = (read(frame) for frame in self.frames() if frame.at >= since)
        return [value for value in found if value is not None]
