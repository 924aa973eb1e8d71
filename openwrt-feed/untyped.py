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

# What is made of these are types.
TYPE_MODULES = ("typing", "collections.abc")


def untyped(source: str) -> str:
    """Return the same program without annotations, and without what only they need."""
    places = _Places(source)
    tree = ast.parse(source)
    source = _cut(source, [*_annotations(tree, places), *_for_checkers(tree, places)])
    return _cut(source, list(_unused(ast.parse(source), _Places(source))))


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
    kept: set[ast.stmt] = set()
    for node in ast.walk(tree):
        if goes_by_types(node):
            # A class comes before what is in it.
            kept.update(node.body)
        if isinstance(node, ast.AnnAssign) and node in kept:
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
    """Yield `TYPE_CHECKING = False` and what it guards; what is for programs instead stays."""
    for node in tree.body:
        name = node.test if isinstance(node, ast.If) else None
        if isinstance(node, ast.Assign):
            name = node.targets[0]
        if isinstance(name, ast.Name) and name.id == "TYPE_CHECKING":
            begin, end = places.span(node)
            if isinstance(node, ast.If) and node.orelse:
                otherwise = places.source.rindex("else:", begin, places.span(node.orelse[0])[0])
                yield begin, otherwise + len("else:"), "if True:"
            else:
                yield begin, end, ""


def _unused(tree: ast.Module, places: _Places) -> Iterator[Cut]:
    """Yield types that nobody names any more, and imports that were for types alone.

    A file imports a type of another only for its own types, so that it goes there as well.
    """
    reads = [_names(node) for node in tree.body]
    of_types = {name for node in tree.body if _module(node) in TYPE_MODULES for name in _bound(node)}
    left = set(range(len(tree.body)))
    used: set[str] = set()
    gone = True
    while gone:
        # A type may be the only one that needs another, or what is imported.
        used = _offered(tree).union(*(reads[place] for place in left))
        gone = {place for place in left if _is_of_no_use(tree.body[place], of_types, used)}
        left -= gone
    for place, node in enumerate(tree.body):
        if place not in left:
            yield *places.span(node), ""
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            kept = [alias for alias in node.names if _is_kept(alias, used)]
            if len(kept) < len(node.names):
                yield *places.span(node), _import(node, kept)


def _is_of_no_use(node: ast.stmt, of_types: set[str], used: set[str]) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return not any(_is_kept(alias, used) for alias in node.names)
    return not _bound(node) & used and _is_type(node, of_types)


def _names(tree: ast.AST) -> set[str]:
    """Return the names that are read somewhere."""
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _offered(tree: ast.Module) -> set[str]:
    """Return what `__all__` says that others import from here."""
    lists = [node.value for node in tree.body if _bound(node) == {"__all__"}]
    return {each.value for found in lists for each in ast.walk(found) if isinstance(each, ast.Constant)}


def _module(node: ast.stmt) -> str | None:
    return node.module if isinstance(node, ast.ImportFrom) else None


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds, of those that can be a type's."""
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return {node.targets[0].id}
    return set()


def _is_type(node: ast.stmt, of_types: set[str]) -> bool:
    """Tell whether a statement makes a protocol, or a name for a type."""
    if isinstance(node, ast.ClassDef):
        return "Protocol" in of_types and any(_names(base) == {"Protocol"} for base in node.bases)
    return isinstance(node, ast.Assign) and bool(_names(node.value) & of_types)


def _is_kept(alias: ast.alias, used: set[str]) -> bool:
    return alias.name == "*" or (alias.asname or alias.name).partition(".")[0] in used


def _import(node: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> str:
    words = [alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in kept]
    begin = f"from {node.module} import " if isinstance(node, ast.ImportFrom) else "import "
    return begin + ", ".join(words) if words else ""


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
