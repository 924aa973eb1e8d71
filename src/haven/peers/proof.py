# SPDX-License-Identifier: GPL-2.0-or-later
"""How two routers prove to each other that they know the same code, bound to the two certificates.

Who joins speaks first, so that a router that offers is no oracle. A machine in between has another
certificate, so a tag that it relays is wrong, and from one tag it would have to find 55 bits in ten minutes.
"""

import hashlib
import hmac
import secrets

# 16 MiB and a sixth of a second here; an offer takes three of them.
COST, BLOCK = 1 << 14, 8
NONCE_OCTETS = 32


class Terms:
    """What both sides have seen: the fingerprints of the certificates and the nonces, in hexadecimal."""

    def __init__(self, offering: str, joining: str, offer_nonce: str, join_nonce: str) -> None:
        self.offering, self.joining = offering, joining
        self.offer_nonce, self.join_nonce = offer_nonce, join_nonce

    def tags(self, code: str) -> tuple[str, str]:
        """Return what who joins and who offers have to say, in hexadecimal."""
        salt = bytes.fromhex(self.offer_nonce) + bytes.fromhex(self.join_nonce)
        key = hashlib.scrypt(code.encode(), salt=salt, n=COST, r=BLOCK, p=1, maxmem=64 << 20, dklen=32)
        seen = bytes.fromhex(self.joining) + bytes.fromhex(self.offering) + salt
        join, offer = (hmac.digest(key, side + seen, "sha256").hex() for side in (b"join", b"offer"))
        return join, offer


def nonce() -> str:
    """Return octets by chance, in hexadecimal."""
    return secrets.token_hex(NONCE_OCTETS)


def is_same(one: str, other: str) -> bool:
    """Compare in a time that says nothing."""
    return hmac.compare_digest(one.encode(), other.encode())
