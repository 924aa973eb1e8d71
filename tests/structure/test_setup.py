# SPDX-License-Identifier: GPL-2.0-or-later
"""What is installed for what: the demo needs what it shows, and no browser; and that every test is run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SETUP = TESTS / "setup.sh"
RECORDER = '#!/bin/sh\necho "$0 $*" >>"$RECORD"\n'


def _installed_for(folder: Path, *names: str, apt_get: str = RECORDER) -> set[str]:
    """Tell what apt-get is asked for on a machine that has next to nothing in its PATH."""
    _run(folder, *names, apt_get=apt_get)
    words = (folder / "record").read_text().split()
    return {word for word in words if not word.startswith(("-", "/")) and word not in ("update", "install")}


def _run(folder: Path, *names: str, apt_get: str) -> "subprocess.CompletedProcess[str]":
    record = folder / "record"
    record.touch()
    for name, text in (("apt-get", apt_get), ("id", "#!/bin/sh\necho 0\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = {"PATH": str(folder), "PYTHON": sys.executable, "RECORD": str(record)}
    shell = next(path for path in ("/bin/sh", "/usr/bin/sh") if os.access(path, os.X_OK))
    argv = [shell, str(SETUP), *names]
    return subprocess.run(argv, env=environment, check=True, capture_output=True, text=True)


def test_the_demo_needs_no_browser(tmp_path: Path) -> None:
    assert _installed_for(tmp_path, "demo") <= {"iproute2", "nftables", "python3-venv"}


def test_the_tests_need_more(tmp_path: Path) -> None:
    assert {"chromium", "npm", "frr"} <= _installed_for(tmp_path, "demo", "tests")


def test_neighbours_that_cannot_be_had_stop_nothing(tmp_path: Path) -> None:
    refusing = RECORDER + 'case "$*" in *frr*) exit 100 ;; esac\n'
    assert {"npm", "frr"} <= _installed_for(tmp_path, "tests", apt_get=refusing)


def test_it_says_in_a_line_what_has_come_with_what_was_asked_for(tmp_path: Path) -> None:
    for name in ("grep", "cat"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    there = tmp_path / "there"
    there.write_text("bash\nzlib1g\n")
    (tmp_path / "dpkg-query").write_text(f"#!/bin/sh\ncat {there}\n")
    (tmp_path / "dpkg-query").chmod(0o755)
    adds = f'case "$1" in install) echo Unpacking; echo "libmnl0\nnftables" >>{there} ;; esac\n'
    said = _run(tmp_path, "tests", apt_get=RECORDER + adds).stdout
    assert said == "haven: installed: libmnl0 nftables\n"


def test_make_runs_the_tests_of_every_folder() -> None:
    recipes = (TESTS.parent / "Makefile").read_text().split()
    folders = {path.parent.relative_to(TESTS.parent).as_posix() for path in TESTS.glob("**/test_*.py")}
    assert {folder for folder in folders if folder not in recipes} == set()
