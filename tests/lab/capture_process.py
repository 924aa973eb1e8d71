# SPDX-License-Identifier: GPL-2.0-or-later
"""The listener behind a capture."""

import sys

from tests.lab.listener import EQUAL, LOAD_BYTE, LOAD_HALF, RETURN, record

LONGEST = 512
# ARP; IPv4 with protocol 112; IPv6 with next header 112 or 58.
FILTER = (
    (LOAD_HALF, 0, 0, 12),
    (EQUAL, 8, 0, 0x0806),
    (EQUAL, 0, 2, 0x0800),
    (LOAD_BYTE, 0, 0, 23),
    (EQUAL, 5, 4, 112),
    (EQUAL, 0, 3, 0x86DD),
    (LOAD_BYTE, 0, 0, 20),
    (EQUAL, 2, 0, 112),
    (EQUAL, 1, 0, 58),
    (RETURN, 0, 0, 0),
    (RETURN, 0, 0, LONGEST),
)

if __name__ == "__main__":
    path, *devices = sys.argv[1:]
    record(path, tuple(devices), FILTER, LONGEST)
