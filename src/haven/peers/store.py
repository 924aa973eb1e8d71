# SPDX-License-Identifier: GPL-2.0-or-later
"""The routers that this one is paired with, on the flash: who they are, and where they were last."""

import os

from haven.atomic_file import write_whole
from haven.contract.channel import LONGEST_NODE, MOST_ADDRESSES, MOST_PEERS
from haven.contract.fields import (
    DocumentError,
    Field,
    check_object,
    check_objects,
    host,
    list_of,
    mapping,
    octets,
    text,
)
from haven.contract.strict_json import read_json
from haven.peers.identity import IdentityError, fingerprint, forget, normal
from haven.plain_file import read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def is_node_name(name: object) -> bool:
    """Tell whether something can be the name of a router."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NODE and name.isprintable()


def node_name(name: object) -> str:
    """Ask for the name of a router."""
    return "" if is_node_name(name) else "the name of a router"


NAME = "peers.json"
LONGEST = 1 << 18

MOST_GONE = 32

PEER = (
    Field("node", node_name),
    Field("certificate", text),
    Field("addresses", list_of(host)),
    Field("by", text, optional=True),
)
FILE = (Field("peers", list_of(mapping)), Field("gone", list_of(octets)))


class StoreError(Exception):
    """The list of peers cannot be read or written; the text says why."""


class Peer:
    """A router that this one is paired with; `addresses` are where it can be reached, the best first."""

    def __init__(self, node: str, certificate: str, addresses: list[str], by: str = "") -> None:
        self.node = node
        # Whose word it is that this router belongs to us; empty for one that knew a code.
        self.by = by
        self.certificate = normal(certificate)
        self.fingerprint = fingerprint(certificate)
        self.addresses = addresses

    def document(self) -> "dict[str, Any]":
        """Return what is written of it."""
        document = {"node": self.node, "certificate": self.certificate, "addresses": self.addresses}
        return {**document, "by": self.by} if self.by else document


class PeerStore:
    """The peers by their fingerprints, as a file has them; `gone` are those that were parted from."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._path = os.path.join(folder, NAME)
        self.peers: dict[str, Peer] = {}
        self.gone: list[str] = []
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> None:
        """Take what the file says, if it is another one than last time. Raises StoreError."""
        try:
            found = os.stat(self._path)
        except OSError:
            self.peers, self.gone, self._seen = {}, [], None
            return
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._load()
            self._seen = seen

    def _load(self) -> None:
        try:
            document = check_object(read_json(read_plain(self._path, LONGEST)), FILE, "it")
            self.peers = {peer.fingerprint: peer for peer in read_peers(document["peers"])}
            self.gone = document["gone"]
        except OSError as why:
            raise StoreError("%s: %s" % (self._path, why.strerror or why)) from None
        except (DocumentError, ValueError) as why:
            raise StoreError("%s is damaged: %s; pair the routers again" % (self._path, why)) from None

    def addresses(self) -> list[str]:
        """Return where all of them can be reached."""
        return [address for peer in self.peers.values() for address in peer.addresses]

    def find(self, node: str) -> Peer | None:
        """Return the peer of a name."""
        return next((peer for peer in self.peers.values() if peer.node == node), None)

    def put(self, peer: Peer) -> None:
        """Add a peer, or take what is new of it. Raises StoreError."""
        if peer.fingerprint not in self.peers and len(self.peers) >= MOST_PEERS:
            raise StoreError("%d routers are paired already" % len(self.peers))
        gone = [each for each in self.gone if each != peer.fingerprint]
        self._write({**self.peers, peer.fingerprint: peer}, gone)

    def merge(self, peers: "Iterable[Peer]", gone: "Iterable[str]", by: str) -> None:
        """Take what the router `by` knows of others; who is gone stays so. Raises StoreError.

        Nobody is put in the place of another, and nobody's list pushes out whom this router has parted from.
        """
        gone = list(dict.fromkeys([*self.gone, *gone]))[: max(MOST_GONE, len(self.gone))]
        names = {peer.node for peer in self.peers.values()}
        merged = {}
        for peer in peers:
            if peer.fingerprint not in self.peers and peer.node not in names:
                names.add(peer.node)
                peer.by = by
                merged[peer.fingerprint] = peer
        merged = {**self.peers, **dict(list(merged.items())[: MOST_PEERS - len(self.peers)])}
        merged = {key: peer for key, peer in merged.items() if key not in gone}
        if (list(merged), gone) != (list(self.peers), self.gone):
            self._write(merged, gone)

    def remove(self, fingerprint: str) -> None:
        """Part from a peer for good, and from those that are known by its word. Raises StoreError."""
        parted = [fingerprint]
        for key in parted:
            parted += [each for each, peer in self.peers.items() if peer.by == key and each not in parted]
        peers = {key: peer for key, peer in self.peers.items() if key not in parted}
        self._write(peers, [*self.gone, *parted][-MOST_GONE:])

    def begin_anew(self) -> None:
        """Forget everybody, and who this router was. Raises StoreError."""
        self._write({}, [])
        forget(self.folder)

    def restore(self, peers: dict[str, Peer]) -> None:
        """Have these again, and no others. Raises StoreError."""
        self._write(peers, self.gone)

    def _write(self, peers: dict[str, Peer], gone: list[str]) -> None:
        document = {"peers": [peer.document() for peer in peers.values()], "gone": gone}
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            # For people to read; only who pairs a router writes it.
            import json

            write_whole(self._path, json.dumps(document, indent=1).encode() + b"\n", 0o600)
        except OSError as why:
            raise StoreError("%s: %s" % (self._path, why.strerror or why)) from None
        self.peers, self.gone = peers, gone


def read_peers(documents: "list[Any]") -> list[Peer]:
    """Return the peers that documents describe. Raises DocumentError."""
    check_objects(documents, PEER, "peers")
    try:
        return [
            Peer(each["node"], each["certificate"], each["addresses"], each.get("by") or "")
            for each in documents
        ]
    except IdentityError as why:
        raise DocumentError("peers: %s" % why) from None


def are_addresses(found: object) -> bool:
    """Tell whether something is a list of addresses that a peer may have."""
    return isinstance(found, list) and len(found) <= MOST_ADDRESSES and not list_of(host)(found)
