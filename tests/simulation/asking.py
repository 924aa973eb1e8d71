# SPDX-License-Identifier: GPL-2.0-or-later
"""Heartbeats in some networks: havend's own, on links, kernels and clocks that are made of numbers."""

import random
from typing import TYPE_CHECKING, Any

from haven.core.spec import GroupSpec
from haven.havend import heartbeat_socket, heartbeats, standbys
from haven.inet import text_of
from tests.simulation.frames import SYNC, Frames, Tables, Wire, sync_address
from tests.simulation.world import TURN, World

if TYPE_CHECKING:
    from tests.simulation.node import SimNode

HEARTBEAT_US = 10_000
# A network that asks a hundred times a second takes several times as long to play.
SHARE = 0.06


class Host:
    """What havend/host is to the files that ask: one node's clock and sockets at a time."""

    node: "SimNode"

    def now(self) -> int:
        """Return the time of the node whose turn it is."""
        return self.node.local()

    def open_frames(self, device: str, ethertype: int) -> Frames:
        """Open a packet socket of the node whose turn it is."""
        assert self.node.world.wire is not None
        return self.node.world.wire.open(self.node, device, ethertype)

    def attach_filter(self, _socket: Frames, _accepted: bytes) -> None:
        """Take none: what a socket is not for does not come to it."""


HOST = Host()
for module in (heartbeats, heartbeat_socket, standbys):
    module.system = HOST  # type: ignore[attr-defined]


class Story:
    """The events that heartbeats note, in the story of the network."""

    def __init__(self, node: "SimNode") -> None:
        self._node = node

    def add(self, kind: str, **facts: object) -> None:
        """Note one."""
        self._node.world.note(self._node.name, f"{kind}: {facts}")


class SyncPlan:
    """As much of a plan as heartbeats ask for: the link over which connections are copied."""

    def __init__(self, node: "SimNode") -> None:
        self._node = node

    def work(self, _kind: str) -> "dict[str, Any] | None":
        """Return device and addresses, where there is such a link."""
        world = self._node.world
        if world.wire is None or not world.wire.has_sync:
            return None
        peers = [text_of(sync_address(each)) for each in world.nodes if each is not self._node]
        return {"device": SYNC, "address": text_of(sync_address(self._node)), "peers": peers}


class Asking:
    """The heartbeats of one node, for one life of its havend after the other."""

    def __init__(self, node: "SimNode") -> None:
        self._node = node
        self.heartbeats: heartbeats.Heartbeats | None = None
        self._wakes_at = -1

    def begin(self) -> None:
        """Ask from now on, where this network does."""
        node = self._node
        if node.world.wire is not None:
            HOST.node = node
            self.heartbeats = heartbeats.Heartbeats(
                node.engine, Tables(node), Story(node), node.handle, lambda _effect: False
            )
            self.look_anew()

    def look_anew(self) -> None:
        """Take that the configuration is another one."""
        if self.heartbeats is not None:
            self.heartbeats.set_plan(SyncPlan(self._node))
            self._sleep()

    def hurry(self, device: str) -> None:
        """Take that a cable has lost its carrier."""
        if self.heartbeats is not None:
            HOST.node = self._node
            self.heartbeats.hurry(device)
            self._sleep()

    def end(self) -> None:
        """Ask nobody any more."""
        if self.heartbeats is not None:
            self.heartbeats.close()
            self.heartbeats = None

    def _act(self, when: int) -> None:
        if self.heartbeats is None or when != self._wakes_at:
            return
        node = self._node
        if node.world.now >= node.paused_until and node.local() >= self.heartbeats.deadline:
            HOST.node = node
            self.heartbeats.act()
        self._sleep()

    def _sleep(self) -> None:
        if self.heartbeats is None:
            # It has ended in between.
            return
        world, node = self._node.world, self._node
        soonest = world.now + TURN if world.now >= node.paused_until else node.paused_until + TURN
        self._wakes_at = when = max(soonest, node.moment(self.heartbeats.deadline))
        world.at(when, lambda: self._act(when))


class Askers:
    """What a network has of heartbeats. Dice of their own, as keys have."""

    def __init__(self, seed: int, world: World) -> None:
        rng = random.Random(seed ^ 0xBEA7)
        self.has_any = rng.random() < SHARE
        if self.has_any:
            world.wire = Wire(rng, world)
            if len(world.nodes) == 2 and rng.random() < 0.5:
                world.wire.lay_sync()

    def equip(self, specs: tuple[GroupSpec, ...]) -> tuple[GroupSpec, ...]:
        """Return a configuration with heartbeats."""
        for spec in specs if self.has_any else ():
            spec.heartbeat_us = HEARTBEAT_US
        return specs
