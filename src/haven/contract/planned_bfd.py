# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plan has of BFD sessions, and what the status tells of them."""

from haven.contract.fields import (
    DocumentError,
    Field,
    address,
    check_objects,
    list_of,
    mapping,
    number,
    one_of,
    text,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The fields of a packet hold so many microseconds.
_INTERVAL = whole(1, 0xFFFFFFFF)

PLANNED_SESSION = (
    Field("name", text),
    Field("device", text),
    Field("address", address),
    Field("min_tx_us", _INTERVAL),
    Field("min_rx_us", _INTERVAL),
    Field("multiplier", whole(1, 255)),
    Field("virtual_routers", list_of(text)),
)

SESSION_STATES = ("AdminDown", "Down", "Init", "Up")

# `detection_ms` is null until the peer has been heard; a diagnostic is RFC 5880's number.
TOLD_SESSION = (
    Field("name", text),
    Field("device", text),
    Field("address", text),
    Field("virtual_routers", list_of(text)),
    Field("state", one_of(SESSION_STATES)),
    Field("for_s", number),
    Field("diagnostic", whole(0, 31)),
    Field("peer_state", one_of(SESSION_STATES)),
    Field("peer_diagnostic", whole(0, 31)),
    Field("detection_ms", number, nullable=True),
    Field("transmit_ms", number),
    Field("sent", whole()),
    Field("received", whole()),
    Field("errors", mapping),
)


def check_planned_sessions(documents: "list[dict[str, Any]]") -> None:
    """Check the sessions of a plan. Raises DocumentError."""
    check_objects(documents, PLANNED_SESSION, "bfd")
    places = {(each["device"], each["address"]) for each in documents}
    names = {each["name"] for each in documents}
    if len(places) != len(documents) or len(names) != len(documents):
        raise DocumentError("bfd: a name or a peer stands there twice")
