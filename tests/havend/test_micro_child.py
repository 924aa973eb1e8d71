# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend on MicroPython puts aside for a moment, where other users can put something, too."""

import os
import subprocess
from pathlib import Path

from tests.lab.node import executable
from tests.root import need_root

SOURCE = Path(__file__).resolve().parents[2] / "src" / "haven"
STANDARD = SOURCE / "micro" / "standard"
# Runs a program whose folder somebody has taken before, by a link to nowhere.
TAKEN = """
import os
for folder in ("/tmp", "/var/run"):
    os.system("ln -s /nowhere %s/havend-%d-1" % (folder, os.getpid()))
from haven.havend.host import child
print(child.run(["sh", "-c", "pwd >&2; ls -ld . >&2"]))
for folder in ("/tmp", "/var/run"):
    os.system("rm %s/havend-%d-1" % (folder, os.getpid()))
"""


def test_a_program_is_started_although_somebody_has_taken_the_name_of_its_folder() -> None:
    need_root()
    (micropython,) = executable("micropython") or []
    environment = {**os.environ, "MICROPYPATH": f"{STANDARD}:{SOURCE.parent}:.frozen"}
    told = subprocess.run(
        [micropython, "-c", TAKEN], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("(0, '"), told.stdout + told.stderr


def test_facts_are_put_aside_where_root_alone_can_write(tmp_path: Path) -> None:
    need_root()
    ubus, where = tmp_path / "ubus", tmp_path / "where"
    ubus.write_text(f"#!/bin/sh\ntold=$(readlink /proc/$$/fd/1)\necho $told >{where}\necho '{{}}'\n")
    ubus.chmod(0o755)
    program = executable("havend-micro") or []
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run([*program, "--facts"], env={**os.environ, "PATH": path}, capture_output=True, check=True)
    folder = Path(where.read_text().strip()).parent
    assert folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o022
