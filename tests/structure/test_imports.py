# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may import whom: the table of folders in docs/design.md, held against the source."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/haven"
DESIGN = ROOT / "docs/design.md"

# The heavy ones; whoever is not named here does without.
HEAVY = {"pyroute2": ("plan",), "jinja2": ("plan",), "asyncio": (), "threading": ()}

# What differs between the Pythons.
PLATFORM = (
    "havend/host/cpython.py",
    "havend/host/cpython_child.py",
    "havend/host/cpython_datagrams.py",
    "havend/host/cpython_precedence.py",
    "havend/host/cpython_memory.py",
    "havend/host/libc.py",
    "core/auth/keyed_hash.py",
    "havend/host/micropython.py",
    "havend/host/micropython_child.py",
    "havend/host/micropython_socket.py",
)


def table() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return each folder's row: the folders it may import, and the modules from outside (none: any)."""
    rows = {}
    for line in DESIGN.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `src/haven/") and len(cells) == 3:
            names = [name.strip(" `.") for name in cells[2].replace(" and ", ", ").split(",")]
            names = [name for name in names if name and name != "nothing"]
            inside = tuple(name for name in names if name in FOLDERS)
            rows[cells[0].strip("`").split("/")[2]] = (
                inside,
                tuple(name for name in names if name not in FOLDERS),
            )
    return rows


FOLDERS = sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name[0] != "_")
ANY = "anything"


def files() -> list[Path]:
    """Return every source file, by its path below src/haven."""
    return sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))


def folder(path: Path) -> str:
    """Return the folder that a file is in, empty for those that every folder shares."""
    return path.parts[0] if len(path.parts) > 1 else ""


def imports(path: Path, late: bool = True) -> list[str]:
    """Return the modules that a file imports to run; with `late` those in functions, too."""
    found = set()
    waiting: list[ast.AST] = [ast.parse((SOURCE / path).read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative import"
            found.update(_modules(node))
        if late or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend(ast.iter_child_nodes(node))
    return sorted(found)


def _modules(node: ast.ImportFrom) -> list[str]:
    module = node.module or ""
    inner = [f"{module}.{alias.name}" for alias in node.names]
    return [name if _path(name) else module for name in inner]


def _path(module: str) -> Path | None:
    if module != "haven" and not module.startswith("haven."):
        return None
    place = SOURCE.joinpath(*module.split(".")[1:])
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path.relative_to(SOURCE)
    return None


def test_every_folder_has_a_row_and_every_row_a_folder():
    assert sorted(table()) == FOLDERS


def test_every_exception_is_a_file():
    assert [name for name in PLATFORM if not (SOURCE / name).is_file()] == []


def test_no_file_imports_what_its_folder_may_not():
    rows, wrong = table(), []
    for path in files():
        if folder(path):
            inside, outside = rows[folder(path)]
            wrong += [
                f"{path} imports {name}"
                for name in imports(path)
                if not _allowed(path, name, inside, outside)
            ]
    assert wrong == []


def _allowed(path: Path, name: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> bool:
    top = name.split(".")[0]
    if top in HEAVY:
        return folder(path) in HEAVY[top]
    found = _path(name)
    if found is not None:
        return folder(found) in ("", folder(path), *inside)
    return top in outside or ANY in outside or str(path) in PLATFORM


def test_what_every_folder_shares_needs_no_folder():
    # launch.py names the programs, and imports the one that is asked for.
    shared = [path for path in files() if not folder(path)]
    found = {
        str(path): [name for name in imports(path) if (at := _path(name)) and folder(at)] for path in shared
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_folders_stand_above_each_other():
    """An arrow up would be one that closes a circle of folders."""
    rows = {name: set(inside) for name, (inside, _outside) in table().items()}
    while rows:
        lowest = [name for name, inside in rows.items() if not inside & set(rows)]
        assert lowest, f"a circle of folders: {sorted(rows)}"
        for name in lowest:
            del rows[name]


def test_no_file_is_in_a_circle_of_imports():
    arrows = {path: {at for name in imports(path, late=False) if (at := _path(name))} for path in files()}
    left = {path: targets - {path} for path, targets in arrows.items()}
    while left:
        free = [path for path, targets in left.items() if not targets & set(left)]
        if not free:
            break
        for path in free:
            del left[path]
    assert sorted(map(str, left)) == [], "these import each other, or what does"


def test_havend_asks_no_error_for_what_micropythons_has_not():
    """Why the kernel refused something is told by failure_reason.py; an OSError there has no `strerror`."""
    found = [
        f"{path}:{node.lineno}"
        for path in files()
        if folder(path) in ("core", "contract", "havend") and str(path) not in PLATFORM
        for node in ast.walk(ast.parse((SOURCE / path).read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "strerror"
    ]
    assert found == []


def test_types_alone_make_no_circle_either():
    """Two files that know each other's types know each other."""
    arrows = {path: _with_types(path) - {path} for path in files()}
    pairs = [
        f"{one} and {other}"
        for one, targets in arrows.items()
        for other in targets
        if one < other and one in arrows[other]
    ]
    assert pairs == []


def _with_types(path: Path) -> set[Path]:
    found = set()
    for node in ast.walk(ast.parse((SOURCE / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {at for name in _modules(node) if (at := _path(name))}
    return found
