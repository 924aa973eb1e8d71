# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package puts on the router, by the lines of openwrt-feed/NAME/contents.

Their paths are from the root of the repository and of the router:

    SOURCE TARGET             a folder with all that is in it
    * SOURCE TARGET           the same as an archive
    - SOURCE                  a file that is left out
    = MODULE [WORD] TARGET    what a module of ours prints
    + CATALOGUE CODE TITLE    translations, by LuCI's code of the language, and its name there
    ^ SOURCES TARGET          what the small node needs of the sources, as MicroPython's bytecode
"""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from archives import stored_zip
from languages import translation
from slim import slim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from archives import Files

ROOT = Path(__file__).resolve().parents[1]
FEED = ROOT / "openwrt-feed"

# As `python -m`, which would also import what lies in the working folder. Annotations are not evaluated,
# because OpenWrt builds with Pythons that do not know all of them.
PRINT = """
import __future__, runpy, sys
from importlib.machinery import SourceFileLoader
lazy = __future__.annotations.compiler_flag
SourceFileLoader.source_to_code = lambda self, octets, path, **_: compile(octets, path, "exec", lazy, True)
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module(sys.argv.pop(1), None, "__main__", True)
"""


# A feed has each package for opkg and for apk.
@lru_cache
def payload(contents: Path) -> Files:
    """Return what the package installs: path on the router to octets and mode."""
    rows = [line.split() for line in contents.read_text().splitlines()]
    left_out = {ROOT / row[1] for row in rows if row[0] == "-"}
    found: Files = {}
    for source, target in (row for row in rows if row[0] not in "-=*+^"):
        for inner, octets in _below(ROOT / source, left_out):
            place = f"{target}/{inner}".lstrip("/")
            found[place] = (octets, _mode(place))
    for source, target in (row[1:] for row in rows if row[0] == "*"):
        files = {str(inner): octets for inner, octets in _below(ROOT / source, left_out)}
        found[target.lstrip("/")] = (stored_zip(files), 0o644)
    for source, code, *title in (row[1:] for row in rows if row[0] == "+"):
        found.update(translation(contents.parent.name, ROOT / source, code, " ".join(title)))
    for source, target in (row[1:] for row in rows if row[0] == "^"):
        compiled = small_modules(ROOT / source)
        found.update({f"{target}/{place}".lstrip("/"): (compiled[place], 0o644) for place in compiled})
    if not found:
        raise SystemExit(f"{contents}: nothing of it is in the repository")
    made = [row[1:] for row in rows if row[0] == "="]
    found.update({target.lstrip("/"): (_printed(words), 0o644) for *words, target in made})
    return {**found, **_kept(contents.parent, found)}


def conffiles(described: Path) -> list[str]:
    """Return what is the user's: files of the package, and folders, which end with a slash."""
    path = described / "conffiles"
    return path.read_text().splitlines() if path.exists() else []


def small_modules(sources: Path) -> dict[str, bytes]:
    """Return MicroPython's bytecode, as the package of the small node makes it."""
    sys.path.insert(0, str(FEED / "haven-micro"))
    from bytecode import modules

    return modules(sources)


def install(name: str, folder: Path) -> None:
    """Write what a package installs below a folder."""
    for place, (octets, mode) in payload(FEED / name / "contents").items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(octets)
        (folder / place).chmod(mode)


def _kept(described: Path, found: Files) -> Files:
    """Do as include/package-pack.mk: a sysupgrade is told of what is the user's and no file of ours."""
    others = [each for each in conffiles(described) if each.lstrip("/") not in found]
    text = "".join(f"{each}\n" for each in others)
    return {f"lib/upgrade/keep.d/{described.name}": (text.encode(), 0o644)} if others else {}


def _below(source: Path, left_out: set[Path]) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(source.rglob("*")):
        inner = path.relative_to(source)
        # What tools leave behind is no part of the package.
        litter = any(
            part.startswith((".", "__pycache__")) or part.endswith(".egg-info") for part in inner.parts
        )
        if path.is_file() and not litter and path not in left_out:
            yield inner, _octets(path)


def _printed(words: list[str]) -> bytes:
    argv = [sys.executable, "-I", "-B", "-c", PRINT, str(ROOT / "src"), *words]
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout


def _octets(path: Path) -> bytes:
    return slim(path.read_text()).encode() if path.suffix == ".py" else path.read_bytes()


def _mode(place: str) -> int:
    # By place, not by the work tree: another umask must not give another package.
    programs = ("usr/bin/", "usr/sbin/", "usr/libexec/", "etc/init.d/", "etc/uci-defaults/")
    # There are passwords in it.
    secret = "etc/config/"
    return 0o755 if place.startswith(programs) else 0o600 if place.startswith(secret) else 0o644
