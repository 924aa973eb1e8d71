# SPDX-License-Identifier: GPL-2.0-or-later
"""What paired routers tell each other of a WireGuard interface that one of them has up."""

from haven.contract.fields import (
    DocumentError,
    Field,
    any_text,
    check_objects,
    flag,
    list_of,
    mapping,
    text,
    whole,
)
from haven.inet import octets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

MOST_TUNNELS = 32
# In one message; who has more peers sends more messages.
MOST_PEERS = 500
# Of 32 octets in base64 there are 43 letters, of which the last has two bits to spare, and a sign.
KEY_LENGTH = 44
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
HIGHEST_PORT = 65535

# How a router has it: missing is an interface that nobody has configured.
STATES = {
    "unknown": "not looked at yet",
    "missing": "there is no such interface",
    "down": "down",
    "comes": "is set up",
    "up": "up",
    "goes": "is set down",
}

TUNNEL = (
    Field("name", text),
    Field("is_up", flag),
    # The beginning of SHA-256 of the private key, empty where that is not known: the same on all routers.
    Field("key", any_text),
    # What the clock of the router says, in milliseconds since the epoch.
    Field("clock_ms", whole()),
    Field("peers", list_of(mapping)),
)

# A peer that was heard: by its public key, where, and how long ago a handshake with it was complete.
PEER = (Field("key", text), Field("endpoint", text), Field("age_s", whole()))


def check_tunnels(documents: "list[Any]") -> "list[Document]":
    """Return what a router tells of its tunnels. Raises DocumentError."""
    if len(documents) > MOST_TUNNELS:
        raise DocumentError("tunnels: more than %d" % MOST_TUNNELS)
    check_objects(documents, TUNNEL, "tunnels")
    for document in documents:
        if len(document["peers"]) > MOST_PEERS:
            raise DocumentError("tunnels: more than %d peers" % MOST_PEERS)
        check_objects(document["peers"], PEER, "tunnels: peers")
        for peer in document["peers"]:
            if not is_key(peer["key"]) or not is_endpoint(peer["endpoint"]):
                raise DocumentError("tunnels: a peer has no key or no endpoint")
    return documents


def is_key(text: str) -> bool:
    """Tell whether this is a key as WireGuard writes it: 32 octets in base64."""
    letters = text[:-1]
    good = len(text) == KEY_LENGTH and text[-1:] == "=" and all(letter in LETTERS for letter in letters)
    return good and LETTERS.index(letters[-1]) % 4 == 0


def is_endpoint(text: str) -> bool:
    """Tell whether this is an address with a port, as WireGuard writes it."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= HIGHEST_PORT):
        return False
    is_bracketed = host[:1] == "[" and host[-1:] == "]"
    # The scope of a link-local address is a device, which is another one elsewhere.
    try:
        octets = octets_of(host[1:-1] if is_bracketed else host)
    except (OSError, ValueError):
        return False
    return (len(octets) == 16) == is_bracketed
