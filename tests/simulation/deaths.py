# SPDX-License-Identifier: GPL-2.0-or-later
"""Deaths of an Active whose kernel is asked: how soon another serves, and what is no death."""

from haven.core.vrrp.states import ACTIVE
from haven.havend.heartbeat_place import SELDOM_US
from tests.simulation import operations
from tests.simulation.asking import HOST
from tests.simulation.invariants import Finding, can_serve
from tests.simulation.networks import Network
from tests.simulation.node import SimNode
from tests.simulation.world import SECOND

# After it a way is believed, and Backups know of each other.
LEARNT = 15 * SECOND
BEFORE_IT_IS_GIVEN_UP = 9 * SECOND // 10
# Beyond what a Backup says of itself: the way of its last question, the steps of its timers, its clock.
SLACK = SECOND // 100
# No takeover in so many intervals of a group is one by VRRP's timers.
TOO_SOON = 1.9


def power_cut(network: Network) -> None:
    """The Active of a group loses power: one other serves as soon as it has said that it would."""
    network.world.run(LEARNT)
    for group in list(network.design.groups):
        active, others = _roles(network, group)
        soonest = min([_after_us(each, group) for each in others], default=0)
        if active is None or not soonest:
            continue
        network.world.note("", f"{group}: to be taken over after {soonest / 1000:.1f} ms")
        since = network.world.now
        was_cut = _cut_before(network, group, active)
        active.power_off()
        network.world.run(soonest + SLACK)
        now_active = [each.name for each in others if each.state(group) == ACTIVE]
        if not now_active:
            raise Finding(f"{group}: nobody is Active {soonest + SLACK} us after {active.name} has died")
        network.world.run(SECOND)
        # Beside a silent link each Backup asks quickly, and two may take over: the better one stays.
        if soonest < SELDOM_US and not was_cut:
            _check_hands(network, group, since)
        for link in network.world.links.values():
            link.cuts.clear()
        active.power_on(network.specs(active))
        network.world.run(network.settling())


def _cut_before(network: Network, group: str, active: SimNode) -> bool:
    """Let one of the group's links fail some time before the power does, or none; tell which."""
    links = sorted({member[1] for member in network.design.groups[group]})
    may_cut = network.ranks_alike() or not network.design.preempt
    if len(links) == 1 or not may_cut or network.rng.random() < 0.5:
        return False
    name = network.rng.choice(links)
    network.world.note(active.name, f"{name} is cut")
    network.world.links[name].cuts.update({(active.name, None), (None, active.name)})
    network.world.run(network.rng.randint(0, BEFORE_IT_IS_GIVEN_UP))
    return True


def hang(network: Network) -> None:
    """havend of an Active stands still or dies, its kernel answers: nobody takes over before VRRP would."""
    network.world.run(LEARNT)
    group = network.rng.choice(list(network.design.groups))
    active, others = _roles(network, group)
    if active is None or not others or any(_after_us(each, group) == 0 for each in others):
        return
    quiet_us = int(TOO_SOON * network.design.shortest_interval())
    if network.rng.random() < 0.5:
        active.pause(quiet_us)
    else:
        active.kill()
    network.world.run(quiet_us)
    hasty = [each.name for each in others if each.state(group) == ACTIVE]
    if hasty:
        raise Finding(f"{group}: {hasty} took over {quiet_us} us after havend stood still")
    if not active.running:
        active.start(network.specs(active))


def cut_link(network: Network) -> None:
    """One of several links brings nothing from the Active, nor to it: that is a fault, and no death.

    Where priorities contradict each other, it may be the link that kept a better router from preempting.
    """
    if network.design.preempt and not network.ranks_alike():
        return
    network.world.run(LEARNT)
    for group, members in list(network.design.groups.items()):
        active, others = _roles(network, group)
        links = sorted({member[1] for member in members})
        if active is not None and len(links) > 1 and all(_after_us(each, group) for each in others):
            _cut_and_mend(network, group, active, network.rng.choice(links))


def _cut_and_mend(network: Network, group: str, active: SimNode, name: str) -> None:
    if network.rng.random() < 0.5:
        # A word that is taken back, before it.
        operations.stranger(network, active)
        network.world.run(network.rng.randint(0, 2 * network.design.longest_interval()))
    if active.state(group) == ACTIVE:
        network.world.note(active.name, f"{name} is cut")
        since, link = network.world.now, network.world.links[name]
        link.cuts.update({(active.name, None), (None, active.name)})
        network.world.run(10 * SECOND)
        taken = _takers(network, group, since)
        if taken:
            raise Finding(f"{group}: {taken} took over from {active.name}, whose {name} was cut")
        link.cuts.clear()
    network.world.run(network.settling())


def _roles(network: Network, group: str) -> tuple[SimNode | None, list[SimNode]]:
    """Return the Active, and the others that can serve."""
    nodes = [node for node in network.world.nodes if can_serve(node, group)]
    active = [node for node in nodes if node.state(group) == ACTIVE]
    return (active[0] if active else None), [node for node in nodes if node not in active]


def _after_us(node: SimNode, group: str) -> int:
    """Return after how long a Backup would take over by its heartbeat, as it says, or 0."""
    asking, engine = node.asking.heartbeats, node.engine
    if asking is None or engine is None:
        return 0
    HOST.node = node
    told = asking.report(engine.groups[group], node.local())
    return int(told["after_ms"] * 1000) if told["by"] == "heartbeat" else 0


def _check_hands(network: Network, group: str, since: int) -> None:
    """See that one router took over; where none asks quickly, another may come before the best."""
    taken = _takers(network, group, since)
    if len(taken) != 1:
        raise Finding(f"{group}: after one death it was taken over by {taken}")


def _takers(network: Network, group: str, since: int) -> list[str]:
    return [
        node.name
        for node in network.world.nodes
        for at, change in node.transitions
        if at > since and change.group == group and change.after == ACTIVE
    ]
