# SPDX-License-Identifier: GPL-2.0-or-later
"""The package in a folder that stands for a router's root: compiled as there, measured, started."""

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from tests.lab.namespace import Namespace
from tests.lab.wait import wait_until

ARCHIVE = "usr/lib/haven/haven.zip"
SCRIPT = "etc/uci-defaults/90_haven"

CONFIG = """\
config haven 'main'
	option enabled '1'
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	option advert_interval '1000'
	list address '10.9.0.100/24'
"""


def sources(router: Path) -> dict[str, bytes]:
    """Return what the archive holds."""
    with zipfile.ZipFile(router / ARCHIVE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def run_uci_defaults(router: Path, python: str = sys.executable) -> subprocess.CompletedProcess:
    """Do what the installation does: run the script, after which it is removed."""
    text = (router / SCRIPT).read_text()
    text = text.replace("/usr/lib/haven", str(router / "usr/lib/haven")).replace("python3", python)
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True, cwd="/")
    if (router / SCRIPT).exists():
        (router / SCRIPT).unlink()
    return done


def size(router: Path) -> int:
    """Return the sum of the sizes of all files, in octets."""
    return sum(path.stat().st_size for path in router.rglob("*") if path.is_file())


def machine() -> Namespace:
    """Return a machine with one device."""
    made = Namespace("package")
    made.ip(
        "link set lo up",
        "link add lan type veth peer name cable",
        "addr add 10.9.0.1/24 dev lan",
        "link set lan up",
        "link set cable up",
    )
    return made


def command(router: Path, program: str, *words: str, python: str = sys.executable) -> list[str]:
    """Return the command that does what a launcher of the package does, with some Python."""
    text = (router / program).read_text()
    assert text.startswith("#!/bin/sh\n") and text.count("/usr/bin/python3 -I -B ") == 1
    return ["sh", "-c", text.replace("/usr/bin/python3", python), str(router / program), *words]


def run(router: Path, program: str, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess:
    """Run a program of the package, which must not find haven anywhere else."""
    argv = command(router, program, *words, python=python)
    return subprocess.run(argv, capture_output=True, text=True, cwd="/", env={"PATH": os.environ["PATH"]})


def start_to_backup(router: Path, place: Namespace, folder: Path) -> float:
    """Start havend, wait until it is Backup and stop it; return the seconds from the start to Backup."""
    (folder / "haven").write_text(CONFIG)
    run_dir, log = folder / "run", folder / "log"
    argv = command(router, "usr/sbin/havend", "--config", str(folder / "haven"))
    begun = time.time()
    with open(log, "wb") as stream:
        process = place.spawn([*argv, "--run-dir", str(run_dir)], log=stream)
    wait_until(lambda: _state(router, run_dir) in ("backup", "active"), 30, f"havend runs, see {log}")
    events = json.loads(run(router, "usr/bin/haven", "--run-dir", str(run_dir), "events", "--json").stdout)
    backup = next(event["at"] for event in events if event.get("to") == "backup")
    assert run(router, "usr/bin/haven", "--run-dir", str(run_dir), "stop").returncode == 0
    assert process.wait(60) == 0
    return float(backup - begun)


def _state(router: Path, run_dir: Path) -> str:
    done = run(router, "usr/bin/haven", "--run-dir", str(run_dir), "status", "--json")
    return str(json.loads(done.stdout)["state"]) if done.returncode == 0 else ""
