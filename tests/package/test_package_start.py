# SPDX-License-Identifier: GPL-2.0-or-later
"""What is unpacked runs: the commands on every Python, compiled and not, havend up to Backup."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.launch import PROGRAMS
from haven.openwrt.bytecode import AS_SOURCE
from tests.lab.namespace import Namespace
from tests.package.conftest import ROOT
from tests.package.installed import ARCHIVE, machine, run, run_uci_defaults, sources, start_to_backup
from tests.package.pythons import PYTHONS

FEED = ROOT / "openwrt-feed"


def _compile(python: str, router: Path) -> None:
    before = sources(router)
    assert run_uci_defaults(router, python).stderr == ""
    # The one that says what is the matter has to be understood by any Python.
    stay = tuple(name for name in before if name.startswith(AS_SOURCE) or not name.endswith(".py"))
    names = {name if name in stay else name + "c" for name in before}
    assert "__main__.py" in stay and "haven/migration/outcome.py" in stay
    assert set(sources(router)) == names and any(name.endswith(".pyc") for name in names)
    assert sources(router)["__main__.py"] == before["__main__.py"]


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
    for program in ("usr/sbin/havend", "usr/sbin/haven-agent"):
        told = run(router, program, "--version", python=python).stdout
        assert told == "%s of the package\n" % program.rpartition("/")[2]


def test_each_program_of_the_package_is_in_the_archive_and_every_script_names_one(router: Path):
    modules = {name.removesuffix(".py").replace("/", ".") for name in sources(router)}
    assert set(PROGRAMS.values()) <= modules
    named = set()
    for path in (path for path in [*router.rglob("*"), *FEED.glob("*/*")] if path.is_file()):
        if path.suffix != ".zip":
            named |= set(re.findall(rb'haven\.zip"? ([a-z-]+)', path.read_bytes()))
    # Those that havend, the agent and the command start; what LuCI calls is in another package.
    elsewhere = {"compile", "lease-holder", "luci-calls", "page-job", "upgrade-installer", "upgrade-keeper"}
    assert {each.decode() for each in named} == set(PROGRAMS) - elsewhere


@pytest.mark.parametrize("program", ["usr/bin/haven", "usr/sbin/havend", "usr/sbin/haven-agent"])
def test_a_program_is_found_by_whatever_name_it_is_called(router: Path, program: str, tmp_path: Path):
    place, name = router / program, program.rpartition("/")[2]
    place.write_text(place.read_text().replace("/usr/bin/python3", "echo"))
    (tmp_path / "link").symlink_to(place)
    (tmp_path / "with space").symlink_to(router)

    def said(*argv: str, cwd: Path = tmp_path) -> str:
        said = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=cwd).stdout
        # Those that stay in memory begin without what Python loads to run an archive.
        isolated, _code, found = said.partition('exec(found.loader.get_code("__main__")); break ')
        if name != "haven":
            assert isolated.startswith("-I -B -S -c import sys; ")
        return f"-I -B {found}" if found else said

    rest = f"{name} two words\n"
    assert said(str(place), "two words") == f"-I -B {router}/{ARCHIVE} {rest}"
    other = tmp_path / "with space" / program
    assert said(str(other), "two words") == f"-I -B {tmp_path}/with space/{ARCHIVE} {rest}"
    # By a name that does not tell where it is, it can only be in its usual place.
    assert said(f"./{name}", "two words", cwd=place.parent) == f"-I -B /{ARCHIVE} {rest}"
    assert said(str(tmp_path / "link"), "two words") == f"-I -B /{ARCHIVE} {rest}"


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
    subprocess.run([sys.executable, "-I", str(router / ARCHIVE), "bytecode"], check=True)
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
