# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold in a network that nothing has disturbed for a while."""

from haven.core.vrrp.constants import LOWEST_PRIORITY, OWNER_PRIORITY
from haven.core.vrrp.states import ACTIVE
from tests.simulation.networks import Network
from tests.simulation.node import SimNode
from tests.simulation.world import SECOND

# Longer than announce_refresh.
REFRESH = 62 * SECOND


class Finding(AssertionError):
    """Something that must not be."""


def check_settled(network: Network) -> None:
    """See that each group has one Active, which holds all, is known to the hosts, and ranks as it should."""
    _let_hosts_hear(network)
    for group in network.design.groups:
        candidates = [node for node in network.world.nodes if can_serve(node, group)]
        active = [node for node in candidates if node.state(group) == ACTIVE]
        if candidates and len(active) != 1:
            raise Finding(f"{group}: Active are {[node.name for node in active]}")
        if active:
            _check_holder(network, group, active[0])
            _check_rank(network, group, active[0], candidates)
            _check_relieved(group, active[0], candidates)


def check_side(network: Network, nodes: list[SimNode], serves: bool) -> None:
    """See that one side of a cut has one Active, or none, as it is the one that serves or not."""
    for group in network.design.groups:
        active = [node.name for node in nodes if node.state(group) == ACTIVE]
        wanted = 1 if serves and any(can_serve(node, group) for node in nodes) else 0
        if len(active) != wanted:
            side = [node.name for node in nodes]
            raise Finding(f"{group}: of the side {side} the Active are {active}, not {wanted}")


def check_not_mute(network: Network, mute: SimNode, link: str) -> None:
    """See that nobody serves whose link takes nothing, where another is well."""
    for group, members in network.design.groups.items():
        others = [node for node in network.world.nodes if node is not mute and can_serve(node, group)]
        well = [node for node in _better(others, group) if not _is_lowered(node, group)]
        if well and any(member[1] == link for member in members) and mute.state(group) == ACTIVE:
            raise Finding(f"{group}: {mute.name} is Active, whose {link} takes nothing")


def can_serve(node: SimNode, group: str) -> bool:
    """Tell whether a node has a group and nothing the matter with it."""
    if not node.running or node.stopping:
        return False
    assert node.engine is not None
    found = node.engine.groups.get(group)
    return found is not None and not found.faults


def _let_hosts_hear(network: Network) -> None:
    """Wait where an Active cannot know that hosts need its announcement; it may be another one by then."""
    for group in network.design.groups:
        wrong = [
            place
            for node in network.world.nodes
            for place in _places(node, group)
            if node.state(group) == ACTIVE and _believed(network, place) != node.name
        ]
        if wrong and _is_unknowable(network, group):
            network.world.run(REFRESH)


def _places(node: SimNode, group: str) -> list[tuple[str, bytes]]:
    found = node.engine.groups.get(group) if node.engine is not None else None
    members = found.members if found is not None else ()
    return [(member.spec.device, address) for member in members for address in member.spec.addresses]


def _believed(network: Network, place: tuple[str, bytes]) -> str | None:
    return network.world.links[place[0]].believed.get(place[1])


def _check_holder(network: Network, group: str, active: SimNode) -> None:
    for place in _places(active, group):
        if network.world.holders(place) != [active.name]:
            raise Finding(f"{place} is held by {network.world.holders(place)}, {active.name} is Active")
        if _believed(network, place) != active.name:
            believed = _believed(network, place)
            raise Finding(f"hosts on {place[0]} believe {believed}, {active.name} is Active")


def _is_unknowable(network: Network, group: str) -> bool:
    """Tell whether announcements were lost and nothing since has told the Active that hosts may be wrong."""
    return network.world.last_lost_announcement > network.world.last_yield.get(group, -1)


def _check_rank(network: Network, group: str, active: SimNode, candidates: list[SimNode]) -> None:
    """With preempt the node of the highest priority serves, unless it was asked not to."""
    if not network.design.preempt:
        return
    ranks = {node.name: _rank(node, group) for node in candidates}
    alike = all(len(set(each)) == 1 for each in ranks.values())
    willing = [each for each in candidates if not each.maintenance and not _barred(each, group, network)]
    if alike and willing and max(ranks[node.name][0] for node in willing) > ranks[active.name][0]:
        raise Finding(f"{group}: {active.name} is Active, priorities {ranks}")


def _check_relieved(group: str, active: SimNode, candidates: list[SimNode]) -> None:
    """An Active at priority 1 is one for want of a better; of several at 1 it may be any."""
    well = [node for node in _better(candidates, group) if not _is_lowered(node, group)]
    if max(_rank(active, group)) == LOWEST_PRIORITY and well:
        raise Finding(
            f"{group}: {active.name} is Active at priority 1, {[node.name for node in well]} are well"
        )


def _better(nodes: list[SimNode], group: str) -> list[SimNode]:
    """Return those that relieve a router at priority 1: one that is given this priority does not."""
    return [node for node in nodes if not node.maintenance and min(_rank(node, group)) > LOWEST_PRIORITY]


def _is_lowered(node: SimNode, group: str) -> bool:
    assert node.engine is not None
    return bool(node.engine.groups[group].penalty)


def _rank(node: SimNode, group: str) -> list[int]:
    assert node.engine is not None
    return [member.priority for member in node.engine.groups[group].members]


def _barred(node: SimNode, group: str, network: Network) -> bool:
    assert node.engine is not None
    preemption = node.engine.groups[group].preemption
    return preemption.barred or preemption.hold_back.left(node.local()) > 0


def _waits_to_preempt(network: Network) -> bool:
    return any(
        group.preemption.hold_back.left(node.local())
        for node in network.world.nodes
        if node.engine is not None
        for group in node.engine.groups.values()
    )


def check_quiet(network: Network) -> None:
    """See that for a while no group changes its state, unless somebody waits to preempt."""
    if _waits_to_preempt(network):
        return
    since = network.world.now
    network.world.run(12 * network.design.longest_interval() + 12 * SECOND)
    moved = [
        (node.name, change.group, change.after)
        for node in network.world.nodes
        for at, change in node.transitions
        if at > since
    ]
    if moved:
        raise Finding(f"nothing happens, and yet: {moved[:6]}")


def owner(network: Network) -> bool:
    """Tell whether any node owns its addresses."""
    return any(OWNER_PRIORITY in each.values() for each in network.priorities.values())
