# SPDX-License-Identifier: GPL-2.0-or-later
"""Take addresses and their routes away in havend's place, by the steps of the plan."""

import struct
import sys
from typing import Any

from haven import light_socket as socket
from haven.light import suppress


def withdraw(routers: list[dict[str, Any]]) -> None:
    """Carry out the release of these virtual routers; what is not there any more is no failure."""
    names = ", ".join(each["name"] for each in routers)
    print(f"haven-agent: havend is gone: withdrawing the addresses of {names}", file=sys.stderr, flush=True)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        for step in [step for each in routers for step in each["release"]]:
            # A device that is gone has taken its addresses with it.
            with suppress(OSError):
                kernel.send(_message(step))


def _message(step: dict[str, Any]) -> bytes:
    octets = bytearray.fromhex(step["octets"])
    for offset, device in step["patch"]:
        struct.pack_into("@I", octets, offset, socket.if_nametoindex(device))
    return bytes(octets)
