# SPDX-License-Identifier: GPL-2.0-or-later
"""Elements of nftables' sets, put in by one message to the kernel: when it is sent, they are there.

A program in between would end some milliseconds after the moment that is to be measured.
"""

import os
import socket
import struct
from collections.abc import Iterable, Sequence

NETLINK_NETFILTER = 12
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE = 1, 4, 0x400
BATCH_BEGIN, BATCH_END = 0x10, 0x11
SUBSYSTEM = 10
NEW_SET_ELEMENT = SUBSYSTEM << 8 | 12
NESTED = 0x8000
# linux/netfilter/nf_tables.h
TABLE, SET, ELEMENTS, ELEMENT, KEY, VALUE, TIMEOUT = 1, 2, 3, 1, 1, 1, 4
FAMILIES = {"inet": 1, "arp": 3}
NAME_LENGTH = 16
NLMSG_ERROR = 2
ANSWER_S = 5.0


def add_elements(table: str, rows: Sequence[tuple[str, str, Iterable[str], float]]) -> None:
    """Put devices into sets of the tables of this name, all at once or none. Raises OSError.

    A row is a family, a set, its devices, and for how many seconds.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
        kernel.settimeout(ANSWER_S)
        messages = [_elements(table, row) for row in rows]
        kernel.send(_batch(BATCH_BEGIN) + b"".join(messages) + _batch(BATCH_END))
        for _ in messages:
            _check(kernel.recv(65536))


def _check(answer: bytes) -> None:
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
        (error,) = struct.unpack_from("=i", answer, 16)
        if error:
            raise OSError(-error, os.strerror(-error))


def _batch(kind: int) -> bytes:
    return _message(kind, NLM_F_REQUEST, 0, SUBSYSTEM, b"")


def _elements(table: str, row: tuple[str, str, Iterable[str], float]) -> bytes:
    family, name, devices, seconds = row
    timeout = _attribute(TIMEOUT, struct.pack(">Q", round(1000 * seconds)))
    elements = b"".join(
        _nested(ELEMENT, _nested(KEY, _attribute(VALUE, device.encode().ljust(NAME_LENGTH, b"\0"))) + timeout)
        for device in sorted(set(devices))
    )
    body = _text(TABLE, table) + _text(SET, name) + _nested(ELEMENTS, elements)
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE
    return _message(NEW_SET_ELEMENT, flags, FAMILIES[family], 0, body)


def _message(kind: int, flags: int, family: int, resource: int, body: bytes) -> bytes:
    content = struct.pack("=BB", family, 0) + struct.pack(">H", resource) + body
    return struct.pack("=IHHII", 16 + len(content), kind, flags, 0, 0) + content


def _attribute(kind: int, octets: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(octets), kind) + octets + bytes(-len(octets) % 4)


def _nested(kind: int, octets: bytes) -> bytes:
    return _attribute(kind | NESTED, octets)


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")
