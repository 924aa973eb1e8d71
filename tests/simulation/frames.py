# SPDX-License-Identifier: GPL-2.0-or-later
"""Packet sockets on the links of a simulated network, and the kernels that answer what is asked there."""

import random
import struct
from typing import TYPE_CHECKING

from haven.core.announce import ARP_REPLY, ETHERTYPE_ARP, unsolicited_advertisement
from haven.core.witness_frames import ARP_ETHERNET_IPV4, ETHERTYPE_GREETING
from haven.havend.kernel_changes import family_of
from haven.havend.netlink_messages import KernelLink
from tests.simulation.world import Link, World

if TYPE_CHECKING:
    from tests.simulation.node import SimNode

# Between two routers, for connections; no group is on it.
SYNC = "sync"
GROUP_BIT = 1
# Of each link, but for the last octet.
MACS = {device: bytes((2, 0, 0, 0, number)) for number, device in enumerate(("lan", "wan", "dmz", SYNC))}


class Frames:
    """One packet socket, in the place of those that havend opens."""

    def __init__(self, wire: "Wire", node: "SimNode", device: str, ethertype: int) -> None:
        self._wire, self.node, self.device, self.ethertype = wire, node, device, ethertype
        # When each comes in, and what.
        self.waiting: list[tuple[int, bytes]] = []

    def send(self, frame: bytes) -> None:
        """Bring a frame to the link. Raises OSError when there is none."""
        if not self.node.has_link(self.device):
            raise OSError("no carrier")
        self._wire.carry(self, frame)

    def recv(self, _most: int) -> bytes:
        """Return what came first. Raises BlockingIOError when nothing has come."""
        if not self.waiting or self.waiting[0][0] > self.node.world.now:
            raise BlockingIOError
        return self.waiting.pop(0)[1]

    def close(self) -> None:
        """Hear no more."""
        self._wire.sockets.discard(self)


class Wire:
    """What carries frames between the nodes of a world; a node's kernel answers whatever its havend does.

    Dice of its own, so that a seed without heartbeats is the network that it always was.
    """

    def __init__(self, rng: random.Random, world: World) -> None:
        self._rng, self._world = rng, world
        self.sockets: set[Frames] = set()
        self.has_sync = False

    def lay_sync(self) -> None:
        """Connect the two nodes by a link of their own."""
        self._world.links[SYNC] = Link(SYNC)
        self.has_sync = True

    def open(self, node: "SimNode", device: str, ethertype: int) -> Frames:
        """Return a socket of a node."""
        made = Frames(self, node, device, ethertype)
        self.sockets.add(made)
        return made

    def carry(self, sender: Frames, frame: bytes) -> None:
        """Take a greeting to all others, a question to the kernels that it is for."""
        take = self._greet if sender.ethertype == ETHERTYPE_GREETING else self._ask
        for node in self._world.nodes:
            is_meant = frame[0] & GROUP_BIT or frame[:6] == mac_of(node, sender.device)
            if is_meant and node is not sender.node and self._arrives(sender.device, sender.node, node):
                at = self._world.now + self._delay(sender.device)
                self._world.at(at, lambda node=node: take(sender, node, frame))

    def _arrives(self, device: str, sender: "SimNode", receiver: "SimNode") -> bool:
        link = self._world.links[device]
        return link.is_good() or (link.passes(sender.name, receiver.name) and self._rng.random() >= link.loss)

    def _delay(self, device: str) -> int:
        least, most = self._world.links[device].delay
        return least + int(self._rng.random() * (most - least))

    def _greet(self, sender: Frames, node: "SimNode", frame: bytes) -> None:
        meant = (node, sender.device, sender.ethertype)
        for each in self.sockets if node.has_link(sender.device) else ():
            if (each.node, each.device, each.ethertype) == meant:
                each.waiting.append((self._world.now, frame))

    def _ask(self, sender: Frames, node: "SimNode", frame: bytes) -> None:
        device, address = sender.device, _asked(sender.ethertype, frame)
        owns = node.has_link(device) and self._owns(node, device, address)
        # What comes while its asker has no cable finds nobody.
        if owns and sender.node.has_link(device) and self._arrives(device, node, sender.node):
            at = self._world.now + self._delay(device)
            sender.waiting.append((at, _answer(mac_of(node, device), address)))
            sender.waiting.sort()

    def _owns(self, node: "SimNode", device: str, address: bytes) -> bool:
        if device == SYNC:
            return address == sync_address(node)
        return address == node.address(device, family_of(address)) or (device, address) in node.held


class Tables:
    """The links of one node, in the place of havend/kernel_tables.py."""

    def __init__(self, node: "SimNode") -> None:
        self._node = node

    def link(self, device: str) -> KernelLink:
        """Return a link as the kernel tells of it."""
        mac = mac_of(self._node, device)
        return KernelLink(mac[4] + 1, device, self._node.has_link(device), mac, True)


def mac_of(node: "SimNode", device: str) -> bytes:
    """Return the hardware address of a node on a link."""
    return MACS[device] + bytes((node.number,))


def sync_address(node: "SimNode") -> bytes:
    """Return the address of a node on the link for connections."""
    return bytes((10, 9, 0, node.number))


def _asked(ethertype: int, frame: bytes) -> bytes:
    return frame[38:42] if ethertype == ETHERTYPE_ARP else frame[62:78]


def _answer(mac: bytes, address: bytes) -> bytes:
    # Whom it goes to nobody looks at.
    if family_of(address) == 6:
        return unsolicited_advertisement(mac, address)
    head = bytes(6) + mac + struct.pack("!H", ETHERTYPE_ARP) + ARP_ETHERNET_IPV4
    return head + struct.pack("!H", ARP_REPLY) + mac + address + bytes(10)
