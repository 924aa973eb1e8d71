# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel has of this router's own devices."""

import fcntl
import struct

from haven import light_socket as socket

SIOCGIFADDR = 0x8915


def ipv4_of(device: str) -> str:
    """Return the first IPv4 address of a device, empty for none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack("16s16x", device.encode()))
        except OSError:
            return ""
    return socket.inet_ntoa(answer[20:24])
