# SPDX-License-Identifier: GPL-2.0-or-later
"""The side of a pairing that joins: it calls, proves that it knows the code, and learns whom it talks to."""

import socket
from typing import Any

from haven import VERSION
from haven.contract.channel import (
    DECISION_S,
    HANDSHAKE_S,
    OLDEST_PROTOCOL,
    PORT,
    PROTOCOL,
    MessageError,
    MessageReader,
    encode,
)
from haven.contract.pairing import PairingRefusal, refusal_of
from haven.peers.identity import Identity, of_octets
from haven.peers.proof import Terms, is_same, nonce
from haven.peers.tls import joining_context

# scrypt on a router of long ago, twice.
ANSWER_S = 30.0
RECEIVE = 1 << 16

Message = dict[str, Any]


class Joiner:
    """A conversation with a router that offers, for `with`. Raises PairingRefusal."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._reader = MessageReader()
        self._waiting: list[Message] = []
        try:
            sock = socket.create_connection((address, PORT), HANDSHAKE_S)
            self._tls = joining_context().wrap_socket(sock)
        except OSError as why:
            raise PairingRefusal("nobody-there", address=address, error=why.strerror or str(why)) from None
        self.fingerprint = of_octets(self._tls.getpeercert(binary_form=True) or b"")

    def __enter__(self) -> "Joiner":
        return self

    def __exit__(self, *_error: object) -> None:
        self._tls.close()

    def claim(self, code: str, node: str, any_name: bool, identity: Identity) -> Message:
        """Prove the code; return what the other router grants. Raises PairingRefusal."""
        offer = self._expect("offer", HANDSHAKE_S)
        if offer["protocol"] < OLDEST_PROTOCOL:
            raise PairingRefusal("haven-older")
        own = nonce()
        terms = Terms(self.fingerprint, identity.fingerprint, offer["nonce"], own)
        join_tag, offer_tag = terms.tags(code)
        claim: Message = {"nonce": own, "node": node, "certificate": identity.pem, "tag": join_tag}
        claim["any_name"] = any_name
        self._send("claim", protocol=PROTOCOL, version=VERSION, **claim)
        grant = self._expect("grant", ANSWER_S)
        if not is_same(grant["tag"], offer_tag):
            raise PairingRefusal("stranger-between", address=self._address)
        return grant

    def certificate(self) -> bytes:
        """Return the octets of the other router's certificate."""
        return self._tls.getpeercert(binary_form=True) or b""

    def finish(self, addresses: list[str]) -> None:
        """Say that all is well here; the other router takes us in. Raises PairingRefusal."""
        self._send("joined", addresses=addresses)
        self._expect("paired", DECISION_S)

    def _send(self, kind: str, **fields: Any) -> None:
        try:
            self._tls.sendall(encode(kind, **fields))
        except OSError:
            # It may have said why before it hung up.
            return

    def _expect(self, kind: str, limit_s: float) -> Message:
        self._tls.settimeout(limit_s)
        try:
            message = self._next()
        except MessageError as why:
            raise PairingRefusal("not-haven", address=self._address, error=str(why)) from None
        except TimeoutError:
            raise PairingRefusal("no-answer", address=self._address) from None
        except OSError:
            raise PairingRefusal("hung-up", address=self._address) from None
        if message["kind"] == "refused":
            raise refusal_of(message)
        if message["kind"] != kind:
            raise PairingRefusal("not-haven", address=self._address, error="'%s'" % message["kind"][:32])
        return message

    def _next(self) -> Message:
        while not self._waiting:
            octets = self._tls.recv(RECEIVE)
            if not octets:
                raise ConnectionResetError
            self._waiting = self._reader.take(octets)
        return self._waiting.pop(0)
