# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine tells of a device of its own: a bridge, unless it is told otherwise."""


def bridge(name: str, mac: str, address: str, **others: object) -> dict[str, object]:
    """Return the facts of a bridge with one address; `others` take the place of what a bridge has."""
    return {
        "index": 7,
        "name": name,
        "mac": mac,
        "mtu": 1500,
        "up": True,
        "hardware": 1,
        "kind": "bridge",
        "lower": 0,
        "vlan": 0,
        "vlan_filtering": False,
        "default_vlan": 1,
        "addresses": [[address, True]],
        **others,
    }
