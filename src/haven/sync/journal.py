# SPDX-License-Identifier: GPL-2.0-or-later
"""Several files replaced as one: whatever is killed or loses its power, all are as before, or all as after.

What is to come is written aside, with copies of what is there, then a marker, then everything is renamed, and
the marker goes. A marker that is found was left by a death on the way: what is missing is then renamed, too,
or what was renamed is put back if somebody has written one of the files since.
"""

import errno
import fcntl
import os
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from haven.atomic_file import sync_folder, write_durably, write_whole
from haven.contract.fields import DocumentError, Field, any_text, check_object, text, whole
from haven.contract.strict_json import read_json
from haven.plain_file import read_plain
from haven.sync.shape import to_json

_MARKER = "journal"
_LARGEST = 1 << 25
_FIELDS = (
    Field("path", text),
    Field("mode", whole(0, 0o777), nullable=True),
    Field("was", any_text),
    Field("was_mode", whole(0, 0o777), nullable=True),
    Field("will", any_text),
)


class Replacement:
    """A file and what it is to be: its octets and mode, or None for no file; `was` is what it must be now."""

    __slots__ = ("mode", "octets", "path", "was")

    def __init__(self, path: str, octets: "bytes | None", mode: int, was: "bytes | None") -> None:
        self.path = path
        self.octets = octets
        self.mode = mode
        self.was = was


class Journal:
    """The folder in which changes of several files are prepared; paths are below a root."""

    def __init__(self, root: str, folder: str) -> None:
        self._root = root
        self._folder = root + folder

    def commit(self, replacements: "list[Replacement]") -> None:
        """Replace the files. Raises OSError, and nothing was changed then."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        rows = []
        try:
            for number, each in enumerate(replacements):
                rows.append(self._prepare(number, each))
            sync_folder(self._folder)
            self._write_marker(rows)
        except BaseException:
            self._clear()
            raise
        try:
            self._rename(rows)
        except OSError:
            self._put_back(rows)
            self._finish()
            raise
        self._finish()

    def recover(self) -> list[str]:
        """Finish what a death interrupted, or take it back; return the paths of what was changed now."""
        if not os.path.isdir(self._folder):
            return []
        rows = self._read_marker()
        changed: list[str] = []
        if rows:
            known = all(_digest(self._root + row["path"]) in (row["was"], row["will"]) for row in rows)
            changed = self._rename(rows) if known else self._put_back(rows)
        self._finish()
        return changed

    def _prepare(self, number: int, each: Replacement) -> dict[str, Any]:
        mode = None
        if each.was is not None:
            mode = os.stat(self._root + each.path).st_mode & 0o777
            write_durably(self._aside(number, "old"), each.was, 0o600)
        if each.octets is not None:
            os.makedirs(os.path.dirname(self._root + each.path), exist_ok=True)
            write_durably(self._aside(number, "new"), each.octets, each.mode)
        will = None if each.octets is None else each.mode
        return {
            "path": each.path,
            "mode": will,
            "was": _digest_of(each.was),
            "was_mode": mode,
            "will": _digest_of(each.octets),
        }

    def _aside(self, number: int, kind: str) -> str:
        return "%s/%d.%s" % (self._folder, number, kind)

    def _write_marker(self, rows: "list[dict[str, Any]]") -> None:
        write_whole("%s/%s" % (self._folder, _MARKER), to_json(rows), 0o600)

    def _read_marker(self) -> "list[dict[str, Any]]":
        try:
            rows = read_json(read_plain("%s/%s" % (self._folder, _MARKER), _LARGEST))
            if not isinstance(rows, list):
                raise DocumentError("it is no list")
            return [check_object(row, _FIELDS, _MARKER) for row in rows]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, DocumentError):
            # It is written whole: one that cannot be read was never one of ours, or its flash is broken.
            return []

    def _rename(self, rows: "list[dict[str, Any]]") -> list[str]:
        changed = []
        for number, row in enumerate(rows):
            if self._replace(row["path"], self._aside(number, "new"), row["mode"], row["will"]):
                changed.append(row["path"])
        for folder in {os.path.dirname(self._root + path) for path in changed}:
            sync_folder(folder)
        return changed

    def _put_back(self, rows: "list[dict[str, Any]]") -> list[str]:
        changed = []
        for number, row in enumerate(rows):
            if _digest(self._root + row["path"]) == row["will"] != row["was"]:
                old = self._aside(number, "old") if row["was"] else ""
                if self._replace(row["path"], old, row["was_mode"], row["was"]):
                    changed.append(row["path"])
        return changed

    def _replace(self, path: str, aside: str, mode: "int | None", wanted: str) -> bool:
        target = self._root + path
        if not wanted:
            return _remove(target)
        if not os.path.exists(aside):
            return False
        os.chmod(aside, mode if mode is not None else 0o600)
        try:
            os.replace(aside, target)
        except OSError as why:
            if why.errno != errno.EXDEV:
                raise
            write_whole(target, read_plain(aside, _LARGEST), mode if mode is not None else 0o600)
        return True

    def _finish(self) -> None:
        _remove("%s/%s" % (self._folder, _MARKER))
        sync_folder(self._folder)
        self._clear()

    def _clear(self) -> None:
        for name in os.listdir(self._folder):
            if name.partition(".")[2] in ("old", "new") or name.startswith(_MARKER):
                _remove("%s/%s" % (self._folder, name))


def read_file(path: str) -> "bytes | None":
    """Return what is in a file, None where there is none. Raises OSError."""
    try:
        return read_plain(path, _LARGEST)
    except FileNotFoundError:
        return None


def lock_all(paths: "Iterable[str]") -> "list[int]":
    """Lock files as `uci commit` does while it writes one; the locks end with the descriptors that are
    returned. Raises BlockingIOError.
    """
    held: list[int] = []
    try:
        for path in paths:
            if os.path.exists(path):
                held.append(os.open(path, os.O_RDWR))
                fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        unlock_all(held)
        raise
    return held


def unlock_all(held: "list[int]") -> None:
    """Let go of what lock_all() holds."""
    for descriptor in held:
        os.close(descriptor)


def _digest(path: str) -> str:
    try:
        return _digest_of(read_file(path))
    except OSError:
        return "unreadable"


def _digest_of(octets: "bytes | None") -> str:
    return "" if octets is None else sha256(octets).hexdigest()


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True
