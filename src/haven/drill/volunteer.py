# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that volunteers: the line that it is given, and what it tells.

The line pings the virtual address a hundred times a second and tells this router's own address, by UDP, the
longest time without an answer. It needs Python 3 and nothing else, and ends by itself.
"""

import fcntl
import json
import socket
import struct
import time
from typing import Any

PORT = 3785
SIOCGIFADDR = 0x8915
# After so long it ends by itself.
LINE_S = 300
# ICMP echo requests of a socket that needs no root where users may ping, else of a raw one.
CODE = """import socket as s,struct as z,time
def o():
 try: return s.socket(2,s.SOCK_DGRAM,1)
 except OSError: return s.socket(2,s.SOCK_RAW,1)
p,u,t=o(),s.socket(2,s.SOCK_DGRAM),time.monotonic
p.setblocking(0);p.connect(("{gateway}",0));b=l=t();g=w=0
while t()-b<{seconds}:
 n=int((t()-b)*100)&32767;h=z.pack("!BBHHH",8,0,65535-2048-77-n,77,n)
 try: p.send(h)
 except OSError: pass
 try:
  while p.recv(99): g=max(g,t()-l);l=t()
 except OSError: pass
 if t()>w: w=t()+.2;u.sendto(b"haven %d"%(max(g,t()-l)*1000),("{own}",{port}));g=0
 time.sleep(.01)
"""


class Client:
    """Hears the clients that have taken the line. Raises OSError, and StopIteration without any IPv4."""

    def __init__(self, routers: list[dict[str, Any]]) -> None:
        lan = next(each for each in routers if each["family"] == 4)
        self.gateway, self.own = lan["addresses"][0].split("/")[0], _own_address(lan["device"])
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("", PORT))
        self._socket.setblocking(False)
        self._longest: float | None = None

    @property
    def line(self) -> str:
        """What is pasted on the client."""
        code = CODE.format(gateway=self.gateway, own=self.own, port=PORT, seconds=LINE_S)
        return f"python3 -c 'exec({json.dumps(code)})'"

    def wait(self, seconds: float) -> bool:
        """Wait until a client tells something."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.longest_ms() is not None:
                return True
            time.sleep(0.05)
        return False

    def longest_ms(self) -> float | None:
        """Return the longest time without an answer since the last call; None where no client has told."""
        found: list[float] = []
        while True:
            try:
                words = self._socket.recv(64).split()
            except OSError:
                break
            if len(words) == 2 and words[0] == b"haven" and words[1].isdigit():
                found.append(float(words[1]))
        return max(found, default=None)

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


def _own_address(device: str) -> str:
    """Return the first address of a device, which is there before any virtual one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        found = fcntl.ioctl(asking.fileno(), SIOCGIFADDR, struct.pack("256s", device.encode()))
    return socket.inet_ntoa(found[20:24])
