# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN's servers: what the plan has of each, what routers tell each other of clients, what is shown."""

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
    one_of,
    text,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

UDP, TCP = PROTOCOLS = ("udp", "tcp")
# Of one message; each client has some 24 octets.
MOST_SERVERS, MOST_CLIENTS = 64, 4096

# What the agent sends in the name of a server carries it: masqueraded, no client would know it.
MARK = 0x68766E

PART = (Field("servers", list_of(mapping)),)

PLANNED = (
    Field("name", text),
    Field("group", text),
    Field("protocol", one_of(PROTOCOLS)),
    Field("port", whole(1, 65535)),
    # The virtual addresses by which clients reach it.
    Field("addresses", list_of(address)),
    # The path of its management socket.
    Field("management", text),
    # By what another process of OpenVPN's speaks as it does: its configuration file, or the section of
    # /etc/config/openvpn. Keys are in none of our documents.
    Field("file", text),
    Field("section", any_text),
)

# What an Active tells: who is connected, as "192.0.2.1:4711".
WORD = (Field("name", text), Field("clients", list_of(text)))

# What is shown of each: whether its management socket answers; its clients, or those of the Active; how many
# were called back after the last takeover.
SERVER = (
    Field("name", text),
    Field("group", text),
    Field("protocol", one_of(PROTOCOLS)),
    Field("heard", flag),
    Field("clients", whole()),
    Field("called", whole()),
)
ACCOUNT = (Field("servers", list_of(mapping)),)


def check_part(document: "Document | None") -> None:
    """Check what the part gets, where there is one. Raises DocumentError."""
    if document is not None:
        check_objects(document["servers"], PLANNED, "parts: openvpn: servers")


def check_words(words: "list[Any]") -> "list[Document]":
    """Return what a router tells of clients. Raises DocumentError."""
    if len(words) > MOST_SERVERS:
        raise DocumentError("openvpn: more than %d servers" % MOST_SERVERS)
    check_objects(words, WORD, "openvpn")
    for word in words:
        if len(word["clients"]) > MOST_CLIENTS:
            raise DocumentError("openvpn: more than %d clients" % MOST_CLIENTS)
        for client in word["clients"]:
            split_client(client)
    return words


def split_client(client: str) -> "tuple[str, int]":
    """Return the address and the port of a client. Raises DocumentError."""
    place, _colon, port = client.rpartition(":")
    is_port = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536
    if host(place) or ":" in place or not is_port:
        raise DocumentError("openvpn: %r is not an IPv4 address and a port" % client)
    return place, int(port)


def check_account(document: "Document | None") -> None:
    """Check what is shown, where something is. Raises DocumentError."""
    if document:
        check_object(document, ACCOUNT, "openvpn")
        check_objects(document["servers"], SERVER, "openvpn: servers")
