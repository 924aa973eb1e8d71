# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a feed, and what is signed with them: usign's format for opkg, PEM for apk.

Both are openssl's, so that nothing of OpenWrt's has to be built on the machine that signs.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

# usign's files begin with its name of the algorithm, Ed25519.
ALGORITHM = b"Ed"
ED25519 = ("-algorithm", "ed25519")
P256 = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


class Keys:
    """The two secret keys in a folder; they are made when they are not there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._opkg, self._apk = folder / "opkg.key", folder / "apk.key"
        for path, kind in ((self._opkg, ED25519), (self._apk, P256)):
            if not path.exists():
                _openssl("genpkey", *kind, "-out", str(path))
                path.chmod(0o600)

    def usign_public(self) -> bytes:
        """Return the key that opkg checks with, as usign writes it."""
        return _usign("public key of haven's feed", ALGORITHM + self._fingerprint() + self._point())

    def usign_signature(self, signed: Path) -> bytes:
        """Return a signature as usign writes it."""
        words = ("-sign", "-rawin", "-inkey", str(self._opkg), "-in", str(signed))
        return _usign("signed by haven's feed", ALGORITHM + self._fingerprint() + _openssl("pkeyutl", *words))

    def pem_public(self) -> bytes:
        """Return the key that apk checks with."""
        return _openssl("pkey", "-in", str(self._apk), "-pubout")

    def signature(self, octets: bytes) -> bytes:
        """Return apk's signature of octets: of their SHA-512."""
        return _openssl("dgst", "-sha512", "-sign", str(self._apk), given=octets)

    def _point(self) -> bytes:
        return _openssl("pkey", "-in", str(self._opkg), "-pubout", "-outform", "DER")[-32:]

    def _fingerprint(self) -> bytes:
        # usign takes a random number; opkg looks for a file of this name in /etc/opkg/keys.
        return hashlib.sha256(self._point()).digest()[:8]


def _usign(comment: str, octets: bytes) -> bytes:
    return b"untrusted comment: %s\n%s\n" % (comment.encode(), base64.b64encode(octets))


def _openssl(*words: str, given: bytes = b"") -> bytes:
    try:
        return subprocess.run(["openssl", *words], input=given, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise SystemExit("openssl is not here: it signs the feed") from None
    except subprocess.CalledProcessError as why:
        raise SystemExit(f"openssl {words[0]}: {why.stderr.decode().strip()}") from None
