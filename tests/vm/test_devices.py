# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual routers on every kind of device, and sync links of every kind, go through all that can happen."""

from collections.abc import Callable

import pytest

from tests.lab.agent_node import AgentNode
from tests.lab.network import Network
from tests.lab.wiring import Wiring
from tests.machines.page import note
from tests.vm.story import Story
from tests.vm.wirings import Bonds, FilteredBridges, Macvlans, TunnelledSync, Vlans

Build = Callable[..., Network]
# Any kernel has these.
PLAIN = (Wiring, Macvlans)


@pytest.fixture(autouse=True)
def _kernel(request: pytest.FixtureRequest, filters: None) -> None:
    """Look for a kernel with the rest where the rest is asked for."""
    if request.node.callspec.params["wiring"] not in PLAIN:
        request.getfixturevalue("kernel")


class OverLan(AgentNode):
    """A node that copies connections over the LAN."""

    sync_segment = "lan"


@pytest.mark.parametrize("has_mac", [False, True], ids=["own-mac", "virtual-mac"])
@pytest.mark.parametrize("wiring", [Wiring, Vlans, FilteredBridges, Bonds, Macvlans])
def test_virtual_routers_work_on_every_kind_of_device(
    build: Build, wiring: type[Wiring], has_mac: bool
) -> None:
    told = Story(build(wiring=wiring()), virtual_mac=has_mac).run()
    mac = "yes" if has_mac else "no"
    note("devices", [wiring.kind, mac, *told])


@pytest.mark.parametrize(
    "what, wiring, kind",
    [
        ("a VLAN", Vlans, AgentNode),
        ("a WireGuard tunnel", TunnelledSync, AgentNode),
        ("the LAN", Wiring, OverLan),
    ],
)
def test_connections_are_copied_over_every_kind_of_link(
    build: Build, what: str, wiring: type[Wiring], kind: type[AgentNode]
) -> None:
    told = Story(build(wiring=wiring()), kind).run()
    note("sync", [what, *told])
