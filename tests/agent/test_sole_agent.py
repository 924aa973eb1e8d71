# SPDX-License-Identifier: GPL-2.0-or-later
"""Two agents in one run directory: the second does nothing until the first has ended, however it ends."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.havend.machines import environment, python
from tests.lab.wait import wait_until

STARTED = "haven-agent: started"

Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start agents of one run directory, each with a log of its own in the test's folder."""
    begun: list[subprocess.Popen[bytes]] = []

    def make(name: str) -> "subprocess.Popen[bytes]":
        options = ["--config", str(tmp_path / "haven"), "--run-dir", str(tmp_path / "run")]
        argv = ["unshare", "--net", *python("haven.agent.main"), *options, "--root", str(tmp_path)]
        with open(tmp_path / name, "wb") as log:
            begun.append(subprocess.Popen(argv, env=environment(), stdout=log, stderr=log))
        return begun[-1]

    yield make
    for process in begun:
        process.kill()
        process.wait()


def test_second_agent_waits_until_the_first_has_ended(start: Start, tmp_path: Path) -> None:
    def said(name: str, text: str) -> None:
        wait_until(lambda: text in (tmp_path / name).read_text(), 30, f"the {name} says '{text}'")

    first = start("first")
    said("first", STARTED)
    # One that is stopped while it waits has nothing to tidy up: what is there is the first one's.
    for name in ("second", "third"):
        process = start(name)
        said(name, f"waiting: another haven-agent runs in {tmp_path / 'run'}")
        if name == "second":
            process.terminate()
            process.wait(30)
    assert (tmp_path / "run" / "agent.sock").exists()
    assert STARTED not in (tmp_path / "third").read_text()
    first.kill()
    said("third", STARTED)


def test_agent_that_cannot_lock_runs_all_the_same(start: Start, tmp_path: Path) -> None:
    (tmp_path / "run" / "agent.lock").mkdir(parents=True)
    start("first")
    wait_until(lambda: STARTED in (tmp_path / "first").read_text(), 30, "it runs")
    assert "is not known: Is a directory" in (tmp_path / "first").read_text()
