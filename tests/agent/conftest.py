# SPDX-License-Identifier: GPL-2.0-or-later
"""Brokers that go away with the test, machines with havend, and the agent's loop."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.agents import StartAgent
from tests.agent.turns import Turns, set_clock
from tests.bus.conftest import broker
from tests.havend.conftest import havend, machine, pair
from tests.havend.machines import environment, python

__all__ = ["broker", "havend", "machine", "pair"]


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    """A loop whose clock stands still."""
    made = Turns(tmp_path, set_clock(monkeypatch))
    yield made
    made.close()


@pytest.fixture
def start_agent(tmp_path: Path) -> Iterator[StartAgent]:
    """Start agents of one run directory and no network, each with a log of its own in the test's folder."""
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
