# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of leases, kept for an agent that starts again and for a reboot.

For the first it is written to memory as soon as it changes. On the flash, which wears, a lease that a device
has not had before is written after five minutes, with all others that have come meanwhile, and what was
only renewed when the agent ends, or after a day. A clock may be wrong after a reboot: a lease is then as
good as when it was given last, which is longer than it is, and never shorter; and whoever was there meanwhile
knows better.
"""

import os
from typing import Any

from haven.agent.leases.binding import FOREVER_S, Binding, BindingError, read_binding
from haven.agent.leases.lease_table import Table
from haven.atomic_file import write_whole
from haven.contract.fields import DocumentError
from haven.contract.strict_json import read_json, write_json
from haven.paths import LEASES, LEASES_NOTE, inside
from haven.plain_file import read_plain

NEWS_S = 300.0
RENEWED_S = 86400.0
LARGEST = 8 << 20
LONG_AGO_S = FOREVER_S / 2


class NoteError(Exception):
    """A note cannot be read or written; the text names it."""


class Notes:
    """The two notes of a router; `serving` are the devices on which its DHCP server answered last."""

    def __init__(self, root: str, run_dir: str) -> None:
        self._flash, self._memory = root.rstrip("/") + LEASES, inside(run_dir, LEASES_NOTE)
        self.serving: list[str] = []
        self._seen: tuple[int, list[str]] = (-1, [])
        self._written = (0, 0)
        self._due: float | None = None
        self._due_renewed: float | None = None

    def load(self, table: Table, now: float) -> None:
        """Put what was kept into the table. Raises NoteError for a damaged note, which is left out."""
        if os.path.exists(self._memory):
            document = _read(self._memory)
            self.serving = [str(each) for each in document.get("serving", [])]
            # The same clock, as memory does not outlive it.
            bindings = _bindings(document, self._memory, document.get("at", now))
        elif os.path.exists(self._flash):
            bindings = [_as_given(each, now) for each in _bindings(_read(self._flash), self._flash, now)]
        else:
            bindings = []
        for binding in bindings:
            table.put(binding, now)
        self._written = (table.changes, table.news)

    def keep(self, table: Table, now: float, for_good: bool = False) -> None:
        """Write what is due, `for_good` to the flash as well. Raises NoteError."""
        if (table.changes, self.serving) != self._seen:
            self._seen = (table.changes, list(self.serving))
            _write(self._memory, self._document(table, now), durable=False)
        changes, news = self._written
        self._due = _later(self._due, table.news != news, now + NEWS_S)
        self._due_renewed = _later(self._due_renewed, table.changes != changes, now + RENEWED_S)
        if for_good or any(due is not None and due <= now for due in (self._due, self._due_renewed)):
            self._keep_for_good(table, now)

    def _document(self, table: Table, now: float) -> dict[str, Any]:
        return {"at": now, "serving": self.serving, "bindings": _documents(table, now)}

    def _keep_for_good(self, table: Table, now: float) -> None:
        if (table.changes, table.news) == self._written:
            return
        self._written, self._due, self._due_renewed = (table.changes, table.news), None, None
        _write(self._flash, {"bindings": _documents(table, now)}, durable=True)


def _later(due: float | None, is_different: bool, at: float) -> float | None:
    if not is_different:
        return None
    return at if due is None else due


def _as_given(binding: Binding, now: float) -> Binding:
    """Nobody knows how long ago the note was written: whoever was there meanwhile knows better."""
    binding.until = now + binding.lasts_s
    binding.began, binding.changed = _long_ago(binding.began, now), _long_ago(binding.changed, now)
    return binding


def _long_ago(at: float, now: float) -> float:
    return at if now - at >= LONG_AGO_S else at - LONG_AGO_S


def _documents(table: Table, now: float) -> list[dict[str, Any]]:
    return [binding.document(now) for binding in table.all()]


def _read(path: str) -> dict[str, Any]:
    try:
        document = read_json(read_plain(path, LARGEST).decode())
    except (OSError, ValueError, DocumentError) as why:
        raise NoteError(f"{path}: {why}") from None
    if not isinstance(document, dict) or not isinstance(document.get("at", 0.0), (int, float)):
        raise NoteError(f"{path}: not a note")
    return document


def _bindings(document: dict[str, Any], path: str, now: float) -> list[Binding]:
    try:
        return [read_binding(each, now) for each in document.get("bindings", [])]
    except (BindingError, TypeError) as why:
        raise NoteError(f"{path}: {why}") from None


def _write(path: str, document: dict[str, Any], durable: bool) -> None:
    octets = write_json(document).encode()
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if durable:
            write_whole(path, octets, 0o600)
        else:
            with open(path + ".new", "wb") as file:
                file.write(octets)
            os.replace(path + ".new", path)
    except OSError as why:
        raise NoteError(f"{path}: {why.strerror}") from None
