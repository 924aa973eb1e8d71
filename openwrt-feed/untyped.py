# SPDX-License-Identifier: GPL-2.0-or-later
"""Python source without its types: nobody checks them on a router. Every line keeps its number."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    # What is cut out, as offsets, and what comes in its place.
    Cut = tuple[int, int, str]

# What is imported from these for the types alone goes with them.
TYPE_MODULES = ("typing", "collections.abc")


def untyped(source: str) -> str:
    """Return the same program without annotations, and without what only they need."""
    places = _Places(source)
    tree = ast.parse(source)
    cuts = [*_annotations(tree, places), *_for_checkers(tree, places)]
    without = _cut(source, cuts)
    tree = ast.parse(without)
    return _cut(without, list(_unused_imports(tree, _Places(without))))


class _Places:
    """Offsets in a source of what the parser gives as a line and an octet in it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = source.splitlines(keepends=True)
        self._begins = [0]
        for line in self._lines:
            self._begins.append(self._begins[-1] + len(line))

    def at(self, row: int, octet: int) -> int:
        line = self._lines[row - 1].encode()[:octet]
        return self._begins[row - 1] + len(line.decode())

    def span(self, node: ast.stmt | ast.expr | ast.arg) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)


def goes_by_types(node: ast.AST) -> TypeGuard[ast.ClassDef]:
    """Tell whether something is a class whose types are more than types: what makes it goes by them."""
    if not isinstance(node, ast.ClassDef):
        return False
    names = [getattr(base, "id", getattr(base, "attr", "")) for base in node.bases]
    return bool(node.decorator_list) or any(name.endswith("NamedTuple") for name in names)


def _annotations(tree: ast.Module, places: _Places) -> Iterator[Cut]:
    kept = {id(each) for node in ast.walk(tree) if goes_by_types(node) for each in node.body}
    for node in ast.walk(tree):
        if id(node) in kept and isinstance(node, ast.AnnAssign):
            continue
        if isinstance(node, ast.arg) and node.annotation is not None:
            # Its own end is that of the name in Python 3.8, where it can be given by name alone.
            yield places.span(node)[0] + len(node.arg), places.span(node.annotation)[1], ""
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            begin, end = places.span(node.returns)
            begin = places.source.rindex("->", 0, begin)
            # What is left goes on behind it.
            yield begin, end, "\\\n" * places.source.count("\n", begin, end)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield places.span(node.target)[1], places.span(node.annotation)[1], ""
        elif isinstance(node, ast.AnnAssign):
            yield *places.span(node), "pass"


def _for_checkers(tree: ast.Module, places: _Places) -> Iterator[Cut]:
    """Yield `TYPE_CHECKING = False` and what it guards."""
    for node in tree.body:
        name = node.test if isinstance(node, ast.If) else None
        if isinstance(node, ast.Assign):
            name = node.targets[0]
        if isinstance(name, ast.Name) and name.id == "TYPE_CHECKING":
            yield *places.span(node), ""


def _unused_imports(tree: ast.Module, places: _Places) -> Iterator[Cut]:
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in TYPE_MODULES:
            kept = [alias.name for alias in node.names if (alias.asname or alias.name) in used]
            text = f"from {node.module} import {', '.join(kept)}" if kept else ""
            if len(kept) < len(node.names):
                yield *places.span(node), text


def _cut(source: str, cuts: list[Cut]) -> str:
    # An annotation within what goes as a whole goes with it.
    outermost: list[Cut] = []
    for begin, end, text in sorted(cuts, key=lambda cut: (cut[0], -cut[1])):
        if not outermost or begin >= outermost[-1][1]:
            outermost.append((begin, end, text))
    for begin, end, text in reversed(outermost):
        lost = source.count("\n", begin, end) - text.count("\n")
        source = source[:begin] + text + "\n" * lost + source[end:]
    return source
