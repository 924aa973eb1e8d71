# SPDX-License-Identifier: GPL-2.0-or-later
"""What two paired routers say to each other: one kind of message a row, and how it travels.

Over TLS 1.3, each message is its length in four octets, most significant first, and a JSON object with a
`kind`. A peer's certificate is the one that was exchanged when they were paired (haven.peers); who has none
can only join, while somebody offers.
"""

import struct

from haven.contract.fields import (
    DocumentError,
    Field,
    any_text,
    check_object,
    flag,
    host,
    list_of,
    mapping,
    octets,
    text,
    whole,
)
from haven.contract.strict_json import read_json, write_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

# 1: the first.
PROTOCOL = 1
OLDEST_PROTOCOL = 1
PORT = 3781
# Where a router that offers answers who looks for one, by UDP to all nodes of a link.
OFFER_PORT = 3783
OFFER_GROUP = "ff02::1"
LONGEST_SEARCH = 256

LONGEST_MESSAGE = 1 << 20
LONGEST_NODE = 64
MOST_PEERS = 8
MOST_ADDRESSES = 32
# Of a message; each has some 300 octets.
LEASES_AT_ONCE = 500

BEAT_EVERY_S = 1.0
# Three beats have not come.
SILENCE_S = 3.5
# From a connection to the end of its handshake and its first message.
HANDSHAKE_S = 5.0
# How long an offer is good, and how many wrong codes end it.
OFFER_S = 600.0
MOST_WRONG_CODES = 3
# Between a code that was right and the word that all is done: a person reads and decides.
DECISION_S = 900.0

# The octets of a length, and how it is written.
_LENGTH, _FORMAT = 4, ">I"

MESSAGES = {
    # Pairing, in this order: who offers, who joins, who offers, who joins, who offers.
    "offer": (Field("protocol", whole(1)), Field("version", text), Field("nonce", octets)),
    "claim": (
        Field("protocol", whole(1)),
        Field("version", text),
        Field("nonce", octets),
        Field("node", text),
        Field("certificate", text),
        Field("tag", octets),
        # Whether another name will do: this one is everybody's.
        Field("any_name", flag, optional=True),
    ),
    "grant": (
        Field("tag", octets),
        Field("node", text),
        # What who joins is called.
        Field("name", text),
        Field("addresses", list_of(host)),
        Field("peers", list_of(mapping)),
        # The packages of UCI that a router has to know to be one of this pair, as texts.
        Field("files", mapping),
    ),
    "joined": (Field("addresses", list_of(host)),),
    "paired": (),
    "refused": (Field("code", text), Field("facts", mapping), Field("error", any_text)),
    # The channel.
    "hello": (
        Field("protocol", whole(1)),
        Field("version", text),
        Field("node", text),
        Field("addresses", list_of(host)),
        # The oldest protocol that it understands.
        Field("oldest", whole(1), optional=True),
    ),
    "beat": (Field("groups", mapping), Field("in_sync", flag)),
    "ask": (Field("id", whole(0, 1 << 32)), Field("request", mapping)),
    "answer": (Field("id", whole(0, 1 << 32)), Field("answer", mapping)),
    # One configuration: what a router knows of it, and what another lacks (haven.sync).
    "summary": (Field("summary", mapping), Field("is_answer", flag)),
    "change": (Field("document", mapping),),
    # What the routers have of each WAN that one of them dials (contract/wan_words.py).
    "wan": (Field("wans", list_of(mapping)),),
    # Where the peers of each WireGuard interface were heard (contract/wireguard_words.py).
    "wireguard": (Field("tunnels", list_of(mapping)),),
    # DHCP leases that a router knows (agent/leases), or none: then it only says how many they are; and that
    # those of this number are known here, too.
    "leases": (
        Field("number", whole(0, 1 << 32)),
        Field("known", whole()),
        Field("leases", list_of(mapping)),
    ),
    # The clients of OpenVPN's servers (contract/openvpn.py), by the Active of their group.
    "openvpn": (Field("servers", list_of(mapping)),),
    # What people are to be told of (contract/notices.py), and who of them this router can tell.
    "notices": (Field("notices", list_of(mapping)), Field("sections", list_of(text))),
    "leases-kept": (Field("number", whole(0, 1 << 32)), Field("known", whole())),
    # Whom a router knows, and who is gone for good, by their fingerprints.
    "introduce": (Field("peers", list_of(mapping)), Field("gone", list_of(octets))),
    "unpair": (),
}


def incompatibility(hello: "Document", own_version: str) -> str:
    """Return which router's haven has to be upgraded before the two understand each other, empty if none."""
    version = hello["version"][:64]
    if hello["protocol"] < OLDEST_PROTOCOL:
        return "its haven %s is too old for %s here: upgrade that router" % (version, own_version)
    if (hello.get("oldest") or 1) > PROTOCOL:
        return "haven %s is too old for its %s: upgrade this router" % (own_version, version)
    return ""


class MessageError(Exception):
    """What a peer sends is not what it should be; the text says what of it."""


def encode(kind: str, **fields: "Any") -> bytes:
    """Return a message as it travels. Raises DocumentError for fields of another kind."""
    check_object(fields, MESSAGES[kind], kind)
    document: Document = {"kind": kind}
    document.update(fields)
    octets = write_json(document).encode()
    if len(octets) > LONGEST_MESSAGE:
        raise DocumentError("%s has more than %d octets" % (kind, LONGEST_MESSAGE))
    return struct.pack(_FORMAT, len(octets)) + octets


class MessageReader:
    """Puts messages together from the octets of a connection; it holds one message at the most."""

    def __init__(self) -> None:
        self._octets = b""

    def take(self, octets: bytes) -> "list[Document]":
        """Return the messages that are complete now. Raises MessageError."""
        self._octets += octets
        found = []
        while len(self._octets) >= _LENGTH:
            (length,) = struct.unpack_from(_FORMAT, self._octets)
            if length > LONGEST_MESSAGE:
                raise MessageError("a message of %d octets" % length)
            if len(self._octets) < _LENGTH + length:
                break
            found.append(read_message(self._octets[_LENGTH : _LENGTH + length]))
            self._octets = self._octets[_LENGTH + length :]
        return found


def read_message(octets: bytes) -> "Document":
    """Return a message, which is one of MESSAGES with its fields. Raises MessageError."""
    try:
        document = read_json(octets.decode())
        kind = document["kind"]
        return check_object(document, MESSAGES[kind], kind)
    except DocumentError as why:
        raise MessageError(str(why)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MessageError("not a message") from None
