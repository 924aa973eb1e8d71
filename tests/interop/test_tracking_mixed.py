# SPDX-License-Identifier: GPL-2.0-or-later
"""haven and keepalived go by one provider with one weight: the gateway is with whoever reaches it."""

import pytest

from tests.interop.keepalived import KeepalivedNode
from tests.interop.mixed import check_content, start, wait_holds_all
from tests.lab.network import SERVER, Network
from tests.lab.node import Node
from tests.lab.tracking_node import TrackingNode
from tests.lab.wait import holds_for, wait_until

WEIGHT = 120
# keepalived's shortest.
PACE = "interval 1\n timeout 1\n fall 2\n rise 2"
PING = f"/usr/bin/ping -c 1 -W 0.3 {SERVER}"


class TrackingKeepalived(KeepalivedNode):
    """keepalived with a track_script of that weight."""

    def config_text(self) -> str:
        """Write keepalived.conf: members of a sync group have their weights from the group."""
        script = f'vrrp_script provider {{\n script "{PING}"\n {PACE}\n weight -{WEIGHT}\n}}\nvrrp_sync_group'
        named = "{\n sync_group_tracking_weight\n track_script {\n  provider\n }\n group {"
        text = super().config_text().replace("vrrp_sync_group", script)
        return text.replace("{\n group {", named)


class TrackingHaven(TrackingNode):
    """haven with a track_host of that weight."""

    checks = (("track_host", "provider", {"address": SERVER, "weight": WEIGHT}),)


@pytest.mark.parametrize(
    "kinds",
    [(TrackingHaven, TrackingKeepalived), (TrackingKeepalived, TrackingHaven)],
    ids=["haven first", "keepalived first"],
)
def test_the_gateway_is_with_whoever_reaches_the_provider(
    network: Network, kinds: tuple[type[Node], type[Node]]
) -> None:
    first, second = (
        kind(network, name, priority=priority, preempt=True)
        for kind, name, priority in zip(kinds, ("r1", "r2"), (200, 100), strict=True)
    )
    start(first, second)
    network.lose_host("r1", "wan")
    second.wait_state("active", budget=15)
    wait_holds_all(second)
    # 80 against 1: with a weight of one's own the ranks decide, also where neither reaches it.
    network.lose_host("r2", "wan")
    first.wait_state("active", budget=15)
    second.wait_state("backup")
    holds_for(lambda: first.state() == "active", 1, "the higher rank stays")
    network.heal()
    # Whoever is the first to hear the provider again may have the gateway for a moment.
    wait_until(lambda: all(recovered(node) for node in (first, second)), 20, "both reach the provider")
    first.wait_state("active")
    second.wait_state("backup")
    wait_holds_all(first)
    check_content(first, second)


def recovered(node: Node) -> bool:
    """Tell whether a node has its own priority again."""
    if isinstance(node, TrackingNode):
        return node.check().get("state") == "up"
    changes = [line for line in node.log_text().splitlines() if "effective priority from" in line]
    return bool(changes) and changes[-1].endswith(f" to {node.gateway.priority}")
