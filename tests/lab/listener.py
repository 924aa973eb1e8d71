# SPDX-License-Identifier: GPL-2.0-or-later
"""A listener at ports of the switch: a filter in the kernel, and a file of what passed it, with times."""

import ctypes
import os
import select
import socket
import struct
import time
from collections.abc import Iterator

SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
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


def record(path: str, devices: tuple[str, ...], rows: Filter, longest: int) -> None:
    """Write what comes into the devices and passes the filter to a file, until killed."""
    listeners = [_listen(device, rows) for device in devices]
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    print("listening", flush=True)
    while True:
        for listener in select.select(listeners, [], [])[0]:
            try:
                at, octets = _read(listener, longest)
            except OSError:
                # The port went down; the socket says so once and lives on.
                continue
            os.write(out, RECORD.pack(at, listeners.index(listener), len(octets)) + octets)


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
    return listener


def _read(listener: socket.socket, longest: int) -> tuple[int, bytes]:
    octets, extra, _flags, _address = listener.recvmsg(longest, 64)
    for _level, kind, value in extra:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(value)
            # The kernel stamps with the time of day; the lab's times are all monotonic.
            age = time.time_ns() - (seconds * 1_000_000_000 + nanoseconds)
            return time.monotonic_ns() - age, octets
    return time.monotonic_ns(), octets
