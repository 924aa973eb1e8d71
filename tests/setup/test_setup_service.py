# SPDX-License-Identifier: GPL-2.0-or-later
"""The init script sees to a setup that was left behind before it reads the configuration."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from haven.setup.trial_folder import BEFORE, PENDING, UNDOING

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("shell", [["busybox", "ash"], ["dash"]], ids=" ".join)
@pytest.mark.parametrize(
    ("folder", "expected"), [(PENDING, True), (UNDOING, True), (BEFORE, False), ("", False)]
)
def test_a_start_sees_to_what_was_left_behind(tmp_path: Path, shell: list[str], folder: str, expected: bool):
    assert shutil.which(shell[0]), f"{shell[0]} is not here; make setup installs it"
    (tmp_path / "haven" / folder).mkdir(parents=True)
    text = (ROOT / "files/etc/init.d/haven").read_text()
    text = text.replace("/etc/haven/", f"{tmp_path}/haven/").replace("/var/run/haven", str(tmp_path))
    (tmp_path / "init").write_text(text.replace("python3 -I /usr/lib/haven/haven.zip", "record zip"))
    record = tmp_path / "record"
    done = subprocess.run(
        [*shell, str(ROOT / "tests/package/recorder.sh"), str(tmp_path / "init"), "start"],
        env={"RECORD": str(record), "PATH": os.environ["PATH"], "FAILS": ""},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stderr == ""
    calls = [line for line in record.read_text().splitlines() if line.startswith("zip")]
    assert calls == (["zip setup-keeper --at-start"] if expected else []) + ["zip service-facts"]
