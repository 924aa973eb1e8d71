# SPDX-License-Identifier: GPL-2.0-or-later
"""How well a standby hears the Active on each link: what is missing, and how evenly it comes.

The kernel notes when each one came in, so they are read once a second, and a process that is late spoils no
figure.
"""

import os
import struct
import time
from typing import Any

from haven import light_socket as socket
from haven.agent.part import Surroundings
from haven.agent.vrrp_filter import ETH_P_IP, LARGEST_PACKET, only_vrrp
from haven.contract.problems import problem
from haven.core.frame import ETHERTYPE_IPV6
from haven.core.vrrp.constants import RESIGNATION
from haven.light import suppress
from haven.paths import DRILL_NOTE, inside

SO_TIMESTAMPNS, SO_RXQ_OVFL = 35, 40
# By family: what a packet socket is bound to, and where the source stands in the header.
ETHERTYPE, SOURCE = {4: ETH_P_IP, 6: ETHERTYPE_IPV6}, {4: slice(12, 16), 6: slice(8, 24)}
IPV6_HEADER = 40
MOST_LINKS, AT_ONCE = 16, 4000
MINUTES, MINUTE_S = 60, 60.0
# After so many intervals an Active was away, and no packet lost. One that is very early is no late other one:
# an Active answers a lower priority at once, as a new one does that relieves another (RFC 9568, 6.4.3).
AWAY, LATE, EARLY = 10, 1.5, 0.5
# What is worth a word: so many, and such a share, of packets that a busy sender does not hold up.
FEW, SHARE, LONG_US = 10, 0.02, 100_000


class Link:
    """One device and family; `intervals` are those of its VRIDs, in microseconds."""

    def __init__(self, device: str, family: int, intervals: dict[int, int]) -> None:
        self.device, self.family, self.intervals = device, family, intervals
        self.socket = _open(device, family)
        # Of each VRID: who was heard last, and when.
        self._last: dict[int, tuple[bytes, float]] = {}
        # Heard, lost, the sum of what they were early or late, and the worst: of each minute.
        self._minutes: list[list[float]] = [[0, 0, 0.0, 0.0]]
        # Of those before the last of them.
        self._past = [0, 0, 0.0, 0.0]
        self._dropped = 0

    def turn(self) -> None:
        """Begin another minute."""
        self._past = _sum(self._minutes[1 - MINUTES :])
        self._minutes = [*self._minutes, [0, 0, 0.0, 0.0]][-MINUTES:]

    def begin_anew(self) -> None:
        """Expect nothing: who was Active, and spoke, may be so no more."""
        self._last.clear()
        self.drain()
        self._last.clear()

    def pass_over(self) -> None:
        """Take what has come in, and measure nothing of it."""
        kept = list(self._minutes[-1])
        self.begin_anew()
        self._minutes[-1] = kept

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
        last_source, last_at = self._last.pop(vrid, (b"", 0.0))
        if priority == RESIGNATION:
            return
        self._minutes[-1][0] += 1
        # Another Active has another schedule.
        intervals = (at - last_at) * 1e6 / interval_us if last_source == source else 1.0
        if intervals >= EARLY:
            self._last[vrid] = source, at
            self._judge(intervals, interval_us)

    def _judge(self, intervals: float, interval_us: int) -> None:
        """Note what came so many intervals after the one before."""
        minute = self._minutes[-1]
        if intervals < LATE:
            off_ms = abs(intervals - 1) * interval_us / 1000
            minute[2] += off_ms
            minute[3] = max(minute[3], off_ms)
        elif intervals < AWAY:
            minute[1] += round(intervals) - 1

    def account(self) -> dict[str, Any]:
        """Return the figures of the last hour."""
        heard, lost, off, worst = _sum([self._past, self._minutes[-1]])
        return {
            "device": self.device,
            "family": self.family,
            "minutes": len(self._minutes),
            "heard": int(heard),
            "lost": int(lost),
            "jitter_ms": round(off / heard, 2) if heard else 0.0,
            "worst_ms": round(worst, 2),
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
        is_drilled = os.path.exists(inside(self._around.run_dir, DRILL_NOTE))
        for link in self._links.values():
            if link.socket is None:
                link.socket = _open(link.device, link.family)
            # A router that begins a drill, and is moved by it, sends late: that is no bad cable.
            (link.pass_over if is_drilled else link.drain)()
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
        accounts = self.account()
        for told in accounts:
            intervals = self._links[told["device"], told["family"]].intervals
            if told["lost"] >= FEW and min(intervals.values()) >= LONG_US and _is_bad(told, accounts):
                facts = {key: told[key] for key in ("device", "family", "lost", "heard")}
                found.append(problem("adverts-lost", told["device"], **facts))
        return found

    def close(self) -> None:
        """Let go of the sockets."""
        for link in self._links.values():
            link.close()


def _sum(minutes: list[list[float]]) -> list[float]:
    heard, lost, off = (sum(each[place] for each in minutes) for place in range(3))
    return [heard, lost, off, max(each[3] for each in minutes)]


def _is_bad(told: dict[str, Any], accounts: list[dict[str, Any]]) -> bool:
    """Tell whether a link loses more than others do: a sender that is held up is late on all of them."""
    others = [_share(each) for each in accounts if each["device"] != told["device"]]
    return _share(told) - min(others, default=0.0) >= SHARE


def _share(told: dict[str, Any]) -> float:
    return float(told["lost"] / (told["lost"] + told["heard"]))


def _open(device: str, family: int) -> "socket.socket | None":
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        only_vrrp(packets, family)
        packets.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        packets.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        packets.setblocking(False)
        packets.bind((device, ETHERTYPE[family]))
    except OSError:
        packets.close()
        return None
    return packets
