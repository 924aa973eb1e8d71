# SPDX-License-Identifier: GPL-2.0-or-later
"""What is unpacked runs: the commands on every Python, compiled and not, havend up to Backup."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.namespace import Namespace
from tests.package.installed import ARCHIVE, machine, run, run_uci_defaults, sources, start_to_backup
from tests.package.pythons import PYTHONS


def _compile(python: str, router: Path) -> None:
    before = sources(router)
    assert run_uci_defaults(router, python).stderr == ""
    names = {name + "c" if name.endswith(".py") else name for name in before}
    assert set(sources(router)) == names and any(name.endswith(".pyc") for name in names)


def _rename(router: Path) -> None:
    """Let the archive have a version that no other haven of this machine has."""
    content = sources(router)
    content["haven/__init__.py"] += b'VERSION = "of the package"\n'
    with zipfile.ZipFile(router / ARCHIVE, "w") as archive:
        for name, octets in content.items():
            archive.writestr(name, octets)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_the_commands_run_on_every_python_of_openwrts_releases(version: str, compiled: bool, router: Path):
    python = PYTHONS[version]
    _rename(router)
    if compiled:
        _compile(python, router)
    assert run(router, "usr/bin/haven", "--version", python=python).stdout == "haven of the package\n"
    config = str(router / "etc/config/haven")
    done = run(router, "usr/bin/haven", "--config", config, "validate", python=python)
    assert (done.returncode, done.stderr) == (0, "") and "haven is disabled" in done.stdout
    done = run(router, "usr/sbin/havend", "--help", python=python)
    assert done.returncode == 0 and done.stdout.startswith("usage: havend")
    done = run(router, "usr/sbin/haven-agent", "--help", python=python)
    assert done.returncode == 0 and done.stdout.startswith("usage: haven-agent")


@pytest.mark.skipif(len(PYTHONS) < 2, reason="there is one Python here")
def test_what_was_compiled_for_another_python_says_what_to_do(router: Path):
    first, second = sorted(PYTHONS)[:2]
    _compile(PYTHONS[first], router)
    for program in ("usr/bin/haven", "usr/sbin/havend", "usr/sbin/haven-agent"):
        done = run(router, program, "--help", python=PYTHONS[second])
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert done.stderr.endswith("install haven again.\n")


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_programs_leave_no_compiled_files_behind(version: str, router: Path):
    before = sorted(router.rglob("*"))
    run(router, "usr/bin/haven", "--config", "/nowhere", "validate", python=PYTHONS[version])
    assert sorted(router.rglob("*")) == before


def test_to_compile_twice_changes_nothing(router: Path):
    _compile(sys.executable, router)
    before = (router / ARCHIVE).read_bytes()
    argv = [sys.executable, "-m", "haven.openwrt.bytecode"]
    subprocess.run(argv, check=True, env={"PYTHONPATH": str(router / ARCHIVE)})
    assert (router / ARCHIVE).read_bytes() == before


def test_where_there_is_no_room_it_says_so_and_works_from_its_sources(router: Path):
    archive, place = (router / ARCHIVE).read_bytes(), router / "usr/lib/haven"
    room = len(archive) + 65536 >> 10
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}k", "haven-test", str(place)], check=True)
    try:
        (router / ARCHIVE).write_bytes(archive)
        said = run_uci_defaults(router).stderr
        assert said == (
            "haven: its programs were not compiled (No space left on device); they work, but start slowly\n"
        )
        assert [path.name for path in place.iterdir()] == ["haven.zip"]
        assert (router / ARCHIVE).read_bytes() == archive
        assert run(router, "usr/bin/haven", "--version").returncode == 0
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def place() -> Iterator[Namespace]:
    """A machine with one device."""
    made = machine()
    yield made
    made.delete()


def test_havend_of_the_package_becomes_backup_and_ends_when_told(
    router: Path, place: Namespace, tmp_path: Path
):
    _compile(sys.executable, router)
    print(f"from the start to Backup: {start_to_backup(router, place, tmp_path):.2f} s")
