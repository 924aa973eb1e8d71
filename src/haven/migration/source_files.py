# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a user's files within bounds: how large, how many, how deep one includes another."""

import glob
import os

from haven.config.spelling import visible
from haven.migration.origin import Origin, SourceError
from haven.plain_file import TOO_BIG, read_plain

# A thousand virtual routers, with comments, have a quarter of this.
LARGEST = 1 << 20
MOST_FILES = 500
MOST_OCTETS = 4 << 20
DEEPEST = 16
# '/*/*/*/*' would walk through the whole machine.
MOST_WILDCARDS = 2


class SourceFiles:
    """Gives files as lines, and counts what has been read so far."""

    def __init__(self) -> None:
        self._files = 0
        self._octets = 0

    def lines(self, path: str, asked: Origin | None = None) -> list[str]:
        """Return the lines of a file, which was asked for there. Raises SourceError."""
        place = asked or Origin(path)
        octets = self._read(path, place)
        self._files += 1
        self._octets += len(octets)
        if self._files > MOST_FILES:
            raise SourceError("files-many", place, most=MOST_FILES)
        if self._octets > MOST_OCTETS:
            raise SourceError("files-large", place, most=MOST_OCTETS)
        nul = octets.find(b"\0")
        if nul >= 0:
            raise SourceError("file-binary", Origin(path, octets.count(b"\n", 0, nul) + 1))
        # Comments are in whatever their writer had; names and addresses are ASCII.
        return octets.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")

    def _read(self, path: str, place: Origin) -> bytes:
        try:
            return read_plain(path, LARGEST)
        except (OSError, ValueError) as why:
            if isinstance(why, OSError) and why.errno == TOO_BIG:
                raise SourceError("file-large", place, file=visible(path), most=LARGEST) from None
            reason = why.strerror if isinstance(why, OSError) else str(why)
            raise SourceError("file-unreadable", place, file=visible(path), error=reason) from None

    def matching(self, pattern: str, folder: str, place: Origin) -> list[str]:
        """Return the files that an include names, relative to a folder. Raises SourceError."""
        patterns = [os.path.join(folder, each) for each in braces_expanded(pattern)]
        if any(
            sum(bool(set("*?[") & set(part)) for part in each.split("/")) > MOST_WILDCARDS
            for each in patterns
        ):
            raise SourceError("include-wide", place, pattern=visible(pattern), most=MOST_WILDCARDS)
        found: list[str] = []
        for each in patterns:
            found += sorted(_some(each))
        if len(found) > MOST_FILES:
            raise SourceError("files-many", place, most=MOST_FILES)
        return found


def _some(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        return [pattern]
    found = []
    for path in glob.iglob(pattern):
        found.append(path)
        if len(found) > MOST_FILES:
            break
    return found


def braces_expanded(pattern: str) -> list[str]:
    """Return what csh makes of one pair of braces after the other, innermost first; 500 at most."""
    waiting, done = [pattern], list[str]()
    while waiting and len(waiting) + len(done) <= MOST_FILES:
        text = waiting.pop(0)
        end = text.find("}")
        begin = text.rfind("{", 0, end) if end >= 0 else -1
        if begin < 0:
            done.append(text)
            continue
        middle = text[begin + 1 : end].split(",")
        waiting += [text[:begin] + each + text[end + 1 :] for each in middle]
    return done
