# SPDX-License-Identifier: GPL-2.0-or-later
"""One thing that is wrong in a configuration, said so that an admin can put it right."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_SHOWN = 60


class Diagnostic:
    """A place in the configuration (line 0: the whole file) and what is wrong there."""

    def __init__(self, file: str, line: int, section: str | None, option: str | None, message: str) -> None:
        self.file = file
        self.line = line
        self.section = section
        self.option = option
        self.message = message

    def __str__(self) -> str:
        place = "%s:%d" % (self.file, self.line) if self.line else self.file
        parts = []
        if self.section:
            parts.append(self.section)
        if self.option:
            parts.append("option '%s'" % self.option)
        return ": ".join([part for part in (place, ", ".join(parts), self.message) if part])

    def __repr__(self) -> str:
        return "Problem(%r)" % str(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diagnostic) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())

    def as_dict(self) -> dict[str, object]:
        """Give the fields for a JSON document."""
        return {
            "file": self.file,
            "line": self.line,
            "section": self.section,
            "option": self.option,
            "message": self.message,
        }

    def _all(self) -> tuple[str, int, str | None, str | None, str]:
        return (self.file, self.line, self.section, self.option, self.message)


def quote(text: str) -> str:
    """Show a user's text within a one-line message, shortened and without control characters."""
    shown = "".join([_visible(char) for char in text[:_LONGEST_SHOWN]])
    return "'%s%s'" % (shown, "..." if len(text) > _LONGEST_SHOWN else "")


def _visible(char: str) -> str:
    code = ord(char)
    # U+2028 and U+2029 end a line for some log viewers; surrogates cannot be written at all.
    hidden = code < 32 or 127 <= code < 160 or code in (0x2028, 0x2029) or 0xD800 <= code < 0xE000
    return "?" if hidden else char


def suggest(word: str, known: "Iterable[str]") -> str:
    """Give "; did you mean 'x'?" for the nearest known word, or nothing."""
    nearest = near(word, known)
    return "; did you mean '%s'?" % nearest if nearest else ""


def near(word: str, known: "Iterable[str]") -> str | None:
    """Find the known word that a slip of the finger could have turned into this one."""
    found = None
    # One slip can make any single letter of any other: no guess there.
    smallest = 1 if len(word) <= 1 else 2 if len(word) <= 3 else 3
    for candidate in known:
        # The length is compared first: it bounds the work that a very long word can cause.
        if abs(len(candidate) - len(word)) < smallest:
            distance = _distance(word.lower(), candidate.lower())
            if distance < smallest:
                found, smallest = candidate, distance
    return found


def _distance(a: str, b: str) -> int:
    """Count insertions, deletions, replacements and swaps of neighbours between two words."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        above, before, row = before, row, [i]
        for j in range(1, len(b) + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + cost)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                best = min(best, above[j - 2] + 1)
            row.append(best)
    return row[len(b)]
