# SPDX-License-Identifier: GPL-2.0-or-later
"""One network's life by its seed: it starts, things happen to it one by one or all at once; it settles."""

from tests.simulation import deaths, operations
from tests.simulation.invariants import (
    Finding,
    can_serve,
    check_not_mute,
    check_quiet,
    check_settled,
    check_side,
)
from tests.simulation.networks import Network
from tests.simulation.world import SECOND, WITNESS

# Longer than anything that an operation does later by itself.
AFTERMATH = 32 * SECOND
# Nobody holds an address for so long at the most while a user does what is planned.
NOTICED = SECOND // 50


def play(seed: int) -> int:
    """Play one network; return the simulated time. Raises Finding with the story."""
    network = Network(seed)
    try:
        network.start()
        check_settled(network)
        check_quiet(network)
        stories = (_planned, _accident, _storm, _mute) + ((_split,) if network.design.has_arbiter else ())
        for _chapter in range(network.rng.randint(1, 4)):
            network.rng.choice(stories)(network)
        if network.askers.has_any:
            for chapter in (deaths.power_cut, deaths.hang, deaths.cut_link):
                chapter(network)
                _settle(network)
    except AssertionError as found:
        raise Finding(
            f"seed {seed}: {found}\n{network.world.story(network.world.now - 200 * SECOND)}"
        ) from found
    return network.world.now


def _planned(network: Network) -> None:
    """Something that a user does while all is well: hosts must not notice."""
    operation = network.rng.choice(operations.PLANNED)
    node = network.rng.choice(network.world.nodes)
    network.world.run(network.rng.randint(0, network.design.longest_interval()))
    network.world.forget_bare()
    operation(network, node)
    network.world.run(AFTERMATH + network.settling())
    _check_unnoticed(network, operation.__name__)
    _end_maintenance(network)
    _settle(network)


def _check_unnoticed(network: Network, what: str) -> None:
    world = network.world
    if any(sum(can_serve(node, group) for node in world.nodes) < 2 for group in network.design.groups):
        return
    for place in set.intersection(*[node.places() for node in world.nodes]):
        gap = world.longest_bare(place)
        if gap > NOTICED:
            raise Finding(f"{what}: nobody held {place} for {gap / SECOND:.3f} s")


def _accident(network: Network) -> None:
    operation = network.rng.choice(operations.ACCIDENTS)
    operation(network, network.rng.choice(network.world.nodes))
    network.world.run(AFTERMATH)
    _settle(network)


def _storm(network: Network) -> None:
    """Many things at once; then everything is put right."""
    everything = operations.PLANNED + operations.ACCIDENTS
    for _ in range(network.rng.randint(2, 8)):
        network.rng.choice(everything)(network, network.rng.choice(network.world.nodes))
        network.world.run(network.rng.randint(0, 4 * network.design.longest_interval()))
    network.world.run(AFTERMATH)
    _end_maintenance(network)
    _settle(network)


def _mute(network: Network) -> None:
    """A link takes nothing from a node: of those that can serve it is the last.

    With keys that cannot be seen: whoever loses the others' time asks for it, and here nothing gets out.
    """
    node, link = network.rng.choice(network.world.nodes), network.rng.choice(sorted(network.world.links))
    network.world.note(node.name, f"{link} takes nothing any more")
    network.world.links[link].mute.add(node.name)
    network.world.run(AFTERMATH + network.settling())
    if network.clocks.authentication is None:
        check_not_mute(network, node, link)
    _settle(network)


def _split(network: Network) -> None:
    """Every link is cut into the same two sides, with the witness on one; only that side serves."""
    names = [node.name for node in network.world.nodes]
    network.rng.shuffle(names)
    sides = [names[: (at := network.rng.randint(0, len(names)))], names[at:]]
    by_witness = len(names) == 2
    if by_witness:
        network.rng.choice(sides).append(WITNESS)
    network.world.run(network.rng.randint(0, network.design.longest_interval()))
    operations.split(network, *sides)
    network.world.run(AFTERMATH + network.settling())
    for side in sides:
        nodes = [node for node in network.world.nodes if node.name in side]
        # Routers that hear each other need no witness.
        serves = 2 * len(nodes) > len(names) or (by_witness and WITNESS in side)
        check_side(network, nodes, serves)
    check_quiet(network)
    for link in network.world.links.values():
        link.calm()
    _settle(network)


def _end_maintenance(network: Network) -> None:
    for node in network.world.nodes:
        if node.maintenance and node.running:
            node.set_maintenance(False)


def _settle(network: Network) -> None:
    for link in network.world.links.values():
        link.calm()
    for node in network.world.nodes:
        for device in sorted(node.down):
            node.set_link(device, True)
        if not node.powered:
            node.power_on(network.specs(node))
        elif not node.running:
            node.start(network.specs(node))
    network.world.run(network.settling())
    check_settled(network)
    check_quiet(network)
