# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys in some networks, and the clocks of their nodes: right, nearly, in 1970, set to and fro.

Dice of their own, so that a seed without keys is the network that it always was.
"""

import random

from haven.core.auth.auth_spec import MONOTONIC, TIME, AuthSpec
from haven.core.spec import GroupSpec
from tests.simulation.node import SimNode
from tests.simulation.world import SECOND, World

KEY = bytes(range(32))
TODAY = 1_795_305_600 * SECOND
# As havend looks at its clock.
LOOK_EVERY = SECOND
WRONG = (0, -3600 * SECOND, 3600 * SECOND, -20 * SECOND, 20 * SECOND)
SHARE = 0.4


class KeyedClocks:
    """What a network has of keys, and its nodes of clocks."""

    def __init__(self, seed: int, world: World) -> None:
        self._rng, self._world = random.Random(seed ^ 0x5EED), world
        has_keys = self._rng.random() < SHARE
        replay = self._rng.choice((TIME, TIME, MONOTONIC))
        self.authentication = AuthSpec(((1, KEY),), "enforce", replay, 5 * SECOND) if has_keys else None

    def equip(self, specs: tuple[GroupSpec, ...]) -> tuple[GroupSpec, ...]:
        """Return a configuration with the keys."""
        for router in [router for spec in specs for router in spec.routers]:
            router.authentication = self.authentication
        return specs

    def start(self) -> None:
        """Give every node a clock, and set it now and then."""
        for node in self._world.nodes if self.authentication is not None else ():
            self._set(node, at_boot=True)
            self._run(node)

    def _set(self, node: SimNode, at_boot: bool = False) -> None:
        right = TODAY + self._rng.randint(-SECOND, SECOND)
        if self._rng.random() < 0.5:
            node.wall_us = right
        elif at_boot and self._rng.random() < 0.5:
            node.wall_us = 0
        else:
            node.wall_us = right + self._rng.choice(WRONG)
        node.look_at_clock()
        again = self._world.now + self._rng.randint(SECOND, 300 * SECOND)
        self._world.at(again, lambda: self._set(node))

    def _run(self, node: SimNode) -> None:
        node.look_at_clock()
        self._world.at(self._world.now + LOOK_EVERY, lambda: self._run(node))
