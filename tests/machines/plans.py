# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans of one configuration for one machine of each byte order: the same, whichever processor makes them.

`python -m tests.machines.plans` prints a checksum of each.
"""

import hashlib
import json
import tempfile
from pathlib import Path

from haven.plan.other_machine import make_plan_for
from tests.machines.device_facts import bridge

CONFIG = """
config haven 'main'
	option enabled '1'

config group 'gateway'
	option preempt '1'
	list witness '192.168.1.9'

config virtual_router 'lan'
	option group 'gateway'
	option interface 'lan'
	option vrid '10'
	option virtual_mac '1'
	option accept '0'
	list address '192.168.1.1/24'
	list route '10.9.0.0/16 via 192.168.1.9'

config virtual_router 'lan6'
	option group 'gateway'
	option interface 'lan'
	option vrid '10'
	option virtual_mac '1'
	list address 'fe80::10/64'
	list address '2001:db8::1/64'

config virtual_router 'guests'
	option group 'gateway'
	option device 'br-far.20'
	option vrid '20'
	list address '192.168.20.1/24'
"""
BRIDGE = bridge("br-far", "020000000101", "192.168.1.2", vlan_filtering=True)
VLAN = {
    **BRIDGE,
    "index": 1 << 20,
    "name": "br-far.20",
    "kind": "vlan",
    "lower": 7,
    "vlan": 20,
    "addresses": [],
}
ORDERS = ("little", "big")


def plan_for(order: str) -> dict[str, object]:
    """Compile the configuration for a machine of this byte order."""
    facts = {
        "version": 1,
        "node": "far",
        "byte_order": order,
        "devices": [BRIDGE, VLAN],
        "interfaces": {"lan": "br-far"},
    }
    with tempfile.TemporaryDirectory() as folder:
        config, told = Path(folder, "haven"), Path(folder, "facts")
        config.write_text(CONFIG)
        told.write_text(json.dumps(facts))
        plan, problems = make_plan_for(str(told), str(config))
    assert plan is not None and not problems, problems
    return {**plan, "config": ""}


def checksums() -> list[str]:
    """Return a checksum of the plan for each byte order."""
    texts = [json.dumps(plan_for(order), sort_keys=True) for order in ORDERS]
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


if __name__ == "__main__":
    print(*checksums())
