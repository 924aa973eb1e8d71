# SPDX-License-Identifier: GPL-2.0-or-later
"""A mesh of tun devices, one in each namespace: what a VPN such as VpnCloud is as a hub.

A packet goes to the machine whose own address it is for, and one for nobody's own (an address that moves,
the multicast group) to all. A line of JSON on the standard input says who does not reach whom.
"""

import ctypes
import fcntl
import ipaddress
import json
import os
import select
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLONE_NEWNET = 0x40000000
LONGEST = 65536


def open_tun(namespace: str, device: str) -> int:
    """Make a tun device in a namespace and return its other end."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.setns(there, CLONE_NEWNET) == 0
    made = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(made, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    assert libc.setns(here, CLONE_NEWNET) == 0
    os.close(there)
    os.close(here)
    return made


def main(device: str, members: list[str]) -> None:
    """Carry packets between members, each NAMESPACE=ADDRESS, until the standard input ends."""
    places = dict(member.split("=") for member in members)
    ends = {open_tun(name, device): name for name in places}
    owners = {ipaddress.ip_address(places[name]).packed: end for end, name in ends.items()}
    blocked: set[tuple[str, str]] = set()
    print("ready", flush=True)
    while True:
        for ready in select.select([0, *ends], [], [])[0]:
            if ready == 0:
                line = sys.stdin.readline()
                if not line:
                    return
                blocked = {(a, b) for a, b in json.loads(line)}
                print("done", flush=True)
                continue
            packet = os.read(ready, LONGEST)
            to = owners.get(packet[16:20]) if packet[0] >> 4 == 4 else None
            for end in ends if to is None else (to,):
                if end != ready and (ends[ready], ends[end]) not in blocked:
                    deliver(end, packet)


def deliver(end: int, packet: bytes) -> None:
    """Hand a packet to a machine; one whose device is down loses it."""
    try:
        os.write(end, packet)
    except OSError:
        return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
