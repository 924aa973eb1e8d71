# SPDX-License-Identifier: GPL-2.0-or-later
"""How havend sets a tunnel up and down with the role, whatever becomes of the agent (contract/lending.py)."""

from typing import Any

from haven.agent.netlink_steps import device_down, device_up, route_step
from haven.agent.wireguard.wg_tool import PeerFacts

Document = dict[str, Any]

# They are set anew every two seconds.
MOST_ROUTES = 64


def make_loans(section: Document, networks: list[str]) -> list[Document]:
    """Return what the Active takes, with routes to these networks, and what everybody else does."""
    device, name = section["device"], "wireguard " + section["name"]
    routes = [route_step(device, {"target": each}, "route-add") for each in networks]
    return [
        _loan(name, section["group"], "active", [device_up(device), *routes], [device_down(device)]),
        _loan(name + " at rest", section["group"], "standby", [device_down(device)], []),
    ]


def _loan(name: str, group: str, role: str, takeover: list[Document], release: list[Document]) -> Document:
    return {
        "name": name,
        "group": group,
        "role": role,
        "is_kept": False,
        "takeover": takeover,
        "release": release,
        "announce": [],
    }


def networks_of(peers: dict[str, PeerFacts]) -> list[str]:
    """Return the networks behind the peers: not the peers themselves, and not all the world."""
    found = dict.fromkeys(each for peer in peers.values() for each in peer.networks)
    return [each for each in found if not each.endswith(("/0", "/32", "/128"))][:MOST_ROUTES]
