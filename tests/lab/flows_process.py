# SPDX-License-Identifier: GPL-2.0-or-later
"""The ends of the flows; each role runs as a process of its own, one poll loop and its beat."""

import contextlib
import errno
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

from tests.lab.sheet import ALIVE, CLOSED, CONNECTING, DONE, REFUSED, RESET, Sheet

MESSAGE = b"0123456789abcdef"
LIFETIME_NS = 4_000_000_000
IP_PKTINFO = 8
REALTIME = 10
READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT


def _non_blocking(family: int, kind: int) -> socket.socket:
    made = socket.socket(family, kind)
    made.setblocking(False)
    return made


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def echo(port: str) -> None:
    """Send back whatever comes over TCP, on every address of both families."""
    listener = _non_blocking(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", int(port)))
    listener.listen(1024)
    poll = select.epoll()
    poll.register(listener.fileno(), READABLE)
    talks: dict[int, socket.socket] = {}
    while True:
        for descriptor, _events in poll.poll():
            if descriptor == listener.fileno():
                _accept(listener, poll, talks)
            elif not _sent_back(talks[descriptor]):
                # Closing takes it out of the poll too.
                talks.pop(descriptor).close()


def _accept(listener: socket.socket, poll: select.epoll, talks: dict[int, socket.socket]) -> None:
    with contextlib.suppress(BlockingIOError, ConnectionError):
        while True:
            talk, _peer = listener.accept()
            talk.setblocking(False)
            talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            talks[talk.fileno()] = talk
            poll.register(talk.fileno(), READABLE)


def _sent_back(talk: socket.socket) -> bool:
    try:
        octets = talk.recv(4096)
        if octets:
            talk.send(octets)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return bool(octets)


class Talks:
    """The client's ends of many connections, and the sheet that tells about them."""

    def __init__(self, sheet: Sheet, address: str, port: int) -> None:
        self.sheet, self.target = sheet, (address, port)
        self.family = _family(address)
        self.poll = select.epoll()
        self.open: dict[int, tuple[int, socket.socket]] = {}

    def connect(self, row: int) -> None:
        """Begin a connection."""
        talk = _non_blocking(self.family, socket.SOCK_STREAM)
        talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sheet.state[row] = CONNECTING
        self.open[talk.fileno()] = (row, talk)
        self.poll.register(talk.fileno(), WRITABLE)
        with contextlib.suppress(BlockingIOError):
            talk.connect(self.target)

    def say(self, descriptor: int) -> None:
        """Send one message on a connection that is alive."""
        row, talk = self.open[descriptor]
        if self.sheet.state[row] != ALIVE:
            return
        try:
            talk.send(MESSAGE)
        except BlockingIOError:
            pass
        except OSError as why:
            self._lose(descriptor, why)

    def listen(self, until: int) -> None:
        """Take what comes until a moment."""
        while (wait := until - time.monotonic_ns()) > 0:
            for descriptor, events in self.poll.poll(wait / 1e9):
                if descriptor in self.open:
                    self._heard(descriptor, events)

    def close(self, descriptor: int, state: int) -> None:
        """End a connection."""
        row, talk = self.open.pop(descriptor)
        self.sheet.state[row] = state
        talk.close()

    def _heard(self, descriptor: int, events: int) -> None:
        row, talk = self.open[descriptor]
        if self.sheet.state[row] == CONNECTING:
            self._connected(descriptor, row, talk)
            return
        try:
            octets = talk.recv(4096)
        except BlockingIOError:
            return
        except OSError as why:
            self._lose(descriptor, why)
            return
        if not octets:
            self.close(descriptor, CLOSED)
            return
        now = time.monotonic_ns()
        self.sheet.stall[row] = max(self.sheet.stall[row], now - self.sheet.progress[row])
        self.sheet.progress[row] = now

    def _connected(self, descriptor: int, row: int, talk: socket.socket) -> None:
        failed = talk.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            self._lose(descriptor, OSError(failed, os.strerror(failed)))
            return
        self.poll.modify(descriptor, READABLE)
        self.sheet.born[row] = self.sheet.progress[row] = time.monotonic_ns()
        self.sheet.state[row] = ALIVE
        self.say(descriptor)

    def _lose(self, descriptor: int, why: OSError) -> None:
        self.close(descriptor, RESET if why.errno in (errno.ECONNRESET, errno.EPIPE) else REFUSED)


def busy(path: str, rows: str, address: str, port: str, period_ms: str) -> None:
    """Hold connections on each of which a message goes out at every beat, the connections spread over it."""
    talks = Talks(Sheet(Path(path), int(rows)), address, int(port))
    for row in range(int(rows)):
        talks.connect(row)
    slices = 4
    step = int(period_ms) * 1_000_000 // slices
    beat, number = time.monotonic_ns(), 0
    while True:
        for descriptor in list(talks.open)[number % slices :: slices]:
            if descriptor in talks.open:
                talks.say(descriptor)
        number += 1
        beat = max(beat + step, time.monotonic_ns() - step)
        talks.listen(beat)


def births(path: str, rows: str, address: str, port: str, rate: str) -> None:
    """Begin connections at a rate; each talks twice a second and ends after some seconds, if all is well."""
    talks = Talks(Sheet(Path(path), int(rows)), address, int(port))
    began = time.monotonic_ns()
    step, row, turn = 1_000_000_000 // int(rate), 0, 0
    while True:
        now = time.monotonic_ns()
        while row < int(rows) and now >= began + row * step:
            talks.connect(row)
            row += 1
        # Fifty turns of 10 ms: each connection has its own turn, twice a second.
        turn = (turn + 1) % 50
        for descriptor, (number, _talk) in list(talks.open.items()):
            if number % 50 == turn:
                _say_or_end(talks, descriptor, number, now)
        talks.listen(now + 10_000_000)


def _say_or_end(talks: Talks, descriptor: int, row: int, now: int) -> None:
    sheet = talks.sheet
    well = sheet.state[row] == ALIVE and now - sheet.progress[row] < 1_000_000_000
    if well and now - sheet.born[row] > LIFETIME_NS:
        talks.close(descriptor, DONE)
    else:
        talks.say(descriptor)


def reflect(first: str, count: str) -> None:
    """Send back datagrams on several ports, from the address that they were sent to."""
    poll = select.epoll()
    ports = {}
    for port in range(int(first), int(first) + int(count)):
        listener = _non_blocking(socket.AF_INET, socket.SOCK_DGRAM)
        listener.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        listener.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
        listener.bind(("0.0.0.0", port))
        ports[listener.fileno()] = listener
        poll.register(listener.fileno(), READABLE)
    while True:
        for descriptor, _events in poll.poll():
            with contextlib.suppress(BlockingIOError):
                while True:
                    _reflect_one(ports[descriptor])


def _reflect_one(listener: socket.socket) -> None:
    octets, extra, _flags, sender = listener.recvmsg(64, 64)
    _index, _specific, asked = struct.unpack("=I4s4s", extra[0][2])
    came_to = struct.pack("=I4s4s", 0, asked, asked)
    listener.sendmsg([octets], [(socket.IPPROTO_IP, IP_PKTINFO, came_to)], 0, sender)


def fill(own: str, network: str, first: str, ports: str, count: str, rate: str) -> None:
    """Send a datagram on each of many flows, at a rate."""
    hosts, targets = 200, int(ports)
    per_source = hosts * targets
    speakers = [_speaker(own, 20_000 + n) for n in range(-(-int(count) // per_source))]
    began = time.monotonic_ns()
    for number in range(int(count)):
        source, rest = divmod(number, per_source)
        host, port = divmod(rest, targets)
        with contextlib.suppress(OSError):
            speakers[source].sendto(b"x", (f"{network}.{host + 11}", int(first) + port))
        if number % 100 == 99:
            ahead = began + number * 1_000_000_000 // int(rate) - time.monotonic_ns()
            time.sleep(max(0, ahead) / 1e9)


def _speaker(own: str, port: int) -> socket.socket:
    made = _non_blocking(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((own, port))
    return made


ROLES = {"echo": echo, "busy": busy, "births": births, "reflect": reflect, "fill": fill}


def main(role: str, *arguments: str) -> None:
    """Run one role until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if role != "fill":
        # As with a router's soft interrupts, no program's work may hold up the packets that are being timed.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME))
    ROLES[role](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
