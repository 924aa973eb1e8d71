# SPDX-License-Identifier: GPL-2.0-or-later
"""Python source for a router's flash: what only a reader needs is left out, every line keeps its number.

Types, comments and docstrings go and indentation shrinks; a traceback from a router still points into the
repository's files.
"""

from __future__ import annotations

import ast
import io
import token as kinds
import tokenize

from untyped import untyped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LICENSE = "# SPDX-License-Identifier:"
# Python 3.12 and later take strings with fields apart.
FSTRING_START = getattr(kinds, "FSTRING_START", None)
FSTRING_END = getattr(kinds, "FSTRING_END", None)


def slim(source: str) -> str:
    """Return the same program on the same lines in fewer octets."""
    source = untyped(source)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.split("\n")
    for token in tokens:
        if token.type == tokenize.COMMENT and not token.string.startswith(LICENSE):
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    depths, inside = _depths(tokens), _inside_strings(tokens)
    for row, line in enumerate(lines, 1):
        if row not in inside:
            # Lines that go on with a statement need no indentation at all.
            lines[row - 1] = " " * depths.get(row, 0) + line.lstrip()
    for first, last, alone in _docstrings(ast.parse(source)):
        lines[first - 1 : last] = [" " * depths[first] + "pass" if alone else ""] + [""] * (last - first)
    return "\n".join(lines)


def _depths(tokens: list[tokenize.TokenInfo]) -> dict[int, int]:
    """Return how deep each line is that begins a statement."""
    found: dict[int, int] = {}
    depth, begins = 0, True
    for token in tokens:
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type == tokenize.NEWLINE:
            begins = True
        elif begins and token.type not in (tokenize.NL, tokenize.COMMENT):
            found[token.start[0]] = depth
            begins = False
    return found


def _inside_strings(tokens: list[tokenize.TokenInfo]) -> set[int]:
    """Return the lines that begin within a string: their white space is part of it."""
    found: set[int] = set()
    open_since: list[int] = []
    for token in tokens:
        first, last = token.start[0], token.end[0]
        if token.type == FSTRING_START:
            open_since.append(first)
        elif token.type == FSTRING_END:
            found.update(range(open_since.pop() + 1, last + 1))
        elif token.type == tokenize.STRING:
            found.update(range(first + 1, last + 1))
    return found


def _docstrings(tree: ast.Module) -> list[tuple[int, int, bool]]:
    """Return the first and last line of each docstring, and whether nothing else is in its body."""
    found = []
    for node in _blocks(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            value = first.value if isinstance(first, ast.Expr) else None
            if first and isinstance(value, ast.Constant) and isinstance(value.value, str):
                alone = len(node.body) == 1 and not isinstance(node, ast.Module)
                found.append((first.lineno, first.end_lineno or first.lineno, alone))
    return found


def _blocks(node: ast.AST) -> Iterator[ast.AST]:
    """Yield something and each statement below it; no function is within an expression."""
    yield node
    for field in ("body", "handlers", "orelse", "finalbody"):
        below = getattr(node, field, [])
        for each in below if isinstance(below, list) else []:
            yield from _blocks(each)
