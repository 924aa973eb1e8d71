# SPDX-License-Identifier: GPL-2.0-or-later
"""Words that only who has the key can write and read, over a connection that anybody can hear and change.

Both sides have one secret and a number by chance of each. A record is its length, what it says under a
stream that HMAC-SHA-256 makes of its number, and an HMAC of both and of the number (encrypt, then
authenticate; a key for each direction and purpose). What is changed, repeated, left out or sent back does not
open.
"""

import struct

from haven.core.auth.keyed_hash import HASH_LENGTH, Key, same, sha256

LONGEST_RECORD = 2048
_LENGTH = 2
_ASKS, _ANSWERS = b"asks", b"answers"


class NotGenuine(Exception):
    """What came was not written by who has the key."""


class _Direction:
    def __init__(self, secret: bytes, nonces: bytes, name: bytes) -> None:
        root = Key(0, secret)
        purposes = [
            root.whole(b"haven small " + name + purpose + nonces) for purpose in (b" hides", b" proves")
        ]
        self._stream, self._proof = [Key(0, each) for each in purposes]
        self._number = 0

    def turn(self, octets: bytes) -> bytes:
        """Hide octets, or show them again."""
        if not octets:
            return b""
        made = b""
        while len(made) < len(octets):
            made += self._stream.whole(struct.pack("!QI", self._number, len(made)))
        size = len(octets)
        mixed = int.from_bytes(octets, "big") ^ int.from_bytes(made[:size], "big")
        return mixed.to_bytes(size, "big")

    def proof(self, record: bytes) -> bytes:
        """Return what proves the next record, which is then the last one."""
        number, self._number = self._number, self._number + 1
        return self._proof.whole(struct.pack("!Q", number) + record)[:HASH_LENGTH]


class SealedLine:
    """One end of a connection; `asks` at the end that asked."""

    def __init__(self, secret: bytes, asked_nonce: bytes, answer_nonce: bytes, asks: bool) -> None:
        nonces = asked_nonce + answer_nonce
        names = (_ASKS, _ANSWERS) if asks else (_ANSWERS, _ASKS)
        self._out, self._in = [_Direction(secret, nonces, name) for name in names]
        self._received = b""

    def document(self, octets: bytes) -> bytes:
        """Return the records of a document, the empty one at its end included."""
        pieces = [octets[at : at + LONGEST_RECORD] for at in range(0, len(octets), LONGEST_RECORD)]
        return b"".join([self._sealed(piece) for piece in pieces + [b""]])

    def _sealed(self, piece: bytes) -> bytes:
        record = struct.pack("!H", len(piece)) + self._out.turn(piece)
        return record + self._out.proof(record)

    def take(self, octets: bytes) -> "list[bytes]":
        """Return what records that came whole say; an empty one ends a document. Raises NotGenuine."""
        self._received += octets
        found = []
        while len(self._received) >= _LENGTH:
            size = struct.unpack_from("!H", self._received)[0]
            if size > LONGEST_RECORD:
                raise NotGenuine()
            end = _LENGTH + size
            if len(self._received) < end + HASH_LENGTH:
                break
            record, proof = self._received[:end], self._received[end : end + HASH_LENGTH]
            said = self._in.turn(record[_LENGTH:])
            if not same(self._in.proof(record), proof):
                raise NotGenuine()
            found.append(said)
            self._received = self._received[end + HASH_LENGTH :]
        return found


def key_id(secret: bytes, length: int) -> bytes:
    """Return what a key is called by."""
    return Key(0, secret).whole(b"haven small name")[:length]


def digest(octets: bytes) -> str:
    """Return the SHA-256 of a document in hexadecimal."""
    return str(sha256(octets).digest().hex())
