# SPDX-License-Identifier: GPL-2.0-or-later
"""HMAC-SHA-256 of RFC 2104, cut to 128 bits, over words of which the first part is mostly the same."""

try:
    # CPython's own: hashlib brings all of OpenSSL with it, which is several megabytes.
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    try:
        # Its name since 3.12.
        from _sha2 import sha256  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha256

try:
    from _operator import _compare_digest
except ImportError:
    _compare_digest = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["HASH_LENGTH", "Key", "same", "sha256"]

HASH_LENGTH = 16
_BLOCK = 64
# MicroPython's cannot go on from where another one is.
_CAN_COPY = hasattr(sha256(b""), "copy")


class Key:
    """A key of the group: `begin` with what comes first, `finish` with the rest, as often as wanted."""

    def __init__(self, number: int, secret: bytes) -> None:
        self.number = number
        block = secret + bytes(_BLOCK - len(secret))
        self._inner = bytes([octet ^ 0x36 for octet in block])
        self._outer = bytes([octet ^ 0x5C for octet in block])
        self._after_outer: Any = sha256(self._outer) if _CAN_COPY else None

    def begin(self, octets: bytes) -> "Any":
        """Return what finish() goes on from."""
        return sha256(self._inner + octets) if _CAN_COPY else self._inner + octets

    def whole(self, words: bytes) -> bytes:
        """Return the 32 octets of the uncut HMAC of some words."""
        digest: bytes = sha256(self._outer + sha256(self._inner + words).digest()).digest()
        return digest

    def finish(self, begun: "Any", rest: bytes) -> bytes:
        """Return the 16 octets for what was begun and the rest."""
        if _CAN_COPY:
            inner = begun.copy()
            inner.update(rest)
            outer = self._after_outer.copy()
            outer.update(inner.digest())
        else:
            outer = sha256(self._outer + sha256(begun + rest).digest())
        digest: bytes = outer.digest()
        return digest[:HASH_LENGTH]


def same(ours: bytes, theirs: bytes) -> bool:
    """Compare in a time that does not tell where two of one length differ."""
    if _compare_digest is not None:
        return bool(_compare_digest(ours, theirs))
    difference = len(ours) ^ len(theirs)
    for index in range(min(len(ours), len(theirs))):
        difference |= ours[index] ^ theirs[index]
    return difference == 0
