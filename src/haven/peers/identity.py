# SPDX-License-Identifier: GPL-2.0-or-later
"""Who this router is to the others: a private key, and a certificate of which only the fingerprint counts."""

import os

from haven.light import suppress, which
from haven.private_folder import make_private

KEY, CERTIFICATE = "identity.key", "identity.crt"
PATIENCE_S = 60.0
LARGEST_CERTIFICATE = 8192
_DAYS = "36500"
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"

# Neither asks for the purpose of a server alone: then it could not be a client's.
_MAKERS = (
    ("px5g", ("selfsigned",)),
    ("openssl", ("req", "-x509", "-nodes")),
)
_WANTED = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", _DAYS, "-subj", "/CN=haven")


class IdentityError(Exception):
    """There is no key and none can be made, or a certificate is none; the text says why."""


class Identity:
    """The files of the key and of the certificate, the certificate and its fingerprint."""

    def __init__(self, key: str, certificate: str, pem: str) -> None:
        self.key = key
        self.certificate = certificate
        self.pem = pem
        self.fingerprint = fingerprint(pem)
        self._mark = _mark(certificate)

    def is_current(self) -> bool:
        """Tell whether the files are still those that were read."""
        return self._mark == _mark(self.certificate)


def _mark(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def ensure(folder: str) -> Identity:
    """Return this router's identity; one that is not there is made. Raises IdentityError."""
    key, certificate = os.path.join(folder, KEY), os.path.join(folder, CERTIFICATE)
    try:
        make_private(folder)
        os.chmod(folder, 0o700)
        if not os.path.exists(key) or not os.path.exists(certificate):
            _make(folder, key, certificate)
        with open(certificate, encoding="ascii") as file:
            return Identity(key, certificate, normal(file.read(LARGEST_CERTIFICATE)))
    except (OSError, UnicodeDecodeError) as why:
        raise IdentityError("%s: %s" % (folder, getattr(why, "strerror", None) or why)) from None


def _make(folder: str, key: str, certificate: str) -> None:
    # Once in a router's life.
    import subprocess

    new_key, new_certificate = key + ".new", certificate + ".new"
    program, words = _maker()
    argv = [program, *words, *_WANTED, "-keyout", new_key, "-out", new_certificate]
    # The key is nobody else's from its first octet on.
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False, umask=0o077)
    if done.returncode:
        raise IdentityError("%s cannot make a key: %s" % (program, done.stderr.strip()[-200:]))
    os.chmod(new_key, 0o600)
    os.replace(new_key, key)
    os.replace(new_certificate, certificate)


def _maker() -> tuple[str, tuple[str, ...]]:
    for program, words in _MAKERS:
        if which(program):
            return program, words
    raise IdentityError("neither px5g nor openssl is installed; install px5g-mbedtls or openssl-util")


def forget(folder: str) -> None:
    """Throw the identity away; the next time it is needed, there is another."""
    for name in (CERTIFICATE, KEY):
        with suppress(OSError):
            os.unlink(os.path.join(folder, name))


def normal(text: str) -> str:
    """Return the first certificate of a text in the one form that is compared. Raises IdentityError."""
    begin, end = text.find(_BEGIN), text.find(_END)
    if begin < 0 or end < begin or len(text) > LARGEST_CERTIFICATE:
        raise IdentityError("not a certificate")
    body = "".join(text[begin + len(_BEGIN) : end].split())
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join((_BEGIN, *lines, _END, ""))


def fingerprint(pem: str) -> str:
    """Return the SHA-256 of a certificate in hexadecimal. Raises IdentityError for what is none."""
    import base64

    body = normal(pem)[len(_BEGIN) : -len(_END) - 1]
    try:
        return of_octets(base64.b64decode("".join(body.split()), validate=True))
    except ValueError:
        # Of letters that no certificate has, too.
        raise IdentityError("not a certificate") from None


def of_octets(der: bytes) -> str:
    """Return the fingerprint of a certificate's octets, as TLS has them."""
    # It brings OpenSSL's library, a megabyte, which nobody is to pay who is not paired.
    import hashlib

    return hashlib.sha256(der).hexdigest()
