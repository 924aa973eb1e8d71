# SPDX-License-Identifier: GPL-2.0-or-later
"""Deaths of an Active whose kernel is asked: how soon another serves, and what is no death."""

from haven.core.vrrp.states import ACTIVE
from tests.simulation.asking import HOST
from tests.simulation.invariants import Finding, can_serve
from tests.simulation.networks import Network
from tests.simulation.node import SimNode
from tests.simulation.world import SECOND

# After it a way is believed, and Backups know of each other.
LEARNT = 15 * SECOND
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
        active.power_off()
        network.world.run(soonest + SLACK)
        now_active = [each.name for each in others if each.state(group) == ACTIVE]
        if not now_active:
            raise Finding(f"{group}: nobody is Active {soonest + SLACK} us after {active.name} has died")
        network.world.run(SECOND)
        _check_hands(network, group, since)
        active.power_on(network.specs(active))
        network.world.run(network.settling())


def hang(network: Network) -> None:
    """havend of an Active stands still or dies, its kernel answers: nobody takes over before VRRP would."""
    network.world.run(LEARNT)
    group = network.rng.choice(list(network.design.groups))
    active, others = _roles(network, group)
    if active is None or not others or any(_after_us(each, group) == 0 for each in others):
        return
    quiet_us = int(TOO_SOON * network.design.shortest_interval())
    since = network.world.now
    if network.rng.random() < 0.5:
        active.pause(quiet_us)
    else:
        active.kill()
    network.world.run(quiet_us)
    hasty = [each.name for each in others if each.state(group) == ACTIVE]
    if hasty:
        raise Finding(f"{group}: {hasty} took over {network.world.now - since} us after havend stood still")
    if not active.running:
        active.start(network.specs(active))


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
    taken = [
        node.name
        for node in network.world.nodes
        for at, change in node.transitions
        if at > since and change.group == group and change.after == ACTIVE
    ]
    if len(taken) != 1:
        raise Finding(f"{group}: after one death it was taken over by {taken}")
