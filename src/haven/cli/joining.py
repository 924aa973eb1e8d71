# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven join`: prove the code, take the other router in, and be taken in."""

import os
import socket
import ssl

from haven import paths
from haven.cli.errors import Failed
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.config.load import load
from haven.contract.pairing import PairingRefusal
from haven.peers.code import CodeError, read
from haven.peers.identity import IdentityError, ensure
from haven.peers.joiner import Joiner
from haven.peers.store import Peer, PeerStore, StoreError


def join(request: Request) -> int:
    """Join; nothing is kept unless both sides have said that they are paired."""
    address, typed = request.words
    if os.geteuid():
        raise Failed("needs root: only root may pair routers")
    try:
        code = read(typed)
        store = PeerStore(request.root.rstrip("/") + paths.PEERS)
        store.read()
        with Joiner(address) as other:
            node = _join(request, other, code, store)
    except (CodeError, IdentityError, PairingRefusal, StoreError) as why:
        raise Failed(printable(str(why))) from None
    print(f"joined {printable(node)}; 'haven peers' shows it on both")
    return 0


def _join(request: Request, other: Joiner, code: str, store: PeerStore) -> str:
    for peer in store.peers.values():
        if peer.fingerprint == other.fingerprint:
            raise PairingRefusal("paired-already", node=peer.node)
    if not store.peers:
        # Those that this router has parted from know that key as one that is gone.
        store.begin_anew()
    grant = other.claim(code, own_name(request), ensure(store.folder))
    pem = ssl.DER_cert_to_PEM_cert(other.certificate())
    before = dict(store.peers)
    try:
        for each in grant["peers"]:
            store.put(Peer(each["node"], each["certificate"], each["addresses"]))
        store.put(Peer(grant["node"], pem, [request.words[0]]))
        other.finish([], {})
    except BaseException:
        store.restore(before)
        raise
    return str(grant["node"])


def own_name(request: Request) -> str:
    """Return what this router is called: as was said, as its configuration has it, as its host name."""
    if request.values["--name"]:
        return request.values["--name"]
    model, _problems = load(request.config)
    return model.main.node if model is not None else socket.gethostname()
