# SPDX-License-Identifier: GPL-2.0-or-later
"""A queue of netfilter's: packets come in, verdicts go out (linux/netfilter/nfnetlink_queue.h).

The socket is made by one process and read by another, so that the first can let everything pass that the
other has left waiting: libnetfilter_queue's bindings keep their socket to themselves, and know no fail-open.
"""

import os
import struct

from haven import light_socket as socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NETLINK_NETFILTER = 12
# NFNL_SUBSYS_QUEUE, as the upper half of a message's type.
SUBSYSTEM = 3 << 8
PACKET, VERDICT, CONFIG, VERDICT_BATCH = 0, 1, 2, 3
REQUEST, ACKNOWLEDGE = 1, 4
ERROR = 2
# Attributes of a packet, of a verdict and of the configuration.
PACKET_HEADER, VERDICT_HEADER, PAYLOAD = 1, 2, 10
COMMAND, PARAMETERS, LONGEST_QUEUE, MASK, FLAGS = 1, 2, 3, 4, 5
BIND, COPY_PACKET, FAIL_OPEN = 1, 2, 1
# Of netfilter's hooks: what is for this machine, and what it sends (linux/netfilter.h).
LOCAL_IN, LOCAL_OUT = 1, 3
ACCEPT = 1
LAST_NUMBER = 0x7FFFFFFF

# Of netfilter's queues, which are numbered for the whole machine.
NUMBER = 3782
# What waits beyond it passes (fail-open).
MOST_WAITING = 256
BUFFER = 1 << 20
RECEIVE = 1 << 16
_HEADER, _NFGEN, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct(">BBH"), struct.Struct("=HH")


def open_queue() -> socket.socket:
    """Return the socket of the queue, which is its only reader. Raises OSError."""
    queue = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    try:
        queue.settimeout(2)
        queue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        queue.bind((0, 0))
        _configure(queue, COMMAND, struct.pack(">BBH", BIND, 0, socket.AF_INET))
        _configure(queue, PARAMETERS, struct.pack(">IB", 0xFFFF, COPY_PACKET))
        _configure(queue, LONGEST_QUEUE, struct.pack(">I", MOST_WAITING))
        open_for_all = struct.pack(">I", FAIL_OPEN)
        _configure(queue, FLAGS, open_for_all, _attribute(MASK, open_for_all))
        queue.setblocking(False)
    except OSError:
        queue.close()
        raise
    return queue


def _configure(queue: socket.socket, kind: int, value: bytes, more: bytes = b"") -> None:
    queue.send(_message(CONFIG, _attribute(kind, value) + more, REQUEST | ACKNOWLEDGE))
    answer = queue.recv(RECEIVE)
    if len(answer) >= 20 and struct.unpack_from("=H", answer, 4)[0] == ERROR:
        code = -struct.unpack_from("=i", answer, 16)[0]
        if code:
            raise OSError(code, os.strerror(code))


def _message(kind: int, attributes: bytes, flags: int = REQUEST) -> bytes:
    body = _NFGEN.pack(socket.AF_UNSPEC, 0, NUMBER) + attributes
    return _HEADER.pack(16 + len(body), SUBSYSTEM | kind, flags, 0, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + bytes(-len(value) % 4)


def accept(queue: socket.socket, number: int) -> None:
    """Let one packet pass. Raises OSError."""
    queue.send(_message(VERDICT, _attribute(VERDICT_HEADER, struct.pack(">II", ACCEPT, number))))


def accept_all(queue: socket.socket) -> None:
    """Let everything pass that waits. Raises OSError."""
    queue.send(_message(VERDICT_BATCH, _attribute(VERDICT_HEADER, struct.pack(">II", ACCEPT, LAST_NUMBER))))


def packets(octets: bytes) -> "Iterator[tuple[int, int, bytes]]":
    """Give the number, the hook and the IP packet of each message that the queue's socket has brought."""
    at = 0
    while at + 16 <= len(octets):
        length, kind = struct.unpack_from("=IH", octets, at)
        if length < 16:
            return
        if kind == SUBSYSTEM | PACKET:
            found = dict(_attributes(octets[at + 20 : at + length]))
            if len(found.get(PACKET_HEADER, b"")) >= 7:
                number, hook = struct.unpack_from(">I2xB", found[PACKET_HEADER])
                yield number, hook, found.get(PAYLOAD, b"")
        at += (length + 3) & ~3


def _attributes(octets: bytes) -> "Iterator[tuple[int, bytes]]":
    at = 0
    while at + 4 <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, at)
        if length < 4:
            return
        # The upper bits say how its value is written.
        yield kind & 0x3FFF, octets[at + 4 : at + length]
        at += (length + 3) & ~3
