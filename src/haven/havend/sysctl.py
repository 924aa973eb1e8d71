# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel settings that a plan asks for, put back at the end, or by the next process if we are killed."""

import os

from haven.contract.problems import problem
from haven.contract.strict_json import read_json, write_json
from haven.failure_reason import reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

ROOT = "/proc/sys/"
# Of the settings that were refused.
MOST_SHOWN = 3


class Sysctls:
    """Applies (name, value) pairs and remembers what was there before, in a note that outlives us."""

    def __init__(self, note: str) -> None:
        self._note = note
        # What the process before us found, if it was killed: what we would find is its doing.
        self._before = _read_note(note)
        # Why the kernel did not take what is wanted, by names.
        self._refused: dict[str, str] = {}

    def apply(self, wanted: "Sequence[tuple[str, str]]") -> None:
        """Set every value; one whose device is not there waits for it, one not wanted any more goes back."""
        found = {name: _read(name) for name, _value in wanted}
        changes = [pair for pair in wanted if found[pair[0]] not in (None, pair[1])]
        new = [name for name, _value in changes if name not in self._before]
        self._before.update({name: found[name] or "" for name in new})
        if new:
            self._write_note()
        self._refused = {}
        for name, value in changes:
            error = _write(name, value)
            if error:
                self._refused[name] = error
                if name in new:
                    del self._before[name]
        names = {name for name, _value in wanted}
        self._put_back([name for name in sorted(self._before) if name not in names])

    def problems(self) -> "list[dict[str, Any]]":
        """Return that the kernel did not take settings, as where /proc/sys can only be read."""
        if not self._refused:
            return []
        names = sorted(self._refused)
        shown = ", ".join([name.replace("/", ".") for name in names[:MOST_SHOWN]])
        return [problem("settings-refused", "kernel", names=shown, error=self._refused[names[0]])]

    def restore(self) -> None:
        """Put back what was there before."""
        self._put_back(sorted(self._before))

    def _put_back(self, names: "Iterable[str]") -> None:
        gone = list(names)
        for name in gone:
            _write(name, self._before.pop(name))
        if gone or not self._before:
            self._write_note()

    def _write_note(self) -> None:
        # On a full disk the settings stay for as long as we live, and are put back by us alone.
        try:
            if self._before:
                with open(self._note + ".new", "w") as file:
                    file.write(write_json(self._before))
                os.rename(self._note + ".new", self._note)
            elif os.path.exists(self._note):
                os.unlink(self._note)
        except OSError:
            return


def _read_note(path: str) -> "dict[str, str]":
    try:
        with open(path) as file:
            note = read_json(file.read())
    except (OSError, ValueError):
        return {}
    pairs = note.items() if isinstance(note, dict) else ()
    return {name: value for name, value in pairs if isinstance(value, str) and ".." not in name}


def _read(name: str) -> "str | None":
    try:
        with open(ROOT + name) as file:
            return file.read().strip()
    except (OSError, ValueError):
        return None


def _write(name: str, value: str) -> str:
    """Write a setting; return why it could not be, or nothing."""
    try:
        with open(ROOT + name, "w") as file:
            file.write(value)
    except OSError as error:
        return reason_of(error)
    except ValueError:
        # A name or a value of a damaged note, which no file could have.
        return "no such setting"
    return ""
