# SPDX-License-Identifier: GPL-2.0-or-later
"""What is unpacked runs: the commands on every Python, havend up to Backup."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.namespace import Namespace
from tests.lab.wait import wait_until
from tests.package.pythons import PYTHONS

CONFIG = """\
config haven 'main'
	option enabled '1'
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	option advert_interval '1000'
	list address '10.9.0.100/24'
"""


def _compile(python: str, router: Path) -> None:
    """Do what postinst does."""
    subprocess.run([python, "-m", "compileall", "-q", str(router / "usr/lib/haven")], check=True)


def _run(python: str, router: Path, program: str, *words: str) -> subprocess.CompletedProcess:
    argv = [python, "-I", str(router / program), *words]
    return subprocess.run(argv, capture_output=True, text=True, cwd="/")


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_the_commands_run_on_every_python_of_openwrts_releases(version: str, router: Path):
    python = PYTHONS[version]
    (router / "usr/lib/haven/haven/__init__.py").write_text('VERSION = "of the package"\n')
    _compile(python, router)
    assert _run(python, router, "usr/bin/haven", "--version").stdout == "haven of the package\n"
    config = str(router / "etc/config/haven")
    done = _run(python, router, "usr/bin/haven", "--config", config, "validate")
    assert (done.returncode, done.stderr) == (0, "") and "haven is disabled" in done.stdout
    done = _run(python, router, "usr/sbin/havend", "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: havend")
    done = _run(python, router, "usr/sbin/haven-agent", "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: haven-agent")


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_programs_leave_no_compiled_files_behind(version: str, router: Path):
    _run(PYTHONS[version], router, "usr/bin/haven", "--config", "/nowhere", "validate")
    assert not list(router.rglob("__pycache__"))


def test_without_its_compiled_files_it_works_too(router: Path):
    assert _run(sys.executable, router, "usr/bin/haven", "--version").returncode == 0


@pytest.fixture
def machine() -> Iterator[Namespace]:
    """A machine with one device."""
    namespace = Namespace("package")
    namespace.ip(
        "link set lo up",
        "link add lan type veth peer name cable",
        "addr add 10.9.0.1/24 dev lan",
        "link set lan up",
        "link set cable up",
    )
    yield namespace
    namespace.delete()


def _state(router: Path, run_dir: Path) -> str:
    done = _run(sys.executable, router, "usr/bin/haven", "--run-dir", str(run_dir), "status", "--json")
    return json.loads(done.stdout)["state"] if done.returncode == 0 else ""


def test_havend_of_the_package_becomes_backup_and_ends_when_told(
    router: Path, machine: Namespace, tmp_path: Path
):
    config = tmp_path / "haven"
    config.write_text(CONFIG)
    _compile(sys.executable, router)
    took = _start_to_backup(router, machine, config, tmp_path / "run")
    print(f"from the start to Backup: {took:.2f} s")


def _start_to_backup(router: Path, machine: Namespace, config: Path, run_dir: Path) -> float:
    words = ["--config", str(config), "--run-dir", str(run_dir)]
    log = run_dir.with_suffix(".log")
    begun = time.time()
    with open(log, "wb") as stream:
        process = machine.spawn([sys.executable, "-I", str(router / "usr/sbin/havend"), *words], log=stream)
    wait_until(lambda: _state(router, run_dir) in ("backup", "active"), 30, f"havend runs, see {log}")
    done = _run(sys.executable, router, "usr/bin/haven", "--run-dir", str(run_dir), "events", "--json")
    events = json.loads(done.stdout)
    backup = next(event["at"] for event in events if event.get("to") == "backup")
    assert _run(sys.executable, router, "usr/bin/haven", "--run-dir", str(run_dir), "stop").returncode == 0
    assert process.wait(20) == 0
    return backup - begun
