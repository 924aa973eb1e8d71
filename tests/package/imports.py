# SPDX-License-Identifier: GPL-2.0-or-later
"""Which modules programs need, read from source, and in which packages OpenWrt has them.

    python3 imports.py FOLDER [MODULE...]

prints the packages for all programs below FOLDER, and for more modules, with this Python's library.
"""

import ast
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

# OpenWrt's split of the standard library (lang/python/python3/files/python3-package-*.mk of 23.05, 24.10
# and main); what is not named is in python3-light.
SPLIT = {
    "python3-asyncio": ("asyncio",),
    "python3-cgi": ("cgi",),
    "python3-cgitb": ("cgitb",),
    "python3-codecs": ("unicodedata", "_codecs_cn", "_codecs_hk", "_codecs_jp", "_codecs_kr", "_codecs_tw"),
    "python3-ctypes": ("ctypes", "_ctypes"),
    "python3-dbm": ("dbm", "_dbm", "_gdbm"),
    "python3-decimal": ("decimal", "_decimal"),
    "python3-distutils": ("distutils",),
    "python3-email": ("email",),
    "python3-lib2to3": ("lib2to3",),
    "python3-logging": ("logging",),
    "python3-lzma": ("lzma", "_lzma"),
    "python3-multiprocessing": ("multiprocessing", "_multiprocessing"),
    "python3-ncurses": ("curses", "_curses", "_curses_panel"),
    "python3-openssl": ("_hashlib", "_ssl"),
    "python3-pydoc": ("doctest", "pydoc", "pydoc_data"),
    "python3-readline": ("readline",),
    "python3-sqlite3": ("sqlite3", "_sqlite3"),
    "python3-unittest": ("unittest",),
    "python3-urllib": ("urllib",),
    "python3-uuid": ("uuid", "_uuid"),
    "python3-venv": ("venv", "ensurepip"),
    "python3-xml": ("xml", "xmlrpc", "_elementtree", "pyexpat"),
    "python3-jinja2": ("jinja2",),
    "python3-pyroute2": ("pyroute2",),
    "python3-netfilterqueue": ("netfilterqueue",),
    "python3-ubus": ("ubus",),
}
PACKAGE = {module: package for package, modules in SPLIT.items() for module in modules}


def package_of(module: str) -> str:
    """Name the package that a module is in."""
    return PACKAGE.get(module.partition(".")[0], "python3-light")


def imported(source: str, package: str, everywhere: bool) -> set[str]:
    """Return what a file imports: everywhere in it, or only on being imported itself, without fail."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(_from(node, package))
        elif _is_for_types(node) or (not everywhere and _is_for_program(node)):
            waiting.extend(node.orelse)
        elif everywhere or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try)):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _from(node: ast.ImportFrom, package: str) -> set[str]:
    words = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    base = ".".join([*words, *([node.module] if node.module else [])])
    return {base, *(f"{base}.{alias.name}" for alias in node.names)}


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_for_program(node: ast.AST) -> bool:
    # heapq, started as a program, tests itself.
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def needs_of_library(modules: set[str], library: Path) -> set[str]:
    """Return the modules with all that those of the standard library import in their turn."""
    seen: set[str] = set()
    waiting = sorted(modules)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = _file(module, library)
        if path is not None:
            inner = module if path.name == "__init__.py" else module.rpartition(".")[0]
            waiting.extend(imported(path.read_text(), inner, everywhere=False))
            waiting.extend([module.rpartition(".")[0]] if "." in module else [])
    return seen


def _file(module: str, library: Path) -> Path | None:
    place = library.joinpath(*module.split("."))
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def programs(folder: Path) -> Iterator[str]:
    """Return the source of every program and module below a folder, also of those in archives."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                yield from (archive.read(name).decode() for name in archive.namelist() if name[-3:] == ".py")
        elif path.suffix == ".py" or path.read_bytes().startswith(b"#!/usr/bin/python3"):
            yield path.read_text()


def needs(folder: Path, more: list[str]) -> set[str]:
    """Return the packages that the programs below a folder need."""
    modules = set(more)
    for source in programs(folder):
        modules |= imported(source, "haven", everywhere=True)
    outside = {module for module in modules if module.partition(".")[0] != "haven"}
    # Packages of others name their own dependencies.
    ours = {module for module in outside if module.partition(".")[0] in sys.stdlib_module_names}
    found = (outside - ours) | needs_of_library(ours, Path(sysconfig.get_path("stdlib")))
    return {package_of(module) for module in found}


if __name__ == "__main__":
    print(" ".join(sorted(needs(Path(sys.argv[1]), sys.argv[2:]))))
