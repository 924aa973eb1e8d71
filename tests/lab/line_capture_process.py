# SPDX-License-Identifier: GPL-2.0-or-later
"""The listener behind a capture of DHCP and PPPoE discovery."""

import sys

from tests.lab.listener import EQUAL, LOAD_BYTE, LOAD_HALF, RETURN, record

LONGEST = 600
# PPPoE discovery; UDP to port 67, in a packet without IP options.
FILTER = (
    (LOAD_HALF, 0, 0, 12),
    (EQUAL, 6, 0, 0x8863),
    (EQUAL, 0, 4, 0x0800),
    (LOAD_BYTE, 0, 0, 23),
    (EQUAL, 0, 2, 17),
    (LOAD_HALF, 0, 0, 36),
    (EQUAL, 1, 0, 67),
    (RETURN, 0, 0, 0),
    (RETURN, 0, 0, LONGEST),
)

if __name__ == "__main__":
    path, *devices = sys.argv[1:]
    record(path, tuple(devices), FILTER, LONGEST)
