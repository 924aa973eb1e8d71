# SPDX-License-Identifier: GPL-2.0-or-later
"""How well a standby hears the Active on each link: what is missing, and how evenly it comes.

The kernel notes when each one came in, so they are read once a second, and a process that is late spoils no
figure.
"""

import struct
import time
from typing import Any

from haven import light_socket as socket
from haven.agent.part import Surroundings
from haven.contract.problems import problem
from haven.core.vrrp.constants import PROTOCOL, RESIGNATION
from haven.light import suppress

SO_TIMESTAMPNS, SO_RXQ_OVFL, SO_ATTACH_FILTER = 35, 40, 26
# By family: what a packet socket is bound to, and where the protocol and the source stand in the header.
ETHERTYPE, PLACE, SOURCE = {4: 0x0800, 6: 0x86DD}, {4: 9, 6: 6}, {4: slice(12, 16), 6: slice(8, 24)}
IPV6_HEADER = 40
LARGEST_PACKET = 2048
MOST_LINKS, AT_ONCE = 16, 4000
MINUTES, MINUTE_S = 60, 60.0
# After so many intervals an Active was away, and no packet lost.
AWAY, LATE = 10, 1.5
# What is worth a word: so many, and such a share, of packets that a busy sender does not hold up.
FEW, SHARE, LONG_US = 10, 0.02, 100_000

Key = tuple[bytes, int]


class Link:
    """One device and family; `intervals` are those of its VRIDs, in microseconds."""

    def __init__(self, device: str, family: int, intervals: dict[int, int]) -> None:
        self.device, self.family, self.intervals = device, family, intervals
        self.socket = _open(device, family)
        self._last: dict[Key, float] = {}
        # Heard, lost, the sum of what they were early or late, and the worst: of each minute.
        self._minutes: list[list[float]] = [[0, 0, 0.0, 0.0]]
        self._dropped = 0

    def turn(self) -> None:
        """Begin another minute."""
        self._minutes = [*self._minutes, [0, 0, 0.0, 0.0]][-MINUTES:]

    def begin_anew(self) -> None:
        """Expect nothing: who was Active, and spoke, may be so no more."""
        self.drain()
        self._last.clear()

    def drain(self) -> None:
        """Take what has come in."""
        if self.socket is None:
            return
        # A device that goes down meanwhile is told by an error, once.
        with suppress(OSError):
            for _ in range(AT_ONCE):
                packet, notes, _flags, _where = self.socket.recvmsg(LARGEST_PACKET, 128)
                self._take(packet, notes)

    def _take(self, packet: bytes, notes: list[Any]) -> None:
        at = None
        for _level, kind, octets in notes:
            if kind == SO_TIMESTAMPNS:
                # The older of two options, whose numbers are as long as a word.
                seconds, nanoseconds = struct.unpack("@ll", octets)
                at = seconds + nanoseconds / 1e9
            elif kind == SO_RXQ_OVFL and struct.unpack("I", octets)[0] != self._dropped:
                # The kernel had no room: what is missing was not lost on the link.
                (self._dropped,) = struct.unpack("I", octets)
                self._last.clear()
        start = (packet[0] & 15) * 4 if self.family == 4 and packet else IPV6_HEADER
        if at is None or len(packet) < start + 8:
            return
        self.hear(packet[SOURCE[self.family]], packet[start + 1], packet[start + 2], at)

    def hear(self, source: bytes, vrid: int, priority: int, at: float) -> None:
        """Take an ADVERTISEMENT that came in at a time."""
        interval_us = self.intervals.get(vrid)
        if interval_us is None:
            return
        last = self._last.pop((source, vrid), None)
        if priority == RESIGNATION:
            return
        if len(self._last) < AT_ONCE:
            self._last[source, vrid] = at
        minute = self._minutes[-1]
        minute[0] += 1
        if last is None:
            return
        intervals = (at - last) * 1e6 / interval_us
        if intervals < 0:
            # The clock was set back.
            return
        if intervals < LATE:
            off_ms = abs(intervals - 1) * interval_us / 1000
            minute[2] += off_ms
            minute[3] = max(minute[3], off_ms)
        elif intervals < AWAY:
            minute[1] += round(intervals) - 1

    def account(self) -> dict[str, Any]:
        """Return the figures of the last hour."""
        heard, lost, off = (sum(each[place] for each in self._minutes) for place in range(3))
        return {
            "device": self.device,
            "family": self.family,
            "minutes": len(self._minutes),
            "heard": int(heard),
            "lost": int(lost),
            "jitter_ms": round(off / heard, 2) if heard else 0.0,
            "worst_ms": round(max(each[3] for each in self._minutes), 2),
        }

    def close(self) -> None:
        """Hear no more."""
        if self.socket is not None:
            self.socket.close()


class LinkQuality:
    """All links of the plan."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._links: dict[tuple[str, int], Link] = {}
        self._turned_at = time.monotonic()
        around.scope.every(1.0, self._look)

    def take_plan(self) -> None:
        """Take the links of the plan in force."""
        wanted: dict[tuple[str, int], dict[int, int]] = {}
        for router in self._around.document.get("virtual_routers", ()):
            place = (router["device"], router["family"])
            wanted.setdefault(place, {})[router["vrid"]] = router["advert_interval_us"]
        for place in [each for each in self._links if each not in wanted]:
            self._links.pop(place).close()
        for place in list(wanted)[:MOST_LINKS]:
            if place in self._links:
                self._links[place].intervals = wanted[place]
            else:
                self._links[place] = Link(*place, wanted[place])

    def _look(self) -> None:
        is_minute = time.monotonic() - self._turned_at >= MINUTE_S
        for link in self._links.values():
            if link.socket is None:
                link.socket = _open(link.device, link.family)
            link.drain()
            if is_minute:
                link.turn()
        if is_minute:
            self._turned_at = time.monotonic()

    def begin_anew(self) -> None:
        """Expect nothing on any link, as after a change of the roles."""
        for link in self._links.values():
            link.begin_anew()

    def account(self) -> list[dict[str, Any]]:
        """Return the links on which another router was heard in the last hour."""
        return [told for told in (each.account() for each in self._links.values()) if told["heard"]]

    def problems(self) -> list[dict[str, Any]]:
        """Return the links that lose what is sent."""
        found = []
        for link in self._links.values():
            told = link.account()
            share = told["lost"] / max(1, told["lost"] + told["heard"])
            if told["lost"] >= FEW and share >= SHARE and min(link.intervals.values()) >= LONG_US:
                facts = {"device": link.device, "lost": told["lost"], "heard": told["heard"]}
                found.append(problem("adverts-lost", link.device, **facts))
        return found

    def close(self) -> None:
        """Let go of the sockets."""
        for link in self._links.values():
            link.close()


def _open(device: str, family: int) -> "socket.socket | None":
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        instructions = ((0x30, 0, 0, PLACE[family]), (0x15, 0, 1, PROTOCOL), (0x06, 0, 0, LARGEST_PACKET))
        program = b"".join(struct.pack("HBBI", *each) for each in (*instructions, (0x06, 0, 0, 0)))
        # Where CPython has the octets; array, which tells, brings all of collections.
        described = struct.pack("HP", len(instructions) + 1, id(program) + bytes.__basicsize__ - 1)
        packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, described)
        packets.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        packets.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        packets.setblocking(False)
        packets.bind((device, ETHERTYPE[family]))
    except OSError:
        packets.close()
        return None
    return packets
