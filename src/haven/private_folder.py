# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders in which nobody else can put or replace a file: what lies there may be trusted as our own."""

import os
from errno import EPERM

_OTHERS_WRITE = 0o022
# In the first nobody but root can put something in the place of our own.
_ROOTS, _EVERYBODYS = "/var/run", "/tmp"


def for_a_moment() -> str:
    """Return the folder for files of a moment whose names others could guess."""
    return _EVERYBODYS if os.geteuid() else _ROOTS


def make_private(path: str) -> None:
    """Make a folder ours alone to write in, or find that it is so. Raises OSError."""
    os.makedirs(path, mode=0o755, exist_ok=True)
    # In a folder like /tmp a link of the same name may be another user's, and the folder behind it root's.
    if not os.lstat(path).st_uid == os.stat(path).st_uid == os.geteuid():
        raise OSError(EPERM, "it belongs to another user")
    if os.stat(path).st_mode & _OTHERS_WRITE:
        raise OSError(EPERM, "other users can write to it")
