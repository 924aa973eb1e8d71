# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agents tell each other of their tables: a datagram a second to each peer, beside conntrackd's.

Nothing is decided by it; it is shown. So it is not answered, not repeated, and may be lost.
"""

import time
from typing import Any

from haven import light_socket as socket
from haven.agent.conntrack.schedule import SILENCE_S
from haven.agent.conntrack.table_account import milliseconds
from haven.agent.loop import Scope
from haven.contract.freshness import is_fresh_peer
from haven.contract.strict_json import read_json, write_json
from haven.light import suppress

LARGEST = 1024
# Of one turn, so that nothing else in the agent waits for it.
MOST_READ = 64
# More of them between two of our own are forged: a peer sends one.
MOST_READ_IN_ALL = 256

LONGEST_TEXT = 64


class PeerAccounts:
    """The agents of the other routers, over the device that connections are copied over; times in seconds."""

    def __init__(self, device: str, address: str, peers: list[str], port: int, scope: Scope) -> None:
        self._lines = [_PeerLine(device, address, peer, port, scope) for peer in peers]
        self._began: float | None = None

    def exchange(self, account: dict[str, Any], now: float) -> None:
        """Tell our own account; a link that is not there is tried again next time."""
        self._began = now if self._began is None else self._began
        octets = write_json({"haven": 1, **account}).encode()
        for line in self._lines:
            line.tell(octets)

    def heard(self, now: float) -> list[dict[str, Any]]:
        """Return what status shows of each peer; of one that is silent, its address and last known name."""
        return [line.shown(now) for line in self._lines]

    def hears_any(self, now: float) -> bool:
        """Tell whether the agent of any peer has been heard lately."""
        return any(line.was_heard_since(now - SILENCE_S) for line in self._lines)

    def is_silent(self, now: float) -> bool:
        """Tell whether no peer's agent is heard, although each has had the time to say something."""
        return self._began is not None and now - self._began > SILENCE_S and not self.hears_any(now)

    def close(self) -> None:
        """Give the sockets up."""
        for line in self._lines:
            line.close()


class _PeerLine:
    """The socket to the agent of one peer: the kernel gives it what that agent sends, and nothing else."""

    def __init__(self, device: str, address: str, peer: str, port: int, scope: Scope) -> None:
        self._device, self._address, self._peer, self._port = device, address, peer, port
        self._scope = scope
        self._socket: socket.socket | None = None
        self._index = 0
        self._heard: tuple[float, dict[str, Any]] | None = None
        self._may_read = 0

    def tell(self, octets: bytes) -> None:
        """Send a datagram, and read on."""
        try:
            sock = self._opened()
        except OSError:
            self.close()
            return
        self._may_read = MOST_READ_IN_ALL
        self._scope.watch(sock, lambda _events: self._read(sock, time.monotonic()))
        with suppress(OSError):
            sock.send(octets)

    def was_heard_since(self, then: float) -> bool:
        """Tell whether the peer's agent has been heard since a time."""
        return self._heard is not None and self._heard[0] >= then

    def shown(self, now: float) -> dict[str, Any]:
        """Return what status shows of the peer."""
        at, told = self._heard or (now, {})
        if told and is_fresh_peer(milliseconds(now - at), False):
            return {"address": self._peer, "heard_ms": milliseconds(now - at), **told}
        known = {name: told[name] for name in ("node",) if name in told}
        return {"address": self._peer, "heard_ms": None, **known}

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
                self._connect(sock)
            except OSError:
                sock.close()
                raise
            self._socket, self._index = sock, index
        return self._socket

    def _connect(self, sock: socket.socket) -> None:
        # Each peer has a socket of its own at the same place.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode() + b"\0")
        sock.bind(self._place(self._address))
        # A flood of others' then takes no place from the peer's, and no time of ours.
        sock.connect(self._place(self._peer))

    def _place(self, address: str) -> tuple[Any, ...]:
        if ":" not in address:
            return (address, self._port)
        return (address, self._port, 0, socket.if_nametoindex(self._device))

    def _read(self, sock: socket.socket, now: float) -> None:
        for _ in range(min(MOST_READ, self._may_read)):
            try:
                octets, sender = sock.recvfrom(LARGEST)
            except OSError:
                return
            self._may_read -= 1
            # What came in before the socket was connected can be anybody's.
            told = parse(octets) if sender[:2] == sock.getpeername()[:2] else None
            if told is not None:
                self._heard = (now, told)
        if not self._may_read:
            # A flood; what is left of it waits until we speak again.
            self._scope.forget(sock)


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


KINDS = {
    "node": _is_text,
    "state": _is_text,
    "entries": _is_number,
    "limit": _is_number,
    "in_sync": _is_flag,
    "timeout_name": _is_text,
    "timeout_s": _is_number,
}
