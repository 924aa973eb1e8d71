# SPDX-License-Identifier: GPL-2.0-or-later
"""The listener behind a capture: writes each frame with its time and its port to a file."""

import ctypes
import os
import select
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
ETH_P_ALL = 3
LONGEST = 512
RECORD = struct.Struct("=qHH")
TIMESPEC = struct.Struct("=qq")

# Accept ARP; IPv4 with protocol 112; IPv6 with next header 112 or 58. Each row: code, if true, if false, k.
LOAD_HALF, LOAD_BYTE, JUMP_EQUAL, RETURN = 0x28, 0x30, 0x15, 0x06
FILTER = (
    (LOAD_HALF, 0, 0, 12),
    (JUMP_EQUAL, 8, 0, 0x0806),
    (JUMP_EQUAL, 0, 2, 0x0800),
    (LOAD_BYTE, 0, 0, 23),
    (JUMP_EQUAL, 5, 4, 112),
    (JUMP_EQUAL, 0, 3, 0x86DD),
    (LOAD_BYTE, 0, 0, 20),
    (JUMP_EQUAL, 2, 0, 112),
    (JUMP_EQUAL, 1, 0, 58),
    (RETURN, 0, 0, 0),
    (RETURN, 0, 0, LONGEST),
)


def _listen(device: str) -> socket.socket:
    program = b"".join(struct.pack("=HBBI", *row) for row in FILTER)
    memory = ctypes.create_string_buffer(program)
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    pointer = struct.pack("=H6xQ", len(FILTER), ctypes.addressof(memory))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, pointer)
    # What comes into the port was sent by the node at its other end, and by nobody else.
    listener.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    listener.bind((device, ETH_P_ALL))
    return listener


def _read(listener: socket.socket) -> tuple[int, bytes]:
    octets, extra, _flags, _address = listener.recvmsg(LONGEST, 64)
    for _level, kind, value in extra:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(value)
            # The kernel stamps with the time of day; the lab's times are all monotonic.
            age = time.time_ns() - (seconds * 1_000_000_000 + nanoseconds)
            return time.monotonic_ns() - age, octets
    return time.monotonic_ns(), octets


def main(path: str, *devices: str) -> None:
    """Listen on the devices until killed."""
    listeners = [_listen(device) for device in devices]
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    print("listening", flush=True)
    while True:
        for listener in select.select(listeners, [], [])[0]:
            try:
                at, octets = _read(listener)
            except OSError:
                # The port went down; the socket says so once and lives on.
                continue
            os.write(out, RECORD.pack(at, listeners.index(listener), len(octets)) + octets)


if __name__ == "__main__":
    main(*sys.argv[1:])
