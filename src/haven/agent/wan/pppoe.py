# SPDX-License-Identifier: GPL-2.0-or-later
"""PPPoE sessions: which one the kernel has, and the word that ends one that a dead router has left."""

import os
import struct
from typing import Any

from haven import light_socket as socket

# The kernel's table (drivers/net/ppp/pppoe.c).
TABLE = "/proc/net/pppoe"
ETHERTYPE_DISCOVERY, ETHERTYPE_SESSION = 0x8863, 0x8864
# Version 1, type 1; PADT (RFC 2516 5.5).
VERSION_TYPE, PADI, PADO, PADT = 0x11, 0x09, 0x07, 0xA7
SHORTEST_FRAME = 60
# LCP in a session (RFC 2516 6, RFC 1661 5): Terminate-Request and Terminate-Ack.
SESSION_DATA, LCP, TERMINATE_REQUEST, TERMINATE_ACK = 0, 0xC021, 5, 6
# Ethernet, PPPoE and PPP's protocol; then code, identifier and length of LCP.
SESSION_HEAD = struct.Struct("!6s6sHBBHHH")
LCP_HEAD = struct.Struct("!BBH")
RECEIVE = 2048
DISCOVERY_HEAD = struct.Struct("!6s6sHBBHH")
TAG = struct.Struct("!HH")
SERVICE_NAME, HOST_UNIQ = 0x0101, 0x0103
BROADCAST = b"\xff" * 6


def read_session(device: str, own_mac: str, path: str = TABLE) -> dict[str, Any] | None:
    """Return the session on a device, if there is one; `own_mac` is that of the device."""
    try:
        with open(path, encoding="ascii") as file:
            rows = [line.split() for line in file]
    except OSError:
        return None
    for row in rows:
        if len(row) == 3 and row[2] == device:
            return _session(row, own_mac)
    return None


def _session(row: list[str], own_mac: str) -> dict[str, Any] | None:
    try:
        # The kernel prints the two octets of the wire as a number of its own order.
        number = struct.unpack("!H", struct.pack("@H", int(row[0], 16)))[0]
        peer = bytes.fromhex(row[1].replace(":", ""))
        mac = bytes.fromhex(own_mac.replace(":", ""))
    except (ValueError, struct.error):
        return None
    # Until the access concentrator has answered there is no number.
    return {"id": number, "peer_mac": peer.hex(), "mac": mac.hex()} if number else None


def padt_frame(session: dict[str, Any]) -> bytes:
    """Return the frame that ends a session, in the name of the router that had it."""
    ends = bytes.fromhex(session["peer_mac"]) + bytes.fromhex(session["mac"])
    head = struct.pack("!HBBHH", ETHERTYPE_DISCOVERY, VERSION_TYPE, PADT, session["id"], 0)
    return (ends + head).ljust(SHORTEST_FRAME, b"\0")


def terminate_ack(frame: bytes, session: dict[str, Any]) -> bytes:
    """Return the answer to a frame that asks for the end of a session, nothing for any other frame."""
    if len(frame) < SESSION_HEAD.size + LCP_HEAD.size:
        return b""
    mac, peer, kind, version, code, number, _length, protocol = SESSION_HEAD.unpack_from(frame)
    request, identifier, _size = LCP_HEAD.unpack_from(frame, SESSION_HEAD.size)
    ends = bytes.fromhex(session["mac"]), bytes.fromhex(session["peer_mac"])
    if (mac, peer) != ends or (kind, version, code) != (ETHERTYPE_SESSION, VERSION_TYPE, SESSION_DATA):
        return b""
    if (number, protocol, request) != (session["id"], LCP, TERMINATE_REQUEST):
        return b""
    length = 2 + LCP_HEAD.size
    head = SESSION_HEAD.pack(peer, mac, kind, version, code, number, length, LCP)
    return (head + LCP_HEAD.pack(TERMINATE_ACK, identifier, LCP_HEAD.size)).ljust(SHORTEST_FRAME, b"\0")


class SessionEnd:
    """Ends a session that another router has left, on a device. Raises OSError.

    An access concentrator whose PPP asks for the end, too, would wait for an answer, and let nobody in.
    """

    def __init__(self, device: str, session: dict[str, Any]) -> None:
        self._session = session
        flags = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        self.socket = socket.socket(socket.AF_PACKET, flags, socket.htons(ETHERTYPE_SESSION))
        self.socket.bind((device, ETHERTYPE_SESSION))

    def send(self) -> None:
        """Say that the session is over."""
        self.socket.send(padt_frame(self._session))

    def answer(self) -> None:
        """Answer what has come in for the session."""
        answer = terminate_ack(self.socket.recv(RECEIVE), self._session)
        if answer:
            self.socket.send(answer)

    def close(self) -> None:
        """Answer no more."""
        self.socket.close()


def padi_frame(mac: bytes, service: str, token: bytes) -> bytes:
    """Return the frame that asks which access concentrator is there for a service (RFC 2516 5.1)."""
    name = service.encode()
    tags = TAG.pack(SERVICE_NAME, len(name)) + name + TAG.pack(HOST_UNIQ, len(token)) + token
    head = DISCOVERY_HEAD.pack(BROADCAST, mac, ETHERTYPE_DISCOVERY, VERSION_TYPE, PADI, 0, len(tags))
    return (head + tags).ljust(SHORTEST_FRAME, b"\0")


def is_offer(frame: bytes, mac: bytes, token: bytes) -> bool:
    """Tell whether a frame is an access concentrator's answer to our question."""
    if len(frame) < DISCOVERY_HEAD.size:
        return False
    to, _peer, kind, version, code, _number, length = DISCOVERY_HEAD.unpack_from(frame)
    if (to, kind, version, code) != (mac, ETHERTYPE_DISCOVERY, VERSION_TYPE, PADO):
        return False
    return TAG.pack(HOST_UNIQ, len(token)) + token in frame[DISCOVERY_HEAD.size :][:length]


class Probe:
    """Asks on a device whether a provider lets anybody in; nothing comes of its answer. Raises OSError."""

    def __init__(self, device: str, mac: str, service: str) -> None:
        self._mac, self._service = bytes.fromhex(mac.replace(":", "")), service
        self._token = os.urandom(8)
        flags = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        self.socket = socket.socket(socket.AF_PACKET, flags, socket.htons(ETHERTYPE_DISCOVERY))
        self.socket.bind((device, ETHERTYPE_DISCOVERY))

    def send(self) -> None:
        """Ask."""
        self.socket.send(padi_frame(self._mac, self._service, self._token))

    def is_answered(self) -> bool:
        """Tell whether what has come in is the answer."""
        return is_offer(self.socket.recv(RECEIVE), self._mac, self._token)

    def close(self) -> None:
        """Ask no more."""
        self.socket.close()
