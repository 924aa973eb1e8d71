# SPDX-License-Identifier: GPL-2.0-or-later
"""A line of keepalived.conf as words, and the comments and braces in it."""

import re

from haven.migration.origin import Origin, SourceError

_BLANKS = " \t\f\v"
_BRACE = re.compile(r'"[^"]*"?|\$\{[^}]*\}|([{}])')


def without_comment(text: str, place: Origin) -> str:
    """Return a line without its comment and the blanks around it. Raises SourceError for an open quote."""
    kept, quoted, at = [], False, 0
    while at < len(text):
        char = text[at]
        if char == '"':
            quoted = not quoted
        elif char == "\\" and at + 1 < len(text):
            kept.append(text[at + 1] if not quoted and text[at + 1] in "#!" else text[at : at + 2])
            at += 2
            continue
        elif char in "#!" and not quoted:
            break
        kept.append(char)
        at += 1
    if quoted:
        raise SourceError("quote-open", place)
    return "".join(kept).strip(" \t\r\f\v")


def split_at_braces(text: str) -> list[str]:
    """Return the parts of a line, with every '{' and '}' outside of quotes and ${...} a part of its own."""
    parts, begin = [], 0
    for found in _BRACE.finditer(text):
        if found[1]:
            parts += [text[begin : found.start()], found[1]]
            begin = found.end()
    parts.append(text[begin:])
    return [part.strip() for part in parts if part.strip()]


def words_of(text: str) -> list[str]:
    """Return the words of a line; what stands in double quotes is one."""
    words, at = [], 0
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
        elif text[at] == '"':
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            words.append(text[at + 1 : end])
            at = end + 1
        else:
            begin = at
            while at < len(text) and text[at] not in _BLANKS and text[at] != '"':
                at += 1
            words.append(text[begin:at])
    return words


def names(text: str) -> tuple[str, ...]:
    """Return the names in a row of them."""
    return tuple(text.split())
