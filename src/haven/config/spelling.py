# SPDX-License-Identifier: GPL-2.0-or-later
"""A user's words in a message: made visible, and compared with the words that are known."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_LONGEST_SHOWN = 60


def visible(text: str) -> str:
    """Return a user's text for a one-line message, shortened and without control characters."""
    shown = "".join([_visible(char) for char in text[:_LONGEST_SHOWN]])
    return shown + ("..." if len(text) > _LONGEST_SHOWN else "")


def _visible(char: str) -> str:
    code = ord(char)
    # U+2028 and U+2029 end a line for some log viewers; surrogates cannot be written at all.
    hidden = code < 32 or 127 <= code < 160 or code in (0x2028, 0x2029) or 0xD800 <= code < 0xE000
    return "?" if hidden else char


def suggestion(word: str, known: "Iterable[str]") -> "dict[str, Any]":
    """Return the fact `suggestion` with the nearest known word, or no fact."""
    nearest = near(word, known)
    return {"suggestion": nearest} if nearest else {}


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
