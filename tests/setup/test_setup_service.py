# SPDX-License-Identifier: GPL-2.0-or-later
"""What a setup left is seen to before the configuration is read, and taking it back waits for haven."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from haven.setup import router_services
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


class _Ending:
    """A clock, the WAN, and an agent that takes it down before it ends, twelve seconds from now."""

    def __init__(self, run_dir: Path) -> None:
        self.now_s, self.is_up = 0.0, False
        self._lock = os.open(run_dir / "agent.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        before, self.now_s = self.now_s, self.now_s + seconds
        if before < 12 <= self.now_s:
            self.is_up = False
            os.close(self._lock)

    def bring_up(self, _interfaces: list[str]) -> list[str]:
        self.is_up = True
        return []


def test_a_wan_is_up_again_also_where_the_agent_takes_long_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ending = _Ending(tmp_path)
    monkeypatch.setattr(router_services, "time", ending)
    monkeypatch.setattr(router_services, "bring_up", ending.bring_up)
    router_services.RouterServices("", str(tmp_path)).bring_up(["wan"])
    assert ending.is_up and 12 <= ending.now_s < 13
