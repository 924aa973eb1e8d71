# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the kernel tracks connections and tells of them (linux/netfilter/nfnetlink.h)."""

from __future__ import annotations

import errno
import struct

from haven import light_socket as socket

NETLINK_NETFILTER = 12
# NFNL_SUBSYS_CTNETLINK, and its question for the number of entries, which costs the kernel nothing.
CONNTRACK, GET_STATS = 1, 5
REQUEST_ACKNOWLEDGE = 1 | 4
ERROR = 2
PATIENCE_S = 1
_HEADER, _NFGEN = struct.Struct("=IHHII"), struct.Struct(">BBH")


def has_tracking(subsystem: int = CONNTRACK) -> bool:
    """Tell whether there is this part of netfilter; one that cannot be asked is there."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as asking:
            asking.settimeout(PATIENCE_S)
            body = _NFGEN.pack(socket.AF_UNSPEC, 0, 0)
            head = _HEADER.pack(16 + len(body), subsystem << 8 | GET_STATS, REQUEST_ACKNOWLEDGE, 0, 0)
            asking.send(head + body)
            return not _is_unknown(asking.recv(1 << 12))
    except OSError as error:
        # Without netfilter's own part of netlink there is no such socket.
        return error.errno != errno.EPROTONOSUPPORT


def _is_unknown(answer: bytes) -> bool:
    if len(answer) < 20 or struct.unpack_from("=H", answer, 4)[0] != ERROR:
        return False
    return -int(struct.unpack_from("=i", answer, 16)[0]) == errno.EINVAL
