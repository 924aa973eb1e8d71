# SPDX-License-Identifier: GPL-2.0-or-later
"""What was heard of VRRP on a link: each sender once, with how it arrived."""

from typing import Any

from haven.core.vrrp.advert import PacketError, decode
from haven.core.vrrp.constants import GROUP_V4, GROUP_V6, PROTOCOL
from haven.doctor.trial_frames import is_trial
from haven.inet import text_of

# A flood must not fill the memory.
MOST = 200
SHORTEST = {4: 20, 6: 40}

Row = dict[str, Any]


class WireTally:
    """Counts packets of protocol 112 on one link, for one family."""

    def __init__(self, family: int, own: list[bytes]) -> None:
        self._family = family
        # Where a message may have been sent to.
        self._destinations = [GROUP_V6 if family == 6 else GROUP_V4, *own]
        self._rows: dict[tuple[Any, ...], Row] = {}
        # (source, mark) of trial frames that the firewall has let in.
        self.passed: set[tuple[str, int]] = set()

    def hear(self, packet: bytes, mac: bytes, outgoing: bool) -> None:
        """Take an IP packet as it was on the wire."""
        parts = _parts(packet, self._family)
        if parts is None:
            return
        ttl, source, destination, body = parts
        row: Row = {"source": text_of(source), "mac": mac.hex(":"), "ttl": ttl, "out": outgoing, "trial": 0}
        try:
            advert = decode(body, source, destination)
        except PacketError as why:
            row |= {"vrid": body[1] if len(body) > 1 else 0, "wrong": why.reason}
        else:
            row |= {"vrid": advert.vrid, "priority": advert.priority, "dialect": advert.checksum}
            row |= {"trial": advert.priority if is_trial(advert, source) else 0, "wrong": ""}
        self._count(row)

    def _count(self, row: Row) -> None:
        key = row["source"], row["mac"], row["vrid"], row["out"], row["trial"], row["wrong"]
        known = self._rows.get(key)
        if known is None and len(self._rows) < MOST:
            self._rows[key] = {**row, "count": 1}
        elif known is not None:
            known["count"] += 1
            known["ttl"] = min(known["ttl"], row["ttl"])

    def let_in(self, body: bytes, source: bytes) -> None:
        """Take a message that the firewall has let in."""
        for destination in self._destinations:
            try:
                advert = decode(body, source, destination)
            except PacketError:
                continue
            if is_trial(advert, source) and len(self.passed) < MOST:
                self.passed.add((text_of(source), advert.priority))
            return

    def vrids(self) -> set[int]:
        """Return the VRIDs that others use."""
        return {row["vrid"] for row in self._rows.values() if not row["out"]}

    def rows(self) -> list[Row]:
        """Return what was heard."""
        return list(self._rows.values())


def _parts(packet: bytes, family: int) -> tuple[int, bytes, bytes, bytes] | None:
    """Return TTL, source, destination and what follows the header."""
    if len(packet) < SHORTEST[family]:
        return None
    if family == 4:
        header, length = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
        if packet[9] != PROTOCOL:
            return None
        return packet[8], packet[12:16], packet[16:20], packet[header:length]
    if packet[6] != PROTOCOL:
        return None
    return packet[7], packet[8:24], packet[24:40], packet[40 : 40 + int.from_bytes(packet[4:6], "big")]
