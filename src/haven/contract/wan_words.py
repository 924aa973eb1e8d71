# SPDX-License-Identifier: GPL-2.0-or-later
"""What paired routers tell each other of a WAN that one of them has dialled."""

from haven.contract.fields import (
    DocumentError,
    Field,
    address,
    any_text,
    check_object,
    check_objects,
    flag,
    host,
    list_of,
    mapping,
    octets,
    one_of,
    text,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

MOST_WANS = 16
# A lease has a few of each; who sends more sends rubbish.
MOST_ITEMS = 64

# unknown: netifd has not been asked yet. missing: netifd has no such interface. waits: until the other router
# is down. clears: the session that a dead router has left. dials, up, stops: by netifd.
STATES = {
    "unknown": "not looked at yet",
    "missing": "there is no such interface",
    "down": "is down",
    "waits": "waits until {waits_for} is down",
    "clears": "ends the session that the other router left",
    "dials": "dials",
    "up": "is up",
    "stops": "is taken down",
}

# A lease as the router has it that holds it; `left_s` is the rest of its time, null where nobody says.
LEASE = (
    Field("addresses", list_of(address)),
    Field("prefixes", list_of(address)),
    Field("routes", list_of(mapping)),
    Field("dns", list_of(host)),
    Field("left_s", whole(), nullable=True),
)
ROUTE = (
    Field("target", address),
    Field("via", host, optional=True),
    Field("metric", whole(0, (1 << 32) - 1), optional=True),
)

# A PPPoE session (RFC 2516): its number, and the MAC addresses of the access concentrator and of the router.
SESSION = (Field("id", whole(1, 0xFFFF)), Field("peer_mac", octets), Field("mac", octets))

WAN = (
    Field("name", text),
    Field("state", one_of(tuple(STATES))),
    # Whether a client may be at work there.
    Field("is_started", flag),
    # A number that grows with each change of role, and those that were heard of the others last.
    Field("turn", whole()),
    Field("seen", list_of(whole())),
    # What has to be the same on both routers, each as text, by its name.
    Field("identity", mapping),
    Field("lease", mapping, nullable=True),
    Field("session", mapping, nullable=True),
)

MAC_LENGTH = 6


def check_wans(documents: "list[Any]") -> "list[Document]":
    """Return what a router tells of its WANs. Raises DocumentError."""
    if len(documents) > MOST_WANS:
        raise DocumentError("wans: more than %d" % MOST_WANS)
    check_objects(documents, WAN, "wans")
    for document in documents:
        if len(document["seen"]) > MOST_ITEMS:
            raise DocumentError("wans: seen is longer than %d" % MOST_ITEMS)
        _check_identity(document["identity"])
        if document.get("lease"):
            check_lease(document["lease"])
        if document.get("session"):
            check_session(document["session"])
    return documents


def _check_identity(identity: "Document") -> None:
    if len(identity) > MOST_ITEMS or any(any_text(identity[key]) for key in identity):
        raise DocumentError("wans: identity is not a table of texts")


def check_lease(lease: "Any") -> "Document":
    """Return a lease. Raises DocumentError."""
    check_object(lease, LEASE, "lease")
    check_objects(lease["routes"], ROUTE, "lease: routes")
    if any(len(lease[key]) > MOST_ITEMS for key in ("addresses", "prefixes", "routes", "dns")):
        raise DocumentError("lease: more than %d of a kind" % MOST_ITEMS)
    return lease  # type: ignore[no-any-return]


def check_session(session: "Any") -> "Document":
    """Return a session. Raises DocumentError."""
    check_object(session, SESSION, "session")
    for key in ("peer_mac", "mac"):
        if len(bytes.fromhex(session[key])) != MAC_LENGTH:
            raise DocumentError("session: %s is not a MAC address" % key)
    return session  # type: ignore[no-any-return]
