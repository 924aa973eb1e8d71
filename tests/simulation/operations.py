# SPDX-License-Identifier: GPL-2.0-or-later
"""What users and fate do to a network, each as one function of network and node."""

from collections.abc import Callable

from haven.core.events import AdvertHeard
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import PSEUDO_HEADER, multicast_group
from tests.simulation.networks import Network, virtual_addresses
from tests.simulation.node import SimNode
from tests.simulation.world import SECOND

Operation = Callable[[Network, SimNode], None]


# What a user does, and nobody shall notice where another node can serve


def switchover(network: Network, node: SimNode) -> None:
    """Hand over."""
    if node.running:
        node.switch_over()


def play_dead(network: Network, node: SimNode) -> None:
    """Rehearse a power cut."""
    if node.running:
        node.play_dead(network.rng.randint(SECOND // 10, 5 * SECOND))


def stop(network: Network, node: SimNode) -> None:
    """End havend in good order; it is started again some time later."""
    if node.running:
        node.stop()
        network.world.at(
            network.world.now + network.rng.randint(0, 20 * SECOND), lambda: _start(network, node)
        )


def _start(network: Network, node: SimNode) -> None:
    if node.powered and not node.running:
        node.start(network.specs(node))


def maintenance(network: Network, node: SimNode) -> None:
    """Begin maintenance, or end it."""
    if node.running:
        node.set_maintenance(not node.maintenance)


def provider(network: Network, node: SimNode) -> None:
    """Let a node reach the provider no more, or again."""
    node.set_reaches(not node.reaches)


def restart(network: Network, node: SimNode) -> None:
    """Kill havend; the service starts it again."""
    if node.running:
        node.kill()
        delay = network.rng.choice((20_000, 100_000, SECOND, 5 * SECOND))
        network.world.at(network.world.now + delay, lambda: _start(network, node))


def reload_priority(network: Network, node: SimNode) -> None:
    """Give a node another priority."""
    priority = network.rng.randint(1, 254)
    network.priorities[node.name] = dict.fromkeys(network.priorities[node.name], priority)
    _reload(network, node)


def reload_everywhere(network: Network, node: SimNode) -> None:
    """Change what all nodes have, and reload one after the other."""
    change = network.rng.choice(
        (
            _remove_member,
            _renumber,
            _rename_group,
            _move_member,
            _split_group,
            _reorder,
            _other_interval,
            _shorter_interval,
            _other_version,
            _toggle_preempt,
            _toggle_unicast,
            _rename_members,
        )
    )
    change(network)
    order = [node, *(each for each in network.world.nodes if each is not node)]
    # Where routers count each other, one link must not lose them one by one for longer than an Active bears.
    longest = network.design.patience_us // (2 * len(order)) if network.design.has_arbiter else 3 * SECOND
    delay = 0
    for each in order:
        network.world.at(network.world.now + delay, lambda each=each: _reload(network, each))
        delay += network.rng.randint(0, longest)


def _reload(network: Network, node: SimNode) -> None:
    if node.running and not node.stopping:
        node.reload(network.specs(node))


def _remove_member(network: Network) -> None:
    for members in network.design.groups.values():
        if len(members) > 1:
            members.pop(network.rng.randrange(len(members)))
            return


def _renumber(network: Network) -> None:
    if network.design.has_arbiter:
        # Routers with another VRID are others: whoever is renumbered is alone until the rest is, too.
        return
    for members in network.design.groups.values():
        if len(members) > 1:
            at = network.rng.randrange(len(members))
            name, link, family, vrid, version, interval = members[at]
            members[at] = (name, link, family, vrid + 10, version, interval)
            return


def _rename_group(network: Network) -> None:
    groups = network.design.groups
    name = next(iter(groups))
    groups[name + "x"] = groups.pop(name)


def _move_member(network: Network) -> None:
    groups = network.design.groups
    # Groups that two nodes hold cannot become one without a word between them.
    alone = all(
        {node.state(name) for name in groups} <= {node.state(next(iter(groups)))}
        for node in network.world.nodes
    )
    if len(groups) == 2 and alone and network.ranks_alike():
        first, second = groups.values()
        second.append(first.pop(0))
        for name in [name for name, members in groups.items() if not members]:
            del groups[name]


def _reorder(network: Network) -> None:
    for members in network.design.groups.values():
        network.rng.shuffle(members)


def _other_interval(network: Network) -> None:
    for members in network.design.groups.values():
        for at, (name, link, family, vrid, version, interval) in enumerate(members):
            factor = 2 if interval < 10 * SECOND else 1
            members[at] = (name, link, family, vrid, version, interval * factor)


def _shorter_interval(network: Network) -> None:
    for members in network.design.groups.values():
        for at, (name, link, family, vrid, version, interval) in enumerate(members):
            if version == 3 and interval > 20_000:
                members[at] = (name, link, family, vrid, version, interval // 2)


def _other_version(network: Network) -> None:
    for members in network.design.groups.values():
        for at, (name, link, family, vrid, version, interval) in enumerate(members):
            if family == 4 and interval % SECOND == 0:
                members[at] = (name, link, family, vrid, 5 - version, interval)


def _split_group(network: Network) -> None:
    groups = network.design.groups
    # Priorities that contradict each other make two holders of one: until all have reloaded, that is a gap.
    if len(groups) == 1 and network.ranks_alike():
        (members,) = groups.values()
        if len(members) > 1:
            groups["other"] = [members.pop()]


def _rename_members(network: Network) -> None:
    """Let the virtual routers exchange what they are called."""
    labels = network.design.labels
    names = list(labels.values())
    network.rng.shuffle(names)
    labels.update(zip(list(labels), names, strict=True))


def _toggle_unicast(network: Network) -> None:
    network.design.unicast = not network.design.unicast


def _toggle_preempt(network: Network) -> None:
    network.design.preempt = not network.design.preempt


def other_address(network: Network, node: SimNode) -> None:
    """Give a node another address of its own on a link."""
    if network.design.unicast:
        return
    link, family = network.rng.choice(sorted(node.addresses))
    last = max(each.addresses[(link, family)][-1] for each in network.world.nodes) + 1
    node.set_address(link, family, node.addresses[(link, family)][:-1] + bytes((last,)))


def in_sync(network: Network, node: SimNode) -> None:
    """Let the agent vouch, or not."""
    if node.running:
        node.set_in_sync(network.rng.random() < 0.5)


# What fate does


def power_cut(network: Network, node: SimNode) -> None:
    """Take a node's power, and give it back later."""
    if node.powered:
        node.power_off()
        back = network.world.now + network.rng.randint(SECOND, 30 * SECOND)
        network.world.at(back, lambda: None if node.powered else node.power_on(network.specs(node)))


def cable(network: Network, node: SimNode) -> None:
    """Pull a cable, and plug it later."""
    device = network.rng.choice(list(network.world.links))
    node.set_link(device, False)
    back = network.world.now + network.rng.randint(10_000, 20 * SECOND)
    network.world.at(back, lambda: node.set_link(device, True))


def cut(network: Network, node: SimNode) -> None:
    """Let a link carry nothing from a node, or nothing to it, or neither, for a while."""
    link = network.world.links[network.rng.choice(list(network.world.links))]
    ways = network.rng.choice(
        ([(node.name, None)], [(None, node.name)], [(node.name, None), (None, node.name)])
    )
    network.world.note(node.name, f"{link.name} is cut: {ways}")
    link.cuts.update(ways)
    back = network.world.now + network.rng.randint(10_000, 30 * SECOND)
    network.world.at(back, lambda: _mend(network, link.name, ways))


def split(network: Network, *sides: list[str]) -> None:
    """Cut every link into the same sides."""
    network.world.note("", f"every link is cut into {sides}")
    ways = {(a, b) for one in sides for a in one for other in sides for b in other if one is not other}
    for link in network.world.links.values():
        link.cuts.update(ways)


def _mend(network: Network, name: str, ways: list[tuple[str | None, str | None]]) -> None:
    network.world.note("", f"{name} is mended: {ways}")
    network.world.links[name].cuts.difference_update(ways)


def bad_link(network: Network, node: SimNode) -> None:
    """Let a link lose, delay and repeat for a while."""
    link = network.world.links[network.rng.choice(list(network.world.links))]
    interval = network.design.shortest_interval()
    link.loss = network.rng.choice((0.0, 0.05, 0.3))
    link.twice = network.rng.choice((0.0, 0.1))
    link.delay = network.rng.choice(((50, 300), (50, interval // 4), (50, interval)))
    network.world.note("", f"{link.name} loses {link.loss}, delays {link.delay}")
    network.world.at(network.world.now + network.rng.randint(SECOND, 20 * SECOND), link.calm)


def mute(network: Network, node: SimNode) -> None:
    """Let a link take nothing from a node for a while, although it has a carrier."""
    link = network.world.links[network.rng.choice(list(network.world.links))]
    network.world.note(node.name, f"{link.name} takes nothing")
    link.mute.add(node.name)
    back = network.world.now + network.rng.randint(10_000, 30 * SECOND)
    network.world.at(back, lambda: link.mute.discard(node.name))


def pause(network: Network, node: SimNode) -> None:
    """Let a process stand still."""
    if node.running:
        interval = network.design.longest_interval()
        node.pause(int(interval * network.rng.choice((0.3, 1.0, 2.9, 3.2, 3.9, 5.0, 12.0))))


def starve(network: Network, node: SimNode) -> None:
    """Let several processes stand still at once, as on machines of one hypervisor without time for them."""
    duration = int(network.design.longest_interval() * network.rng.choice((1.0, 3.2, 5.0, 12.0)))
    for each in network.world.nodes:
        if each.running and (each is node or network.rng.random() < 0.7):
            each.pause(duration + network.rng.randint(0, 50_000))


def stranger(network: Network, node: SimNode) -> None:
    """Let somebody say a word or two that are not of this pair: any priority, any interval."""
    group = network.rng.choice(list(network.design.groups.values()))
    name, device, family, vrid, version, _interval = network.rng.choice(group)
    if network.design.unicast or version == 2:
        return
    source = network.world.nodes[0].address(device, family)[:-1] + bytes((network.rng.choice((0, 200)),))
    priority = network.rng.choice((0, 1, 100, 254))
    interval = network.rng.choice((10_000, SECOND, 40_950_000))
    advert = Advert(3, vrid, priority, interval, virtual_addresses(family, name), None, PSEUDO_HEADER)
    to = multicast_group(family)
    heard = AdvertHeard(device, family, source, to, 255, encode(advert, source, to))
    network.world.note("", f"a stranger says {priority}, {interval / SECOND} s on {device}")
    for _ in range(network.rng.randint(1, 2)):
        for each in network.world.nodes:
            each.receive(heard)


PLANNED: tuple[Operation, ...] = (
    switchover,
    stop,
    maintenance,
    reload_everywhere,
    reload_everywhere,
    reload_priority,
    other_address,
    in_sync,
    provider,
)
ACCIDENTS: tuple[Operation, ...] = (
    power_cut,
    play_dead,
    cable,
    cut,
    bad_link,
    mute,
    pause,
    starve,
    restart,
    stranger,
    provider,
)
