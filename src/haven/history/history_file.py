# SPDX-License-Identifier: GPL-2.0-or-later
"""The history on the flash: two files of lines with checksums, of which the older one makes room.

Lines are added and never changed, so that a power cut costs the line that was being written. When the newer
file is full it takes the place of the older one, of which a sum for each month is kept.
"""

import os
import zlib

from haven.atomic_file import sync_folder, write_durably
from haven.contract.fields import DocumentError
from haven.contract.history_words import BEGUN, LARGEST, LONGEST_ENTRY, MONTH, NEWER, STEP, check_entry
from haven.contract.strict_json import read_json, write_json
from haven.history.availability import months_of
from haven.light import suppress
from haven.plain_file import read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from haven.contract.history_words import Entry

HALF = LARGEST // 2
# The checksum in hexadecimal and a space.
HEAD = 9
# Clocks of two routers differ; more than this is from another time.
FUTURE_S = 86_400.0
MODE = 0o644


class ReadHistory:
    """What was read: the entries, oldest first, and how many lines could not be, by a code of DAMAGE."""

    def __init__(self, entries: "list[Entry]", damage: "dict[str, int]") -> None:
        self.entries, self.damage = entries, damage


class HistoryFile:
    """The two files at a path; whoever writes is alone."""

    def __init__(self, path: str) -> None:
        self._newer, self._older, self._next = path, path + ".old", path + ".next"

    def read(self, now: float, pending: "Sequence[Entry]" = ()) -> ReadHistory:
        """Return what is there, and what is about to be. Raises OSError for files that cannot be read."""
        found, damage = self._lines()
        entries = _by_the_clock_that_was_set([*found, *pending])
        past = [each for each in entries if each["at"] <= now + FUTURE_S]
        if len(past) < len(entries):
            damage["future"] = len(entries) - len(past)
        return ReadHistory(past, damage)

    def _lines(self) -> "tuple[list[Entry], dict[str, int]]":
        damage: dict[str, int] = {}
        older, newer = _entries_in(self._older, damage), _entries_in(self._newer, damage)
        if not newer:
            # A power cut in the midst of a turn.
            newer = _entries_in(self._next, damage)
        # Each turn carries the sums of months on, so those of the newer file are all there are.
        months = [each for each in newer if each["kind"] == MONTH]
        return months + [each for each in older + newer if each["kind"] != MONTH], damage

    def last_sign(self) -> "float | None":
        """Return when something was written last, or the clock of a router that runs was noted."""
        try:
            return os.stat(self._newer).st_mtime
        except OSError:
            return None

    def note_alive(self) -> None:
        """Note that the router runs, in what a file system knows of a file anyway."""
        with suppress(OSError):
            os.utime(self._newer)

    def append(self, entries: "Iterable[Entry]") -> None:
        """Add entries, which are on the flash afterwards. Raises OSError."""
        self._finish_turn()
        octets = b"".join([_line(entry) for entry in entries])
        size = _size_of(self._newer)
        if size and size + len(octets) > HALF:
            self._turn()
        elif not size:
            os.makedirs(os.path.dirname(self._newer) or ".", exist_ok=True)
        _add(self._newer, octets)

    def _turn(self) -> None:
        """Let the newer file take the place of the older one."""
        old = [each for each in _entries_in(self._older, {}) if each["kind"] != MONTH]
        newer = _entries_in(self._newer, {})
        follows = [each for each in newer if each["kind"] not in (MONTH, BEGUN)][:1]
        kept = [each for each in newer if each["kind"] == MONTH]
        sums = months_of([*kept, *_by_the_clock_that_was_set(old)], follows[0]["at"] if follows else None)
        write_durably(self._next, b"".join([_line(each) for each in sums]), MODE)
        os.replace(self._newer, self._older)
        self._finish_turn()

    def _finish_turn(self) -> None:
        """Go on where a power cut has stopped a turn, which may be before it or in its midst."""
        if not os.path.exists(self._next):
            return
        if os.path.exists(self._newer):
            os.unlink(self._next)
        else:
            os.replace(self._next, self._newer)
        sync_folder(os.path.dirname(self._newer) or ".")


def _line(entry: "Entry") -> bytes:
    octets = write_json(entry).encode()
    while len(octets) > LONGEST_ENTRY:
        # As of a drill of hundreds of groups: what takes most room of it is told in part.
        key = max(entry, key=lambda each: len(write_json(entry[each])))
        entry = {**entry, key: _shortened(entry[key])}
        octets = write_json(entry).encode()
    return b"%08x %s\n" % (zlib.crc32(octets), octets)


def _shortened(value: "Any") -> "Any":
    """Return the first half of a list or a text, and of each that a mapping has."""
    if isinstance(value, dict):
        return {key: _shortened(value[key]) for key in value}
    return value[: len(value) // 2] if isinstance(value, (list, str)) else value


def _entries_in(path: str, damage: "dict[str, int]") -> "list[Entry]":
    entries: list[Entry] = []
    for line in _octets_of(path).split(b"\n"):
        _take_line(line, entries, damage)
    return entries


def _take_line(line: bytes, entries: "list[Entry]", damage: "dict[str, int]") -> None:
    if not line:
        return
    octets = line[HEAD:]
    if line[:HEAD] != b"%08x " % zlib.crc32(octets):
        damage["cut"] = damage.get("cut", 0) + 1
        return
    try:
        entries.append(check_entry(read_json(octets)))
    except (DocumentError, ValueError):
        # What is whole, and yet not known, another haven has written.
        damage[NEWER] = damage.get(NEWER, 0) + 1


def _by_the_clock_that_was_set(entries: "list[Entry]") -> "list[Entry]":
    """Return entries with the times that they have by the clock as it was set later in the same boot."""
    found = [dict(each) for each in entries]
    begun, boot = 0, None
    for place, entry in enumerate(found):
        if entry["kind"] == BEGUN and entry["boot"] != boot:
            begun, boot = place, entry["boot"]
        elif entry["kind"] == STEP:
            for earlier in found[begun:place]:
                if earlier["kind"] != MONTH:
                    earlier["at"] += entry["by"]
    return found


def _octets_of(path: str) -> bytes:
    try:
        return read_plain(path, 2 * LARGEST)
    except FileNotFoundError:
        return b""


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _add(path: str, octets: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, MODE)
    try:
        size = os.fstat(descriptor).st_size
        # A line that a power cut has ended is not to spoil the next one.
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            octets = b"\n" + octets
        if os.write(descriptor, octets) != len(octets):
            # All of it is written again later.
            os.ftruncate(descriptor, size)
            raise OSError(28, "no room is left")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
