# SPDX-License-Identifier: GPL-2.0-or-later
"""A listener at ports of the switch: a filter in the kernel, and a file of what passed it, with times."""

import contextlib
import ctypes
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.lab.namespace import Namespace

ROOT = Path(__file__).resolve().parents[2]
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
# Longer than the three looks take, and no time for a packet.
CLOCKS_TOGETHER_NS = 100_000
# A thousand announcements at once must not push out what comes with them.
RECEIVE_BUFFER = 16 << 20
SO_ATTACH_FILTER = 26
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
ETH_P_ALL = 3
# When (CLOCK_MONOTONIC, ns), at which port (its place in the list), and how many octets follow.
RECORD = struct.Struct("=qHH")
TIMESPEC = struct.Struct("=qq")

# The kernel's classic packet filter, as linux/bpf_common.h has it.
LOAD_HALF, LOAD_BYTE, LOAD_BYTE_AT_X, LENGTH_TO_X = 0x28, 0x30, 0x50, 0xB1
EQUAL, ANY_BIT, RETURN = 0x15, 0x45, 0x06

# Each row: code, lines to skip if true, if false, k.
Filter = tuple[tuple[int, int, int, int], ...]


class Listener:
    """The process of a listener in a namespace, and the file that it writes."""

    def __init__(self, namespace: Namespace, module: str, path: Path, devices: list[str]) -> None:
        self._path = path
        path.touch()
        argv = [sys.executable, "-m", module, str(path), *devices]
        self._process = namespace.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        if not self._has_said():
            raise RuntimeError(f"no listener on {', '.join(devices)}: it ended at once")

    def heard(self, offset: int = 0) -> bytes:
        """Read the file from there, with all in it that has come before now."""
        self._catch_up()
        with open(self._path, "rb") as file:
            file.seek(offset)
            return file.read()

    def close(self) -> None:
        """Stop listening; what was heard can still be asked for."""
        if self._process.poll() is None:
            self._catch_up()
            self._process.terminate()
            self._process.wait(60)

    def _catch_up(self) -> None:
        # On a busy machine it may be seconds behind what is on the wire.
        if self._process.poll() is None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(b"\n")
                self._process.stdin.flush()
                self._has_said()

    def _has_said(self) -> bool:
        return self._process.stdout is not None and bool(self._process.stdout.readline())


def record(path: str, devices: tuple[str, ...], rows: Filter, longest: int) -> None:
    """Write what comes into the devices and passes the filter to a file, until killed.

    Answers each octet of standard input as soon as all is written that came before it.
    """
    listeners = [_listen(device, rows) for device in devices]
    asking = [sys.stdin.fileno()]
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    print("listening", flush=True)
    while True:
        ready = select.select([*listeners, *asking], [], [])[0]
        is_asked = bool(asking) and asking[0] in ready
        until = time.monotonic_ns() if is_asked else 0
        for number, listener in enumerate(listeners):
            if is_asked or listener in ready:
                for at, octets in _waiting(listener, longest, until):
                    os.write(out, RECORD.pack(at, number, len(octets)) + octets)
        if is_asked and os.read(asking[0], 1):
            print("caught up", flush=True)
        elif is_asked:
            asking = []


def _waiting(listener: socket.socket, longest: int, until: int) -> Iterator[tuple[int, bytes]]:
    """Yield what waits at a port and came by then; one packet at least, if there is one."""
    while True:
        try:
            at, octets = _read(listener, longest)
        except BlockingIOError:
            return
        except OSError:
            # The port went down; the socket says so once and lives on.
            continue
        yield at, octets
        if at >= until:
            return


def records(heard: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Read time, port and octets of each whole record."""
    start = 0
    while start + RECORD.size <= len(heard):
        at, port, length = RECORD.unpack_from(heard, start)
        start += RECORD.size + length
        if start > len(heard):
            return
        yield at, port, heard[start - length : start]


def _listen(device: str, rows: Filter) -> socket.socket:
    program = b"".join(struct.pack("=HBBI", *row) for row in rows)
    memory = ctypes.create_string_buffer(program)
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    pointer = struct.pack("=H6xQ", len(rows), ctypes.addressof(memory))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, pointer)
    # What comes into the port was sent by the node at its other end, and by nobody else.
    listener.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    listener.bind((device, ETH_P_ALL))
    listener.setblocking(False)
    return listener


def _read(listener: socket.socket, longest: int) -> tuple[int, bytes]:
    octets, extra, _flags, _address = listener.recvmsg(longest, 64)
    for _level, kind, value in extra:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(value)
            # The kernel stamps with the time of day; the lab's times are all monotonic.
            return seconds * 1_000_000_000 + nanoseconds + _ahead_ns(), octets
    return time.monotonic_ns(), octets


def _ahead_ns() -> int:
    """Tell what to add to the time of day; who stood still between two looks at the clocks looks again."""
    while True:
        before, of_day, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before < CLOCKS_TOGETHER_NS:
            return before - of_day
