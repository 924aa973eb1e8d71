# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS between routers: version 1.3, own certificates, and nobody else's word on whom to trust."""

import ssl
from collections.abc import Iterable

from haven.light import suppress
from haven.peers.identity import Identity, of_octets
from haven.peers.store import Peer

# X509_V_FLAG_NO_CHECK_TIME: a router without a battery begins in 1970, and a pin does not age.
_NO_CHECK_TIME = 0x200000


def server_context(identity: Identity, peers: Iterable[Peer]) -> ssl.SSLContext:
    """Return what a router listens with: a peer shows its certificate; who shows none can only join."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, identity)
    context.num_tickets = 0
    _trust(context, peers)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def peer_context(identity: Identity, peer: Peer) -> ssl.SSLContext:
    """Return what a router calls a peer with."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, identity)
    _trust(context, [peer])
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def joining_context() -> ssl.SSLContext:
    """Return what a router joins with: whom it talks to is found out by the code."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, None)
    context.verify_mode = ssl.CERT_NONE
    return context


def _context(protocol: int, identity: Identity | None) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


def _trust(context: ssl.SSLContext, peers: Iterable[Peer]) -> None:
    context.verify_flags = ssl.VerifyFlags(int(context.verify_flags) | _NO_CHECK_TIME)
    for peer in peers:
        # One that another router has told of may be none; then nobody gets in by it, and the others do.
        with suppress(ssl.SSLError):
            context.load_verify_locations(cadata=peer.certificate)


def fingerprint_of(connection: ssl.SSLSocket) -> str:
    """Return the fingerprint of the other side's certificate; empty when it has shown none."""
    der = connection.getpeercert(binary_form=True)
    return of_octets(der) if der else ""
