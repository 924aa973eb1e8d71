# SPDX-License-Identifier: GPL-2.0-or-later
"""SHA-1 and HMAC (FIPS 180-4 6.1, RFC 2104), also for a Python that has none."""

import struct

BLOCK = 64
_MASK = 0xFFFFFFFF
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)


def _rotated(word: int, by: int) -> int:
    return ((word << by) | (word >> (32 - by))) & _MASK


def _mixed(state: "tuple[int, ...]", block: bytes) -> "tuple[int, ...]":
    words = list(struct.unpack("!16I", block))
    for at in range(16, 80):
        words.append(_rotated(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], 1))
    a, b, c, d, e = state
    for at in range(80):
        if at < 20:
            f = (b & c | ~b & d) + 0x5A827999
        elif at < 40:
            f = (b ^ c ^ d) + 0x6ED9EBA1
        elif at < 60:
            f = (b & c | b & d | c & d) + 0x8F1BBCDC
        else:
            f = (b ^ c ^ d) + 0xCA62C1D6
        a, b, c, d, e = (_rotated(a, 5) + f + e + words[at]) & _MASK, a, _rotated(b, 30), c, d
    mixed = (a, b, c, d, e)
    return tuple([(state[at] + mixed[at]) & _MASK for at in range(5)])


def own_sha1(message: bytes) -> bytes:
    """Return the digest of a message, by arithmetic."""
    padding = b"\x80" + bytes(-(len(message) + 9) % BLOCK) + struct.pack("!Q", 8 * len(message))
    padded = message + padding
    state: tuple[int, ...] = _START
    for at in range(0, len(padded), BLOCK):
        state = _mixed(state, padded[at : at + BLOCK])
    return struct.pack("!5I", *state)


# CPython's own module for it is light; hashlib brings a library of its own.
try:
    from _sha1 import sha1 as _sha1  # type: ignore[import-not-found]
except ImportError:
    try:
        from hashlib import sha1 as _sha1
    except ImportError:
        _sha1 = None


def sha1(message: bytes) -> bytes:
    """Return the digest of a message."""
    return own_sha1(message) if _sha1 is None else _sha1(message).digest()


def keyed_pads(key: bytes) -> "tuple[bytes, bytes]":
    """Return what HMAC puts before the message and before its digest, for a key of 64 octets at most."""
    block = key + bytes(BLOCK - len(key))
    return bytes([octet ^ 0x36 for octet in block]), bytes([octet ^ 0x5C for octet in block])


def hmac_sha1(pads: "tuple[bytes, bytes]", message: bytes) -> bytes:
    """Return the HMAC of a message, by the pads of its key."""
    return sha1(pads[1] + sha1(pads[0] + message))
