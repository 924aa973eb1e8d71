# SPDX-License-Identifier: GPL-2.0-or-later
"""Files and folders that routers have in common: which there are, and what is in them."""

import os
import stat
from dataclasses import dataclass
from hashlib import sha256

from haven.config.options.kinds import NEVER_SYNCED
from haven.contract.fields import is_whole
from haven.plain_file import read_plain

LARGEST_FILE = 1 << 20
LARGEST_TOTAL = 8 << 20
MOST_FILES = 1000
_DEEPEST = 8
# What each router makes for itself, in folders that may be listed.
_OWN = ("/etc/dropbear/dropbear_", "/etc/ssh/ssh_host_")

Signature = tuple[int, ...]


@dataclass
class FoundFile:
    """A file as it is: its signature changes with it; `problem` is a code of contract/replication.py."""

    path: str
    signature: Signature
    mode: int = 0
    problem: str = ""


def signature_of(found: os.stat_result) -> Signature:
    """Return what changes when a file is written."""
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode)


def is_listed(path: str, listed: "tuple[str, ...]") -> bool:
    """Tell whether a path is among the files and folders that are in common, and no other's."""
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or any(part in ("", ".", "..") for part in parts[1:]):
        return False
    if any(path.startswith(own) for own in (*_OWN, *NEVER_SYNCED)):
        return False
    return any(path == each.rstrip("/") or path.startswith(each.rstrip("/") + "/") for each in listed)


def find_files(root: str, listed: "tuple[str, ...]") -> dict[str, FoundFile]:
    """Return what is there of files and folders, by path; what cannot be in common has a problem."""
    found: dict[str, FoundFile] = {}
    for each in listed:
        _find(root, each.rstrip("/"), found, _DEEPEST)
    return {path: found[path] for path in sorted(found) if is_listed(path, listed)}


def _find(root: str, path: str, found: dict[str, FoundFile], levels: int) -> None:
    if len(found) >= MOST_FILES:
        if len(found) == MOST_FILES:
            found[path] = FoundFile(path, (), problem="file-many")
        return
    try:
        here = os.lstat(root + path)
        names = sorted(os.listdir(root + path)) if stat.S_ISDIR(here.st_mode) and levels else []
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        found[path] = FoundFile(path, (), problem="file-unreadable")
        return
    if stat.S_ISDIR(here.st_mode):
        for name in names:
            _find(root, path + "/" + name, found, levels - 1)
        return
    problem = "" if stat.S_ISREG(here.st_mode) else "file-no-file"
    if here.st_size > LARGEST_FILE:
        problem = "file-large"
    if not _is_text(path):
        problem = "file-name"
    found[path] = FoundFile(path, signature_of(here), stat.S_IMODE(here.st_mode) & 0o777, problem)


def read_found(root: str, found: FoundFile) -> bytes:
    """Return what is in a file. Raises OSError."""
    return read_plain(root + found.path, LARGEST_FILE)


def file_value(octets: bytes, mode: int) -> "list[object]":
    """Return what is known of a file: [mode, SHA-256, octets]."""
    return [mode, sha256(octets).hexdigest(), len(octets)]


def is_file_value(value: object) -> bool:
    """Tell whether this is what file_value() returns, or None for a file that was removed."""
    if value is None:
        return True
    if not isinstance(value, list) or len(value) != 3:
        return False
    mode, digest, size = value
    return is_whole(mode, 0, 0o777) and is_whole(size, 0, LARGEST_FILE) and is_digest(digest)


def is_digest(text: object) -> bool:
    """Tell whether this is a SHA-256 in hexadecimal."""
    return isinstance(text, str) and len(text) == 64 and set("0123456789abcdef").issuperset(text)


def has_link(root: str, path: str) -> bool:
    """Tell whether a link stands on the way to a file: what it leads to is elsewhere."""
    here = root
    for part in path.strip("/").split("/"):
        here += "/" + part
        if os.path.islink(here):
            return True
    return False


def _is_text(path: str) -> bool:
    return path.isprintable() and not any("\ud800" <= char <= "\udfff" for char in path)
