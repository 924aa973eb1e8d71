# SPDX-License-Identifier: GPL-2.0-or-later
"""What the SDK makes of haven runs: a folder of compiled files, where every script looks for the archive."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven import VERSION
from tests.lab.namespace import Namespace
from tests.package.conftest import ROOT
from tests.package.installed import ARCHIVE, CONFIG, machine, run, start_to_backup
from tests.package.pythons import PYTHONS
from tests.package.sdk import Makefile

COPIED = """
config conntrack
	option enabled '1'
	option device 'lan'
	option address '10.9.0.1'
	list peer_address '10.9.0.2'
"""


def _as_the_sdk_builds_it(router: Path, python: str) -> None:
    """Do as Build/Install, Py3Package/haven/filespec and python3-package.mk."""
    folder = (router / ARCHIVE).parent
    (router / ARCHIVE).unlink()
    shutil.copy(ROOT / "src/__main__.py", folder)
    shutil.copytree(ROOT / "src/haven", folder / "haven", ignore=shutil.ignore_patterns("__pycache__"))
    makefile = Makefile("haven")
    (target,) = re.findall(r"\$\(LN\) -n (\S+) \S+/haven\.zip", makefile.blocks["Build/Install"])
    (router / ARCHIVE).symlink_to(target)
    for line in makefile.blocks["Py3Package/haven/filespec"].splitlines():
        if line.startswith("-|"):
            (router / line[3:]).unlink()
    subprocess.run([python, "-m", "compileall", "-q", "-b", "-d", "/", str(folder)], check=True)
    for path in folder.rglob("*.py"):
        path.unlink()


@pytest.fixture
def place() -> Iterator[Namespace]:
    """A machine with one device."""
    made = machine()
    yield made
    made.delete()


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_the_programs_run_on_every_python_of_openwrts_releases(version: str, router: Path):
    python = PYTHONS[version]
    _as_the_sdk_builds_it(router, python)
    before = sorted(router.rglob("*"))
    for program in ("usr/bin/haven", "usr/sbin/havend", "usr/sbin/haven-agent"):
        name = program.rpartition("/")[2]
        done = run(router, program, "--version", python=python)
        assert (done.stdout, done.stderr) == (f"{name} {VERSION}\n", "")
    config = str(router / "etc/config/haven")
    done = run(router, "usr/bin/haven", "--config", config, "validate", python=python)
    assert (done.returncode, done.stderr) == (0, "") and "haven is disabled" in done.stdout
    assert sorted(router.rglob("*")) == before


def test_havend_becomes_backup_and_what_is_no_python_is_found(router: Path, place: Namespace, tmp_path: Path):
    _as_the_sdk_builds_it(router, sys.executable)
    start_to_backup(router, place, tmp_path)
    config, plan = tmp_path / "copied", tmp_path / "plan"
    config.write_text(CONFIG + COPIED)
    argv = [sys.executable, "-I", "-B", str(router / ARCHIVE), "compile", "--config", str(config)]
    place.run(*argv, "--output", str(plan))
    # A line of the template beside the modules.
    assert "ResendQueueSize 131072" in json.dumps(json.loads(plan.read_text()))
