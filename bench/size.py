# SPDX-License-Identifier: GPL-2.0-or-later
"""What haven needs beside itself, on flash: Python, compiled as on OpenWrt, pyroute2, jinja2, conntrackd.

Measured on Debian's programs: as files, packed as an image packs them (squashfs: xz, 256 KiB a block), and
as a file system does that compresses what is installed later (zlib, a page of 4 KiB).
"""

import importlib.util
import lzma
import marshal
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.table import Comparison

MB = 1_000_000
PYTHON = Path("/usr/bin/python3")
MODULES = ("pyroute2", "jinja2", "markupsafe")
# Of the standard library OpenWrt's python3 leaves these out, or has them in packages of their own.
LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "lib2to3", "ensurepip", "turtledemo", "venv", "pydoc_data"}
LEFT_OUT |= {"site-packages", "dist-packages", "__pycache__", "distutils", "turtle.py"}
# The C library is on every router.
EVERYWHERE = ("libc.so", "libm.so", "libpthread", "libdl", "librt", "ld-linux")


def sizes(_runs: int) -> Iterator[Comparison]:
    """Measure what haven depends on, one part after the other, and all of it."""
    library = _library()
    python = _modules(library) | _with_libraries(PYTHON, *sorted(library.glob("lib-dynload/*.so")))
    parts = {"Python": python, "pyroute2 and jinja2": {}}
    for name in MODULES:
        parts["pyroute2 and jinja2"] |= _package(name)
    conntrackd = shutil.which("conntrackd")
    if conntrackd:
        parts["conntrackd"] = _with_libraries(Path(conntrackd))
    total = [0.0, 0.0, 0.0]
    for name, files in parts.items():
        taken = _taken(b"".join(files.values()))
        total = [one + other for one, other in zip(total, taken, strict=True)]
        yield from _rows(name, taken)
    yield from _rows("all of it", total)


def _rows(name: str, taken: list[float]) -> Iterator[Comparison]:
    for what, figure in zip(("files", "in an image", "installed later"), taken, strict=True):
        yield Comparison(f"{name}: {what}", "MB", [figure])


def _taken(whole: bytes) -> list[float]:
    packed = _packed(whole, 262144, lzma.compress), _packed(whole, 4096, zlib.compress)
    return [octets / MB for octets in (len(whole), *packed)]


def _library() -> Path:
    """Tell where Debian's Python has its standard library."""
    ask = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"]
    return Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())


def _package(name: str) -> dict[str, bytes]:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise SystemExit(f"the Python module {name} is not installed")
    return _modules(Path(found.origin).parent)


def _modules(folder: Path) -> dict[str, bytes]:
    """Compile what is Python, take extension modules as they are."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or LEFT_OUT & set(path.relative_to(folder).parts):
            continue
        if path.suffix == ".py":
            files[str(path)] = marshal.dumps(compile(path.read_bytes(), path.name, "exec", dont_inherit=True))
        elif path.suffix == ".so":
            files[str(path)] = path.read_bytes()
    return files


def _with_libraries(*programs: Path) -> dict[str, bytes]:
    """Take programs and the shared libraries that they load."""
    paths = {program.resolve() for program in programs}
    for program in programs:
        lines = subprocess.run(["ldd", str(program)], capture_output=True, text=True).stdout.splitlines()
        words = [word for line in lines for word in line.split() if word.startswith("/")]
        paths |= {Path(word).resolve() for word in words if not any(name in word for name in EVERYWHERE)}
    return {str(path): path.read_bytes() for path in sorted(paths)}


def _packed(whole: bytes, block: int, compress: Callable[[bytes], bytes]) -> int:
    blocks = [whole[at : at + block] for at in range(0, len(whole), block)]
    return sum(min(len(each), len(compress(each))) for each in blocks)
