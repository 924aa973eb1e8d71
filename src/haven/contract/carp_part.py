# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual router speaks CARP by, in the plan: most speak VRRP, and then nothing more is loaded.

`hashed` are the addresses that the digest covers: those of both families that have the VHID.
"""

from haven.contract.fields import DocumentError, Field, address, check_object, flag, list_of, whole
from haven.core.spec import RouterSpec
from haven.inet import octets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

PLANNED = (
    Field("advskew", whole(0, 254)),
    Field("hashed", list_of(address)),
    Field("broadcast", flag),
)


def check_carp(document: "Document", where: str) -> None:
    """Raise DocumentError where what a virtual router speaks CARP by is not what it has to be."""
    found = document.get("carp")
    if found is None:
        return
    check_object(found, PLANNED, "%s: carp" % where)
    if document["version"] != 2 or document.get("auth") is None or not found["hashed"]:
        raise DocumentError("%s: carp is without a password, addresses, or its version" % where)


def spec_class(document: "Document") -> "tuple[type, Document]":
    """Return what the engine is told of a virtual router with, and the settings that are CARP's."""
    found = document.get("carp")
    if found is None:
        return RouterSpec, {}
    from haven.core.carp.carp_spec import CarpSpec

    hashed = tuple([octets_of(each.split("/")[0]) for each in found["hashed"]])
    return CarpSpec, {"advskew": found["advskew"], "broadcast": found["broadcast"], "hashed": hashed}
