# SPDX-License-Identifier: GPL-2.0-or-later
"""DHCP clients in one process: DEVICE COUNT RATE; a line of JSON for each ACK and NAK that one hears.

Each has a MAC address, an identifier and a name of its own, asks until it has a lease, and keeps it. On a
line `renew` of standard input all ask for theirs again, as after a reboot; on `ask N` N more begin.
"""

import json
import os
import random
import select
import socket
import struct
import sys
import time

ETHERNET, IPV4 = struct.Struct("!6s6sH"), 0x0800
COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
# RFC 2131 begins with four seconds; a test has no such time.
AGAIN_S = 1.0


class Client:
    """One device."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.mac = bytes([2, 0xDC, 0, 0, number >> 8, number & 255])
        self.name = f"host{number}"
        self.address = b""
        self.state, self.next_at = "idle", 0.0
        self.xid = b"\0\0\0\0"
        self.asked_at = 0.0
        self._message = b""

    def discover(self, now: float) -> bytes:
        self.state, self.xid = "discovers", os.urandom(4)
        return self._ask(now, DISCOVER, b"")

    def request(self, now: float, address: bytes, server: bytes = b"") -> bytes:
        self.state = "requests"
        chosen = b"\x36\x04" + server if server else b""
        if not server:
            self.xid = os.urandom(4)
        return self._ask(now, REQUEST, b"\x32\x04" + address + chosen)

    def _ask(self, now: float, kind: int, options: bytes) -> bytes:
        self.asked_at, self.next_at = now, now + AGAIN_S * random.uniform(0.9, 1.3)
        name = self.name.encode()
        own = bytes([61, 7, 1]) + self.mac + bytes([12, len(name)]) + name
        options = bytes([53, 1, kind]) + own + options + bytes([55, 3, 1, 3, 6, 255])
        # The flag asks for a broadcast as an answer.
        fixed = struct.pack("!BBBB4sHH16x", 1, 1, 6, 0, self.xid, 0, 0x8000)
        self._message = fixed + self.mac.ljust(16, b"\0") + bytes(192) + COOKIE + options
        return self.again(now)

    def again(self, now: float) -> bytes:
        self.next_at = now + AGAIN_S * random.uniform(0.9, 1.3)
        return frame(self.mac, self._message)


def frame(mac: bytes, message: bytes) -> bytes:
    udp = struct.pack("!HHHH", 68, 67, 8 + len(message), 0)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(message), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    return ETHERNET.pack(b"\xff" * 6, mac, IPV4) + checked(header) + udp + message


def checked(header: bytes) -> bytes:
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]


def options_of(octets: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 1 < len(octets) and octets[at] != 255:
        if octets[at]:
            found[octets[at]] = octets[at + 2 : at + 2 + octets[at + 1]]
            at += octets[at + 1] + 1
        at += 1
    return found


class Crowd:
    """All clients, on one device."""

    def __init__(self, device: str, count: int, rate: float) -> None:
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.wire.bind((device, IPV4))
        self.rate = rate
        self.clients: dict[bytes, Client] = {}
        self.begin(count)

    def begin(self, count: int) -> None:
        now = time.monotonic()
        for step in range(count):
            client = Client(len(self.clients))
            client.next_at = now + step / self.rate
            self.clients[client.mac] = client

    def renew(self) -> None:
        for step, client in enumerate(each for each in self.clients.values() if each.address):
            client.state, client.next_at = "reboots", time.monotonic() + step / self.rate

    def run(self) -> None:
        orders = b""
        while True:
            due = min((each.next_at for each in self.clients.values() if each.state != "bound"), default=None)
            wait = 1.0 if due is None else max(0.0, due - time.monotonic())
            ready = select.select([self.wire, 0], [], [], wait)[0]
            if 0 in ready:
                octets = os.read(0, 4096)
                if not octets:
                    return
                *lines, orders = (orders + octets).split(b"\n")
                for line in lines:
                    self.obey(line.split())
            if self.wire in ready:
                self.hear(self.wire.recv(4096))
            self.ask_again(time.monotonic())

    def obey(self, words: list[bytes]) -> None:
        if words[0] == b"renew":
            self.renew()
        else:
            self.begin(int(words[1]))

    def ask_again(self, now: float) -> None:
        for client in self.clients.values():
            if client.state == "bound" or client.next_at > now:
                continue
            if client.state == "reboots":
                octets = client.request(now, client.address)
            elif client.state == "requests" and now - client.asked_at < 3 * AGAIN_S:
                octets = client.again(now)
            else:
                octets = client.discover(now)
            self.wire.send(octets)

    def hear(self, octets: bytes) -> None:
        if len(octets) < 282 or octets[23] != 17 or octets[36:38] != b"\0D" or octets[42] != 2:
            return
        message, now = octets[42:], time.monotonic()
        client = self.clients.get(message[28:34])
        if client is None or message[4:8] != client.xid:
            return
        options = options_of(message[240:])
        kind, address = options.get(53, b"\0")[0], message[16:20]
        server = options.get(54, b"")
        if kind == OFFER and client.state == "discovers":
            self.wire.send(client.request(now, address, server))
        elif kind in (ACK, NAK) and client.state == "requests":
            self.end(client, kind, address, server, now)

    def end(self, client: Client, kind: int, address: bytes, server: bytes, now: float) -> None:
        waited_ms = round(1000 * (now - client.asked_at), 2)
        text, by = (".".join(map(str, each)) for each in (address, server))
        word = {"mac": client.mac.hex(":"), "name": client.name, "by": by, "at": time.monotonic_ns()}
        if kind == ACK:
            client.state, client.address = "bound", address
            print(json.dumps({**word, "ack": text, "waited_ms": waited_ms}), flush=True)
        else:
            client.state, client.next_at = "idle", now + 0.05
            print(json.dumps({**word, "nak": ".".join(map(str, client.address))}), flush=True)
            client.address = b""


if __name__ == "__main__":
    Crowd(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])).run()
