# SPDX-License-Identifier: GPL-2.0-or-later
"""Random networks: how many routers, which groups on which links, with which settings."""

import random
import socket

from haven.core.spec import GroupSpec, RouterSpec
from tests.simulation.asking import Askers
from tests.simulation.keyed import KeyedClocks
from tests.simulation.node import PROVIDER, SimNode
from tests.simulation.world import SECOND, Link, World

LINKS = ("lan", "wan", "dmz")
INTERVALS_US = (10_000, 30_000, 100_000, SECOND, SECOND, SECOND, 4 * SECOND)
WITNESS_ADDRESS = bytes((10, 0, 0, 99))
# Clocks differ by so much at the most.
DRIFT = 0.01

# What every node has in common: (name, link, family, VRID, version, interval).
Shape = tuple[str, str, int, int, int, int]


class Design:
    """What the user wants: the groups that all nodes have, and how the nodes rank."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        version = rng.choice((3, 3, 3, 2))
        interval = SECOND if version == 2 else rng.choice(INTERVALS_US)
        self.groups: dict[str, list[Shape]] = {}
        links = rng.sample(LINKS, rng.randint(1, 3))
        shapes = [self._shape(number, link, version, interval) for number, link in enumerate(links)]
        if rng.random() < 0.3:
            # A second family on the first link.
            family = 4 if version == 2 else 10 - shapes[0][2]
            shapes.append(("more", links[0], family, 60, version, interval))
        cut = len(shapes) if rng.random() < 0.7 else rng.randint(1, len(shapes))
        for name, members in (("gateway", shapes[:cut]), ("other", shapes[cut:])):
            if members:
                self.groups[name] = members
        # What the virtual routers are called in the configuration.
        self.labels = {shape[0]: shape[0] for shape in shapes}
        self.preempt = rng.random() < 0.4
        self.preempt_delay_us = rng.choice((0, 0, 0, SECOND))
        self.unicast = rng.random() < 0.15
        # Whether the provider has to be reached, and what is taken off the priority where it is not.
        self.checks = rng.choice(((), ((PROVIDER, 254),), ((PROVIDER, 254),), ((PROVIDER, 60),)))
        # Whether a witness, or of more than two routers the majority, says who serves behind a cut.
        # Asking a hundred times a second would take most of the time of a run.
        self.has_arbiter = rng.random() < 0.2 and interval >= SECOND // 10
        self.patience_us = rng.choice((2 * SECOND, 5 * SECOND))

    def _shape(self, number: int, link: str, version: int, interval: int) -> Shape:
        family = 4 if version == 2 else self.rng.choice((4, 4, 6))
        vrid = 51 if family == 6 and self.rng.random() < 0.5 else 51 + number
        return (f"r{number}", link, family, vrid, version, interval)

    def shortest_interval(self) -> int:
        """Return the shortest interval of any group."""
        return min(shape[5] for shapes in self.groups.values() for shape in shapes)

    def longest_interval(self) -> int:
        """Return the longest interval of any group."""
        return max(shape[5] for shapes in self.groups.values() for shape in shapes)

    def specs(self, node: SimNode, world: World, priorities: dict[str, int]) -> tuple[GroupSpec, ...]:
        """Return the configuration of a node."""
        return tuple(
            GroupSpec(
                name,
                tuple(self._router(node, world, shape, priorities[shape[0]]) for shape in shapes),
                0,
                self.checks,
                preempt=self.preempt,
                preempt_delay_us=self.preempt_delay_us,
                witness_patience_us=self.patience_us,
                **self._arbiter(shapes, len(world.nodes)),
            )
            for name, shapes in self.groups.items()
        )

    def _arbiter(self, shapes: list[Shape], count: int) -> dict[str, object]:
        if not self.has_arbiter:
            return {}
        if count > 2:
            return {"majority": count}
        return {"witnesses": tuple((link, WITNESS_ADDRESS) for link in sorted({each[1] for each in shapes}))}

    def _router(self, node: SimNode, world: World, shape: Shape, priority: int) -> RouterSpec:
        name, link, family, vrid, version, interval = shape
        peers = [each.address(link, family) for each in world.nodes if each is not node]
        return RouterSpec(
            self.labels[name],
            link,
            family,
            virtual_addresses(family, name),
            unicast_peers=tuple(peers) if self.unicast else (),
            vrid=vrid,
            version=version,
            priority=priority,
            advert_interval_us=interval,
            announce_refresh_us=60 * SECOND,
        )


def virtual_addresses(family: int, name: str) -> tuple[bytes, ...]:
    """Return the addresses of a virtual router by its name."""
    number = int.from_bytes(name.encode(), "big") % 200 + 1
    if family == 4:
        return (bytes((192, 168, number, 1)),)
    # Every link may have the same link-local gateway.
    return (socket.inet_pton(socket.AF_INET6, "fe80::1"),)


class Network:
    """A world with nodes by a design."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.world = World(self.rng)
        self.design = Design(self.rng)
        for name in LINKS:
            self.world.links[name] = Link(name)
        count = self.rng.choice((2, 2, 2, 3, 3, 4, 5, 8))
        for number in range(1, count + 1):
            rate = 1 + self.rng.uniform(-DRIFT, DRIFT)
            self.world.nodes.append(SimNode(self.world, f"n{number}", number, rate))
        self._give_addresses(count)
        self.priorities = self._priorities()
        self.clocks = KeyedClocks(seed, self.world)
        self.askers = Askers(seed, self.world)

    def _give_addresses(self, count: int) -> None:
        for link in LINKS:
            order = list(range(1, count + 1))
            if self.rng.random() < 0.5:
                # Ranks by address may be opposed on two links.
                self.rng.shuffle(order)
            for node, number in zip(self.world.nodes, order, strict=True):
                node.addresses[(link, 4)] = bytes((10, LINKS.index(link), 0, number))
                node.addresses[(link, 6)] = bytes((0xFE, 0x80)) + bytes(13) + bytes((0x10 + number,))

    def _priorities(self) -> dict[str, dict[str, int]]:
        """Return node -> virtual router -> priority; mostly the same for all of a node's."""
        style = self.rng.random()
        names = [shape[0] for shapes in self.design.groups.values() for shape in shapes]
        found = {}
        for node in self.world.nodes:
            base = 100 if style < 0.3 else self.rng.randint(1, 254)
            each = {name: base if style < 0.85 else self.rng.randint(1, 254) for name in names}
            found[node.name] = each
        return found

    def ranks_alike(self) -> bool:
        """Tell whether each node has one priority for all."""
        return all(len(set(each.values())) == 1 for each in self.priorities.values())

    def specs(self, node: SimNode) -> tuple[GroupSpec, ...]:
        """Return the configuration of a node as the design has it now."""
        specs = self.design.specs(node, self.world, self.priorities[node.name])
        return self.askers.equip(self.clocks.equip(specs))

    def settling(self) -> int:
        """Return after how long everything is to be quiet again, once nothing disturbs it."""
        longest = self.design.longest_interval()
        return 12 * longest + 3 * SECOND + self.design.preempt_delay_us

    def start(self) -> None:
        """Power every node on, at about the same time."""
        self.clocks.start()
        for node in self.world.nodes:
            self.world.at(self.rng.randint(0, 2 * SECOND), lambda node=node: node.power_on(self.specs(node)))
        self.world.run(2 * SECOND + self.settling())
