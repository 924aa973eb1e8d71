# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking for a router that offers, on every link: by IPv6's own addresses, which two routers never share."""

import json
import select
import socket
import time
from collections.abc import Iterable

from haven.contract.channel import LONGEST_SEARCH, OFFER_GROUP, OFFER_PORT
from haven.contract.strict_json import read_json
from haven.light import suppress
from haven.peers.own_devices import ipv4_of
from haven.peers.store import is_node_name

WAIT_S = 1.5
AGAIN_S = 0.3
MOST_FOUND = 32
SEARCH = json.dumps({"haven": 1, "search": True}).encode()


def is_search(octets: bytes) -> bool:
    """Tell whether somebody looks for a router that offers."""
    return _field(octets, "search") is True


def offers() -> dict[str, str]:
    """Return the names of the routers that offer, by the addresses at which they can be joined."""
    found: dict[str, str] = {}
    if not socket.has_dualstack_ipv6():
        # A kernel without IPv6: the address has to be typed.
        return found
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as looking:
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end and len(found) < MOST_FOUND:
            _ask_all(looking)
            _take_answers(looking, min(end, time.monotonic() + AGAIN_S), found)
    return found


def best_first(addresses: Iterable[str]) -> list[str]:
    """Return the addresses of one router: that of a cable which is used for nothing yet comes first.

    It is the one between the two.
    """
    return sorted(addresses, key=lambda address: (bool(ipv4_of(address.partition("%")[2])), address))


def _ask_all(looking: socket.socket) -> None:
    for index, name in socket.if_nameindex():
        if name != "lo":
            # A device without IPv6, or one that is down.
            with suppress(OSError):
                looking.sendto(SEARCH, (OFFER_GROUP, OFFER_PORT, 0, index))


def _take_answers(looking: socket.socket, until: float, found: dict[str, str]) -> None:
    while (left := until - time.monotonic()) > 0:
        if not select.select([looking], [], [], left)[0]:
            return
        octets, place = looking.recvfrom(LONGEST_SEARCH)
        node = _field(octets, "offer")
        # Nobody beyond the link answers.
        if place[0].startswith("fe80") and is_node_name(node) and len(found) < MOST_FOUND:
            with suppress(OSError):
                found[f"{place[0].partition('%')[0]}%{socket.if_indextoname(place[3])}"] = str(node)


def _field(octets: bytes, name: str) -> object:
    try:
        document = read_json(octets.decode())
    except ValueError:
        return None
    is_ours = isinstance(document, dict) and document.get("haven") == 1
    return document.get(name) if is_ours else None
