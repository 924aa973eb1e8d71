# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent lends to havend: steps for a group beside those of its virtual routers.

A plan is made of the configuration; what a router learns while it runs, such as the lease of a WAN, comes
this way, long before it is needed.
"""

from haven.contract.fields import (
    DocumentError,
    Field,
    address,
    check_object,
    check_objects,
    flag,
    list_of,
    mapping,
    one_of,
    text,
)
from haven.contract.plan import Step, check_step
from haven.core.value import Value
from haven.inet import octets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Two of each tunnel, one of each WAN and of each group's way out; nobody has so many.
MOST_LOANS = 128

LOAN = (
    Field("name", text),
    Field("group", text),
    # Whether it belongs to the Active, or to everybody else.
    Field("role", one_of(("active", "standby"))),
    # Somebody else sees to it on this node by now: it is given up with the group, but not renewed.
    Field("is_kept", flag),
    Field("takeover", list_of(mapping)),
    Field("release", list_of(mapping)),
    Field("announce", list_of(mapping)),
)

# An address that a link is told of; `ask` is a neighbour who is asked for its own address besides.
ANNOUNCEMENT = (Field("device", text), Field("address", address), Field("ask", address, optional=True))


class Loan(Value):
    """What a group takes besides, and how it is given up."""

    def __init__(self, document: "dict[str, Any]") -> None:
        self.name = document["name"]
        self.group = document["group"]
        self.is_of_active = document["role"] == "active"
        self.is_kept = document["is_kept"]
        self.takeover = tuple([Step(each) for each in document["takeover"]])
        self.release = tuple([Step(each) for each in document["release"]])
        self.announce = tuple(
            [(each["device"], octets_of(each["address"]), _asked(each)) for each in document["announce"]]
        )


def _asked(document: "dict[str, Any]") -> "bytes | None":
    return octets_of(document["ask"]) if document.get("ask") else None


def read_loans(documents: "list[Any]") -> "list[Loan]":
    """Return the loans in a request. Raises DocumentError."""
    if len(documents) > MOST_LOANS:
        raise DocumentError("loans: more than %d" % MOST_LOANS)
    for index, document in enumerate(documents):
        where = "loans[%d]" % index
        check_object(document, LOAN, where)
        check_objects(document["announce"], ANNOUNCEMENT, "%s: announce" % where)
        for stage in ("takeover", "release"):
            for step in document[stage]:
                check_step(step, "%s: %s" % (where, stage))
    loans = [Loan(each) for each in documents]
    if len({each.name for each in loans}) != len(loans):
        raise DocumentError("loans: a name stands there twice")
    return loans
