# SPDX-License-Identifier: GPL-2.0-or-later
"""The Pythons of other processors, where tests/machines/pythons.sh has put them, and how each is run."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(os.environ.get("HAVEN_PYTHONS") or Path.home() / ".haven-pythons")
# Of the C library the machine has its own, which fits its loader.
OWN_LIBRARIES = ("libc", "libm", "libpthread", "libdl", "librt")
# Debian's name, qemu's, and what is different from this machine.
PROCESSORS = (
    ("s390x", "s390x", "64, big-endian"),
    ("i386", "i386", "32, little-endian"),
    ("armhf", "arm", "32, little-endian"),
)
VERSION = "import sys; print('%d.%d.%d' % sys.version_info[:3])"


@dataclass(frozen=True)
class Interpreter:
    """A Python: whose it is, and the words that start it."""

    processor: str
    kind: str
    argv: tuple[str, ...]
    # Whether programs that it starts run, too: the kernel knows no other processor's.
    starts_programs: bool = True
    library_path: str = ""

    def environment(self, *paths: Path) -> dict[str, str]:
        """Tell the environment in which it finds haven, the tests and what they need."""
        found = [str(path) for path in (*paths, FOLDER / "pure")]
        more = {"LD_LIBRARY_PATH": self.library_path} if self.library_path else {}
        return {**os.environ, **more, "PYTHONPATH": ":".join(found), "PYTHONDONTWRITEBYTECODE": "1"}

    def version(self) -> str:
        """Ask it for its version; nothing from one that does not run."""
        done = subprocess.run(
            [*self.argv, "-c", VERSION], capture_output=True, text=True, env=self.environment(), check=False
        )
        return done.stdout.strip()


def interpreters() -> list[Interpreter]:
    """List those that are here and run."""
    found = [_interpreter(*row) for row in PROCESSORS if (FOLDER / row[0] / "root").is_dir()]
    return [each for each in found if each.version()]


def _interpreter(name: str, emulator: str, kind: str) -> Interpreter:
    root = FOLDER / name / "root"
    program = str(root / "usr/bin/python3.11")
    native = Interpreter(name, kind, (program,), True, _libraries(root, name))
    if name == "i386" and native.version():
        return native
    qemu = shutil.which(f"qemu-{emulator}-static") or f"qemu-{emulator}-static"
    return Interpreter(name, kind, (qemu, "-L", str(root), program), False)


def _libraries(root: Path, name: str) -> str:
    if name != "i386":
        return ""
    folder = root.parent / "libraries"
    folder.mkdir(exist_ok=True)
    for path in sorted(root.glob("**/i386-linux-gnu/lib*.so*")):
        if path.name.split(".")[0].rstrip("-0123456789") not in (
            "libc",
            "libm",
            "libpthread",
            "libdl",
            "librt",
        ):
            shutil.copyfile(path.resolve(), folder / path.name)
    return str(folder)
