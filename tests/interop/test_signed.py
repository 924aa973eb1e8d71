# SPDX-License-Identifier: GPL-2.0-or-later
"""haven and a keepalived that signs: the same octets, either role, and keys that come while both serve.

Debian's keepalived is too old. HAVEN_KEEPALIVED names one of 2.4.2 or later; without it this is not shown.
"""

import os
import signal

import pytest

from tests.interop.keepalived import NEWER, KeepalivedNode
from tests.interop.mixed import ROLES, Roles, check_content, mixed, wait_holds_all
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.signed_pair import turns
from tests.lab.wait import holds_for, wait_until

SETTLED_S = 2
KEY = "7:hex:" + "5a" * 32
NEW_KEY = "8:abcdefghijklmnopqrstuvwxyz0123456789"
VARIANTS = {
    "IPv4 and IPv6": {"families": (4, 6)},
    "unicast": {"families": (4, 6), "unicast": True, "unicast_hops": 191},
    "version 2": {"version": 2, "interval_ms": 1000},
    "by order alone": {"more": {"auth_key": KEY, "auth_replay": "monotonic"}},
}

pytestmark = pytest.mark.skipif(
    NEWER not in os.environ,
    reason=f"NOT SHOWN: signatures against keepalived; {NEWER} names no keepalived of 2.4.2 or later",
)


def verified(node: Node) -> int:
    """Tell how many good signatures haven has heard, of the virtual router that heard least."""
    assert isinstance(node, HavenNode)
    return min(each["authentication"]["verified"] for each in node.status()["virtual_routers"])


def haven_of(*nodes: Node) -> HavenNode:
    return next(node for node in nodes if isinstance(node, HavenNode))


@pytest.mark.parametrize("roles", ROLES.values(), ids=ROLES.keys())
@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS.keys())
def test_a_signed_gateway_moves_to_the_other_and_back(network: Network, roles: Roles, options: dict) -> None:
    first, second = mixed(network, roles, preempt=True, **{"more": {"auth_key": KEY}, **options})
    first.stop()
    second.wait_state("active")
    wait_holds_all(second)
    first.start().wait_state("active")
    second.wait_state("backup")
    wait_holds_all(first)
    assert verified(haven_of(first, second)) > 0
    check_content(first, second)


def reconfigure(node: Node, **more: str) -> None:
    """Give a node other options while it runs."""
    node.configure(more=more)
    if isinstance(node, HavenNode):
        node.cli("reload")
    else:
        assert node.process is not None
        node.process.send_signal(signal.SIGHUP)


class ReloadedKeepalived(KeepalivedNode):
    """One without real-time priority: 2.4.3 has no limit for it after a reload, and is killed."""

    real_time = ""


@pytest.mark.parametrize("roles", [(HavenNode, ReloadedKeepalived), (ReloadedKeepalived, HavenNode)])
def test_keys_come_and_change_while_both_serve(network: Network, roles: Roles) -> None:
    # keepalived's binary is chosen by the key that it begins with; receive-only says nothing.
    nodes = mixed(network, roles, interval_ms=1000, more={"auth_key": KEY, "auth_mode": "receive"})
    haven = haven_of(*nodes)
    before = turns(haven)
    steps = (
        {"auth_key": KEY, "auth_mode": "permissive"},
        {"auth_key": KEY},
        {"auth_key": KEY, "auth_key_other": NEW_KEY},
        {"auth_key": NEW_KEY, "auth_key_other": KEY},
        {"auth_key": NEW_KEY},
    )
    for step in steps:
        for node in reversed(nodes):
            reconfigure(node, **step)
            # keepalived does not say when it has taken a configuration.
            roles_stay = lambda: [each.state() for each in nodes] == ["active", "backup"]  # noqa: E731
            holds_for(roles_stay, SETTLED_S, f"{step}")
    assert turns(haven) == before and not any(errors(haven).values())
    if haven is nodes[1]:
        assert haven.virtual_router("lan")["authentication"]["heard_key_id"] == 8


def errors(haven: HavenNode) -> dict[str, int]:
    """Count what was refused, by its reason."""
    return haven.virtual_router("lan")["counters"]["errors"]


def test_another_key_is_refused_by_both_and_named(network: Network) -> None:
    first, second = HavenNode(network, "r1", more={"auth_key": KEY}), KeepalivedNode(network, "r2")
    second.configure(more={"auth_key": "7:hex:" + "77" * 32})
    first.start().wait_state("active")
    second.start().wait_state("active")
    wait_until(lambda: "dropped-auth_hash" in [each["code"] for each in first.problems()], 5, "haven says so")
    said = [each for each in first.events() if "not signed with our key" in each["text"]]
    assert len(said) == 2, "one for each virtual router"
    wait_until(lambda: "invalid authentication HMAC" in second.log_text(), 5, "keepalived says so")
