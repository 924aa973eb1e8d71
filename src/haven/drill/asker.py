# SPDX-License-Identifier: GPL-2.0-or-later
"""The probe from the router's own side: who answers for the virtual addresses, asked every few milliseconds.

It is a process of its own, as whoever makes the drill waits for answers meanwhile. For IPv4 it asks by ARP,
and hears whom others announce; for IPv6 it hears whose ADVERTISEMENTs come in.
"""

import json
import os
import select
import signal
import socket
import struct
import time
from typing import Any

from haven.core.announce import BROADCAST, ETHERTYPE_ARP
from haven.core.vrrp.constants import GROUP_V6, PROTOCOL
from haven.inet import octets_of
from haven.light import suppress

EVERY_S = 0.004
LONGEST_S = 120.0
MOST_TIMES = 30_000
ETHERNET, ARP_LENGTH = 14, 28
REQUEST = 1
# Before what else runs, as a question that leaves late looks like no answer; behind havend, which has 50.
REALTIME, FIRST = 10, -20
IPV6_JOIN_GROUP = 20


class Asker:
    """Asks from its making to `answers`, which returns when others answered for each virtual router.

    A virtual router is a row of the status; times are seconds of time.monotonic().
    """

    def __init__(self, routers: list[dict[str, Any]]) -> None:
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _be_asker(routers, reading, writing)
        os.close(writing)
        self._reading = reading

    def answers(self) -> dict[str, list[float]]:
        """End; return the times by the names of virtual routers, but of those that cannot be asked."""
        os.kill(self._pid, signal.SIGTERM)
        with open(self._reading, "rb") as pipe:
            said = pipe.read()
        os.waitpid(self._pid, 0)
        found: dict[str, list[float]] = json.loads(said) if said else {}
        return found


def go_first() -> None:
    """Be before others of the usual scheduling, where that is allowed: what is measured must not wait."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)


def _be_realtime() -> None:
    """Be before all of them; musl refuses, and leaves the highest niceness of who has begun this."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))


def _be_asker(routers: list[dict[str, Any]], reading: int, writing: int) -> None:
    """Be the process, and never return."""
    status = 1
    try:
        os.close(reading)
        _be_realtime()
        stopping: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        times = _ask([each for each in map(_ear_of, routers) if each is not None], stopping)
        with open(writing, "wb") as pipe:
            pipe.write(json.dumps(times).encode())
        status = 0
    finally:
        os._exit(status)


class _Ear:
    """A socket on the device of one virtual router."""

    def __init__(self, name: str, sock: socket.socket, address: bytes | None) -> None:
        self.name, self.socket, self.address = name, sock, address
        self.times: list[float] = []
        self._own = sock.getsockname()[4] if address is not None else b""

    def ask(self) -> None:
        """Ask for the address, where it can be asked for."""
        if self.address is not None:
            head = BROADCAST + self._own + struct.pack("!H", ETHERTYPE_ARP)
            body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, REQUEST) + self._own + bytes(4)
            self.socket.send(head + body + bytes(6) + self.address)

    def hear(self) -> None:
        """Take what waits."""
        while True:
            try:
                octets = self.socket.recv(2048)
            except OSError:
                return
            if (self.address is None or self._is_answer(octets)) and len(self.times) < MOST_TIMES:
                self.times.append(time.monotonic())

    def _is_answer(self, frame: bytes) -> bool:
        packet = frame[ETHERNET : ETHERNET + ARP_LENGTH]
        return packet[14:18] == self.address and packet[8:14] != self._own


def _ear_of(router: dict[str, Any]) -> _Ear | None:
    try:
        return _ear_v4(router) if router["family"] == 4 else _ear_v6(router)
    except OSError:
        return None


def _ear_v4(router: dict[str, Any]) -> _Ear:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP))
    sock.bind((router["device"], ETHERTYPE_ARP))
    sock.setblocking(False)
    return _Ear(router["name"], sock, octets_of(router["addresses"][0].split("/")[0]))


def _ear_v6(router: dict[str, Any]) -> _Ear:
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, PROTOCOL)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, router["device"].encode())
    index = socket.if_nametoindex(router["device"])
    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_JOIN_GROUP, GROUP_V6 + struct.pack("I", index))
    sock.setblocking(False)
    return _Ear(router["name"], sock, None)


def _ask(ears: list[_Ear], stopping: list[int]) -> dict[str, list[float]]:
    end = time.monotonic() + LONGEST_S
    due = 0.0
    while not stopping and time.monotonic() < end:
        now = time.monotonic()
        if now >= due:
            due = now + EVERY_S
            for ear in ears:
                # A device that goes down meanwhile answers nothing, and nothing is asked there.
                try:
                    ear.ask()
                except OSError:
                    continue
        ready = select.select([ear.socket for ear in ears], [], [], max(0.0, due - time.monotonic()))[0]
        for ear in ears:
            if ear.socket in ready:
                ear.hear()
    return {ear.name: ear.times for ear in ears}
