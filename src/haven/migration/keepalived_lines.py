# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived.conf by lines: includes, @conditions, $parameters, ~SEQ and ~LST as keepalived has them."""

import os
import re
from collections import deque
from typing import NamedTuple

from haven.config.spelling import visible
from haven.migration.keepalived_words import without_comment
from haven.migration.origin import Origin, SourceError
from haven.migration.source_files import DEEPEST, SourceFiles

# What parameters and sequences make of a file; a hundred times what a large one has.
MOST_LINES = 100_000
LONGEST_LINE = 8192
MOST_REPLACED = 1000

_DEFINITION = re.compile(r"\$([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)", re.S)
_PARAMETER = re.compile(r"\$(?:\{(\w+)(?: [^}]*)?\}|(\w+)(?=[ \t]|$))")
_INCLUDE = re.compile(r"include[rmwba]?[ \t]+(.+)")
_SEQUENCE = re.compile(r"~SEQ(x?)[ \t]*\([ \t]*(\w+)[ \t]*,([^)]*)\)[ \t]*(.*)", re.S)
_LIST = re.compile(r"~LST[ \t]*\(([^)]*)\)[ \t]*(.*)", re.S)


class ConfLine(NamedTuple):
    """A line without comments, and where it stands."""

    place: Origin
    text: str


class _Waiting(NamedTuple):
    """A line that was made by an expansion, and what its parameters are set to before it is read."""

    place: Origin
    text: str
    settings: tuple[tuple[str, str], ...] = ()


class _Frame:
    """A file that is being read, and those that the same include names after it."""

    def __init__(self, paths: list[str], asked: Origin | None) -> None:
        self.path = ""
        self.lines: list[str] = []
        self.at = 0
        self.rest = paths
        self.asked = asked


class KeepalivedLines:
    """Hands out one line after the other. Raises SourceError."""

    def __init__(self, files: SourceFiles, path: str, config_id: str) -> None:
        self._files = files
        self._config_id = config_id
        self._parameters: dict[str, str] = {"_INSTANCE": config_id, "_HASH": "#", "_BANG": "!"}
        self._frames: list[_Frame] = []
        self._waiting: deque[_Waiting] = deque()
        self._count = 0
        # What lines are for, and whether any was for this router.
        self.conditions: set[str] = set()
        self.is_meant = False
        self._include([path], None)

    def __iter__(self) -> "KeepalivedLines":
        return self

    def __next__(self) -> ConfLine:
        """Return the next line that keepalived would act on."""
        while True:
            raw = self._raw()
            if raw is None:
                raise StopIteration
            text = self._processed(raw)
            if text:
                return ConfLine(raw.place, text)

    def _include(self, paths: list[str], asked: Origin | None) -> None:
        if len(self._frames) >= DEEPEST:
            raise SourceError("include-deep", asked or Origin(paths[0]), most=DEEPEST)
        if paths:
            self._frames.append(_Frame(paths, asked))
            self._open(self._frames[-1])

    def _open(self, frame: _Frame) -> None:
        path = frame.rest[0]
        others = [os.path.realpath(each.path) for each in self._frames if each is not frame]
        if os.path.realpath(path) in others:
            raise SourceError("include-loop", frame.asked or Origin(path), file=visible(path))
        lines = self._files.lines(path, frame.asked)
        frame.path, frame.lines, frame.at, frame.rest = path, lines, 0, frame.rest[1:]

    def _raw(self) -> _Waiting | None:
        self._count += 1
        if self._waiting:
            waiting = self._waiting.popleft()
            self._parameters.update(waiting.settings)
            self._check_count(waiting.place)
            return waiting
        return self._next_of_file()

    def _check_count(self, place: Origin) -> None:
        if self._count > MOST_LINES:
            raise SourceError("lines-many", place, most=MOST_LINES)

    def _next_of_file(self) -> _Waiting | None:
        while self._frames:
            frame = self._frames[-1]
            if frame.at < len(frame.lines):
                frame.at += 1
                place = Origin(frame.path, frame.at)
                self._check_count(place)
                text = frame.lines[frame.at - 1]
                if len(text) > LONGEST_LINE:
                    raise SourceError("line-long", place, most=LONGEST_LINE)
                return _Waiting(place, without_comment(text, place))
            if frame.rest:
                self._open(frame)
            else:
                self._frames.pop()
        return None

    def _processed(self, raw: _Waiting) -> str:
        """Return what is left for the blocks; definitions, includes and sequences leave nothing."""
        text, place = raw.text, raw.place
        for _ in range(MOST_REPLACED):
            text = self._conditional(text)
            if not text or self._is_definition(text, place) or self._is_sequence(text, place):
                return ""
            replaced = self._replaced(text, place)
            if replaced is None:
                return ""
            if replaced == text:
                return "" if self._is_include(text, place) else text
            text = replaced
        raise SourceError("parameter-endless", place)

    def _conditional(self, text: str) -> str:
        while text.startswith("@"):
            word, _, rest = text[1:].replace("\t", " ").partition(" ")
            inverted = word.startswith("^")
            meant = word.lstrip("^") == self._config_id
            self.conditions.add(word.lstrip("^"))
            self.is_meant = self.is_meant or meant
            if meant == inverted:
                return ""
            text = rest.strip()
        return text

    def _is_definition(self, text: str, place: Origin) -> bool:
        found = _DEFINITION.fullmatch(text)
        if not found:
            return False
        name, value = found[1], found[2]
        lines = [value]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1].rstrip()
            following = self._raw()
            if following is None:
                break
            lines.append(following.text)
        self._parameters[name] = "\n".join(line for line in lines if line)
        if sum(map(len, self._parameters.values())) > MOST_LINES * 10:
            raise SourceError("parameter-endless", place)
        return True

    def _is_include(self, text: str, place: Origin) -> bool:
        found = _INCLUDE.fullmatch(text)
        if not found:
            return False
        # keepalived takes it as relative to the file that it stands in.
        folder = os.path.dirname(place.file)
        self._include(self._files.matching(found[1].strip('"'), folder, place), place)
        return True

    def _is_sequence(self, text: str, place: Origin) -> bool:
        if not text.startswith("~"):
            return False
        made = self._sequence(text, place) if text.startswith("~SEQ") else self._list(text, place)
        if made is None:
            raise SourceError("sequence-wrong", place, text=visible(text))
        self._waiting.extendleft(reversed(made))
        return True

    def _sequence(self, text: str, place: Origin) -> list[_Waiting] | None:
        found = _SEQUENCE.fullmatch(text)
        if not found:
            return None
        numbers = self._numbers(self._replaced(found[3], place) or "")
        if not numbers or len(numbers) > MOST_LINES:
            return None
        shown = "%x" if found[1] else "%d"
        return [_Waiting(place, found[4], ((found[2], shown % each),)) for each in numbers]

    @staticmethod
    def _numbers(text: str) -> "range | None":
        try:
            given = [int(each.strip(), 0) for each in text.split(",")]
        except ValueError:
            return None
        if len(given) == 1:
            given = [-1 if given[0] < 0 else 1, *given]
        if len(given) == 2:
            given.insert(1, 1 if given[0] <= given[1] else -1)
        if len(given) != 3 or not given[1]:
            return None
        start, step, end = given
        return range(start, end + (1 if step > 0 else -1), step)

    def _list(self, text: str, place: Origin) -> list[_Waiting] | None:
        found = _LIST.fullmatch(text)
        if not found:
            return None
        items = re.findall(r"\{([^{}]*)\}|([^\s,{}]+)", found[1])
        rows = [[each.strip() for each in (inner or single).split(",")] for inner, single in items]
        names = rows[0] if rows else []
        if len(rows) < 2 or any(len(row) != len(names) for row in rows):
            return None
        return [_Waiting(place, found[2], tuple(zip(names, row, strict=True))) for row in rows[1:]]

    def _replaced(self, text: str, place: Origin) -> str | None:
        """Return a line with one parameter replaced, or None where that makes several lines of it."""
        for found in _PARAMETER.finditer(text):
            value = self._value(found[1] or found[2], place)
            if value is None:
                continue
            text = text[: found.start()] + value + text[found.end() :]
            if len(text) > MOST_LINES:
                raise SourceError("parameter-endless", place)
            if "\n" not in text:
                return text if len(text) <= LONGEST_LINE else self._too_long(place)
            self._waiting.extendleft(_Waiting(place, each) for each in reversed(text.split("\n")))
            return None
        return text

    @staticmethod
    def _too_long(place: Origin) -> str:
        raise SourceError("line-long", place, most=LONGEST_LINE)

    def _value(self, name: str, place: Origin) -> str | None:
        if name == "_PWD":
            return os.path.dirname(os.path.abspath(place.file))
        return self._parameters.get(name)
