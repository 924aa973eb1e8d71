# SPDX-License-Identifier: GPL-2.0-or-later
"""The release archive: twice the same octets, of what git knows, and its hash where the SDK looks for it."""

import hashlib
import lzma
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from haven import VERSION
from tests.package.conftest import ROOT
from tests.package.pythons import BUILDERS
from tests.package.sdk import FEED

PROGRAM = FEED / "dist.py"


def _dist(folder: Path, python: str = sys.executable, root: Path = ROOT) -> tuple[Path, str]:
    folder.mkdir(exist_ok=True)
    makefile = folder / "Makefile"
    makefile.write_text((FEED / "haven/Makefile").read_text())
    argv = [python, str(root / PROGRAM.relative_to(ROOT)), str(folder), str(makefile)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    (written,) = re.findall(r"^PKG_HASH:=(.*)$", makefile.read_text(), re.MULTILINE)
    assert said[1] == written
    return Path(said[0]), written


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The archive, and its hash."""
    return _dist(tmp_path_factory.mktemp("released"))


@pytest.mark.parametrize("version", sorted(BUILDERS))
def test_it_is_the_same_each_time(version: str, released: tuple[Path, str], tmp_path: Path):
    first, hash_ = released
    second, again = _dist(tmp_path / "second", BUILDERS[version])
    assert first.name == f"haven-{VERSION}.tar.xz" and hash_ == again
    assert first.read_bytes() == second.read_bytes()
    assert hash_ == hashlib.sha256(first.read_bytes()).hexdigest()


def _copy(folder: Path) -> Path:
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


def test_neither_the_work_tree_nor_the_time_of_a_commit_is_in_it(tmp_path: Path):
    copy = _copy(tmp_path / "copy")
    _path, before = _dist(tmp_path / "before", root=copy)
    (copy / "src/haven/left_by_an_editor.py").write_text("")
    os.chmod(copy / "src/haven/__init__.py", 0o600)
    (copy / "openwrt-feed/haven/Makefile").write_text("PKG_HASH:=another\n")
    commit = ["-c", "user.name=haven", "-c", "user.email=haven@haven.example", "commit", "-qam", "A hash"]
    subprocess.run(["git", "-C", str(copy), *commit], check=True)
    assert _dist(tmp_path / "after", root=copy)[1] == before


def test_it_has_what_the_makefile_takes_from_it(released: tuple[Path, str], tmp_path: Path):
    path, _hash = released
    (tmp_path / "tar").write_bytes(lzma.decompress(path.read_bytes()))
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xf", str(tmp_path / "tar"), "-C", str(unpacked)], check=True)
    top = unpacked / f"haven-{VERSION}"
    assert [each.name for each in unpacked.iterdir()] == [top.name] and (top / "LICENSE").exists()
    text = (FEED / "haven/Makefile").read_text()
    for place in re.findall(r"\$\(PKG_BUILD_DIR\)/((?:files|src)/\S+)", text):
        assert list(top.glob(place)), place
    # As Build/Compile does.
    argv = [sys.executable, "-m", "haven.config.schema", str(tmp_path / "schema.json")]
    subprocess.run(argv, check=True, cwd=top / "src", env={"PATH": os.environ["PATH"]})
    assert (tmp_path / "schema.json").stat().st_size > 10_000
    assert os.access(top / "files/etc/init.d/haven", os.X_OK)


def test_a_makefile_without_a_hash_is_refused(tmp_path: Path):
    (tmp_path / "Makefile").write_text("PKG_NAME:=haven\n")
    argv = [sys.executable, str(PROGRAM), str(tmp_path), str(tmp_path / "Makefile")]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 1 and "no line PKG_HASH" in done.stderr
