# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agents tell each other of their tables: a datagram a second to each peer, beside conntrackd's.

Nothing is decided by it; it is shown. So it is not answered, not repeated, and may be lost.
"""

import contextlib
import json
import socket
import time
from typing import Any

from haven.agent.conntrack.table_account import milliseconds
from haven.agent.loop import Scope
from haven.contract.status import is_fresh_peer
from haven.contract.strict_json import read_json

LARGEST = 1024
# More of them in one second than any peers send are somebody's mistake.
MOST_READ = 64

LONGEST_TEXT = 64


class PeerAccounts:
    """The agents of the other routers, over the device that connections are copied over; times in seconds."""

    def __init__(self, device: str, address: str, peers: list[str], port: int, scope: Scope) -> None:
        self._device, self._address, self._peers, self._port = device, address, peers, port
        self._scope = scope
        self._socket: socket.socket | None = None
        self._index = 0
        self._heard: dict[str, tuple[float, dict[str, Any]]] = {}
        self._may_read = MOST_READ

    def exchange(self, account: dict[str, Any], now: float) -> None:
        """Tell our own account; a link that is not there is tried again next time."""
        try:
            sock = self._opened()
        except OSError:
            self.close()
            return
        self._may_read = MOST_READ
        self._scope.watch(sock, lambda _events: self._read(sock, time.monotonic()))
        for peer in self._peers:
            with contextlib.suppress(OSError):
                sock.sendto(json.dumps({"haven": 1, **account}).encode(), self._place(peer))

    def heard(self, now: float) -> list[dict[str, Any]]:
        """Return what status shows of each peer; of one that is silent, its address and last known name."""
        return [self._shown(peer, now) for peer in self._peers]

    def close(self) -> None:
        """Give the socket up."""
        if self._socket is not None:
            self._scope.forget(self._socket)
            self._socket.close()
            self._socket = None

    def _opened(self) -> socket.socket:
        index = socket.if_nametoindex(self._device)
        if index != self._index:
            # The device is another one of the same name.
            self.close()
        if self._socket is None:
            family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode() + b"\0")
                sock.bind(self._place(self._address))
            except OSError:
                sock.close()
                raise
            self._socket, self._index = sock, index
        return self._socket

    def _place(self, address: str) -> tuple[Any, ...]:
        if ":" not in address:
            return (address, self._port)
        return (address, self._port, 0, socket.if_nametoindex(self._device))

    def _read(self, sock: socket.socket, now: float) -> None:
        while self._may_read:
            try:
                octets, (sender, *_rest) = sock.recvfrom(LARGEST)
            except OSError:
                return
            self._may_read -= 1
            told = parse(octets)
            if told is not None and sender.split("%")[0] in self._peers:
                self._heard[sender.split("%")[0]] = (now, told)
        # A flood; what is left of it waits until we speak again.
        self._scope.forget(sock)

    def _shown(self, peer: str, now: float) -> dict[str, Any]:
        at, told = self._heard.get(peer, (now, {}))
        if told and is_fresh_peer(milliseconds(now - at), False):
            return {"address": peer, "heard_ms": milliseconds(now - at), **told}
        return {"address": peer, "heard_ms": None, **{name: told[name] for name in ("node",) if name in told}}


def parse(octets: bytes) -> dict[str, Any] | None:
    """Return what a peer tells, None for what is not a peer's; what is not of its kind is left out."""
    try:
        told = read_json(octets)
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get("haven") != 1:
        return None
    return {name: told[name] for name, is_good in KINDS.items() if is_good(told.get(name))}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 32


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


KINDS = {"node": _is_text, "state": _is_text, "entries": _is_number, "limit": _is_number, "in_sync": _is_flag}
