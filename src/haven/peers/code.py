# SPDX-License-Identifier: GPL-2.0-or-later
"""The code of a pairing: twelve characters that can be read out, 55 bits by chance and five to check."""

import hashlib
import secrets

from haven.contract.pairing import PairingRefusal

# Crockford's base32: no I, L, O and U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
MISREAD = str.maketrans("OIL", "011", " -")


class CodeError(PairingRefusal):
    """A code cannot be one that a router has shown."""


def make() -> str:
    """Return a new code."""
    chosen = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return chosen + _check(chosen)


def read(typed: str) -> str:
    """Return the code that a person has typed, with what is easily misread put right. Raises CodeError."""
    code = typed.upper().translate(MISREAD)
    if len(code) != LENGTH:
        raise CodeError("code-length", most=LENGTH, count=len(code))
    if code[-1] != _check(code[:-1]):
        raise CodeError("code-mistyped")
    return code


def spaced(code: str) -> str:
    """Return a code in groups of four, for reading out."""
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def _check(chosen: str) -> str:
    return ALPHABET[hashlib.sha256(chosen.encode()).digest()[0] & 31]
