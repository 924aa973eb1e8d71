# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of the small nodes that this router makes plans for: a file for each, root's alone."""

import os
from binascii import unhexlify

from haven.atomic_file import write_whole
from haven.contract.small_nodes import KEY
from haven.private_folder import make_private

# NAME.key; NAME.conf is the configuration of that node, where it is not derived from this router's.
_KEY, _CONFIG = ".key", ".conf"
LONGEST_NAME = 64
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


def is_name(name: str) -> bool:
    """Tell whether a name can be a small node's."""
    return 0 < len(name) <= LONGEST_NAME and not name.strip(_LETTERS)


def names(folder: str) -> list[str]:
    """Return the names of all that have a key."""
    try:
        found = os.listdir(folder)
    except OSError:
        return []
    return sorted(each[: -len(_KEY)] for each in found if each.endswith(_KEY) and is_name(each[: -len(_KEY)]))


def key_of(folder: str, name: str) -> bytes | None:
    """Return the key of a node; nothing where there is none that can be one."""
    try:
        with open(os.path.join(folder, name + _KEY), encoding="ascii") as file:
            secret = unhexlify(file.read(1024).strip())
    except (OSError, ValueError):
        return None
    return secret if len(secret) == KEY else None


def add(folder: str, name: str) -> str:
    """Make a key for a node, in place of one that it had, and return it as text. Raises OSError."""
    secret = os.urandom(KEY).hex()
    make_private(folder)
    os.chmod(folder, 0o700)
    write_whole(os.path.join(folder, name + _KEY), secret.encode() + b"\n", 0o600)
    return secret


def remove(folder: str, name: str) -> None:
    """Throw the key of a node away; its configuration stays. Raises OSError."""
    os.unlink(os.path.join(folder, name + _KEY))


def config_of(folder: str, name: str) -> str:
    """Return where the configuration of a node would be that has one of its own."""
    return os.path.join(folder, name + _CONFIG)
