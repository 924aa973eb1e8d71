# SPDX-License-Identifier: GPL-2.0-or-later
"""Flash that takes its time for each read, with Python and haven on it, and a node that runs from there."""

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tests.lab.haven_node import SOURCES, HavenNode

SIZE_MB = 160
# What havend maps and reads.
LIBRARY = Path(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME"))
PARTS = tuple(
    part
    for part in (Path(sys.executable).resolve(), LIBRARY, Path(sysconfig.get_path("stdlib")), SOURCES)
    if part.exists()
)
LEFT_OUT = shutil.ignore_patterns("test", "tests", "site-packages", "dist-packages", "config-*", "ensurepip")
# They take the place of this machine's for what runs in the same mount namespace, which then joins a group.
THERE = 'for each in %s; do mount --bind "%s$each" "$each"; done; echo $$ >%s/cgroup.procs; exec "$@"'


@contextlib.contextmanager
def slow_flash(folder: Path, delay_ms: int) -> Iterator[Path]:
    """Make a file system with a copy of Python and haven, whose reads take so long; yield its root."""
    name, image, root = f"haven-{os.getpid()}", folder / "flash.img", folder / "flash"
    root.mkdir()
    with open(image, "wb") as file:
        file.truncate(SIZE_MB << 20)
    # Whatever fails, what was made before it goes.
    with contextlib.ExitStack() as made:
        device = _word("losetup", "--find", "--show", str(image))
        made.callback(_undo, "losetup", "-d", device)
        _word("mkfs.ext4", "-q", device)
        _fill(device, root)
        sectors = _word("blockdev", "--getsz", device)
        _word("dmsetup", "create", name, "--table", f"0 {sectors} delay {device} 0 {delay_ms}")
        made.callback(_undo, "dmsetup", "remove", "--retry", name)
        # Nobody makes devices where there is no udev.
        _word("dmsetup", "mknodes", name)
        _word("mount", "-o", "ro", f"/dev/mapper/{name}", str(root))
        made.callback(_undo, "umount", str(root))
        yield root


def _fill(device: str, root: Path) -> None:
    _word("mount", device, str(root))
    try:
        for part in PARTS:
            _copy(part, root / str(part).lstrip("/"))
    finally:
        _undo("umount", str(root))


def _undo(*argv: str) -> None:
    subprocess.run(argv, check=False)


def on_flash(root: Path, group: Path) -> type[HavenNode]:
    """Return the kind of node that runs from there, as a member of a control group."""

    class SlowFlashNode(HavenNode):
        def command(self) -> list[str]:
            parts = " ".join(str(part) for part in PARTS)
            return ["sh", "-ec", THERE % (parts, root, group), "sh", *super().command()]

    return SlowFlashNode


def _copy(what: Path, where: Path) -> None:
    where.parent.mkdir(parents=True, exist_ok=True)
    if what.is_dir():
        shutil.copytree(what, where, symlinks=True, ignore=LEFT_OUT)
    else:
        shutil.copy2(what, where)


def _word(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
