# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents as octets: plain JSON, and packed with a digest, so that damage and floods are noticed."""

import json
import zlib
from hashlib import sha256
from typing import Any

from haven.contract.strict_json import read_json

LARGEST_DOCUMENT = 24 << 20
_HEAD = b"haven-sync 1 "


def to_json(document: Any) -> bytes:
    """Return a document as the same octets each time."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def pack(document: Any) -> bytes:
    """Return a document packed, behind its digest."""
    packed = zlib.compress(to_json(document), 6)
    return _HEAD + sha256(packed).hexdigest().encode() + b"\n" + packed


def unpack(octets: bytes) -> Any:
    """Return the document. Raises ValueError for what is damaged, of another version, or too large."""
    head, _line, packed = octets.partition(b"\n")
    if head != _HEAD + sha256(packed).hexdigest().encode():
        raise ValueError("damaged, or of another version")
    return inflate(packed)


def inflate(packed: bytes) -> Any:
    """Return the document that was packed. Raises ValueError."""
    machine = zlib.decompressobj()
    try:
        octets = machine.decompress(packed, LARGEST_DOCUMENT)
    except zlib.error as why:
        raise ValueError(str(why)) from None
    if not machine.eof or machine.unused_data:
        raise ValueError("cut off, or more than %d octets" % LARGEST_DOCUMENT)
    return read_json(octets)
