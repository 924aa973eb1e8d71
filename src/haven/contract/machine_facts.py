# SPDX-License-Identifier: GPL-2.0-or-later
"""What `havend-micro --facts` says of its machine, and `haven plan --machine` compiles a plan from."""

from haven.contract.fields import (
    Field,
    any_text,
    check_object,
    check_objects,
    flag,
    list_of,
    mapping,
    octets,
    one_of,
    pair_of,
    text,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
# More than 250 devices with 250 addresses each have.
LONGEST = 8 << 20

FACTS = (
    Field("version", one_of((VERSION,))),
    Field("node", text),
    # A plan has the kernel's messages, whose numbers are written in the machine's own order.
    Field("byte_order", one_of(("little", "big"))),
    Field("devices", list_of(mapping)),
    # The device of each of netifd's interfaces.
    Field("interfaces", mapping),
)

DEVICE = (
    Field("index", whole(1)),
    Field("name", text),
    Field("mac", octets),
    Field("mtu", whole()),
    Field("up", flag),
    Field("hardware", whole()),
    Field("kind", any_text),
    Field("lower", whole()),
    Field("vlan", whole()),
    Field("vlan_filtering", flag),
    Field("default_vlan", whole()),
    # [address, whether it has no lifetime]
    Field("addresses", list_of(pair_of(str, bool))),
)


def check_facts(document: "Any") -> "dict[str, Any]":
    """Return a document that tells the facts of a machine. Raises DocumentError."""
    found = check_object(document, FACTS, "the facts")
    check_objects(found["devices"], DEVICE, "devices")
    return found
