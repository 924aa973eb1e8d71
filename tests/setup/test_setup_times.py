# SPDX-License-Identifier: GPL-2.0-or-later
"""A slow router's services are given their time, and whoever waits for a trial waits for one that goes on."""

import os
from pathlib import Path
from typing import Any

import pytest

from haven.contract.setup import SetupRefused
from haven.reload_time import RELOAD_S
from haven.setup import router_services, trial, trial_times
from haven.setup.router_services import RouterServices
from haven.setup.trial import NotTried
from tests.lab.wait import wait_until
from tests.setup.boxes import RouterBox

SLOW = """#!/bin/sh
read -r _ <{gate}
echo "$1" >{done}
"""


class Spoken(RouterServices):
    """One that keeps what it says to the log."""

    def __init__(self, root: str, run_dir: str) -> None:
        super().__init__(root, run_dir)
        self.said: list[str] = []

    def log(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def test_a_reload_that_takes_too_long_is_left_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    gate, done = tmp_path / "gate", tmp_path / "done"
    os.mkfifo(gate)
    script = tmp_path / "etc/init.d/network"
    script.parent.mkdir(parents=True)
    script.write_text(SLOW.format(gate=gate, done=done))
    script.chmod(0o755)
    monkeypatch.setattr(router_services, "SERVICE_S", 0.05)
    services = Spoken(str(tmp_path), str(tmp_path))
    services.call("network", "reload")
    assert len(services.said) == 1 and "network reload" in services.said[0] and "goes on" in services.said[0]
    # Opened for both, it waits for no reader: one that was killed has none.
    word = os.open(gate, os.O_RDWR)
    os.write(word, b"go on\n")
    wait_until(lambda: done.exists() and done.read_text() == "reload\n", 20, "the reload is done")
    os.close(word)


def test_a_service_has_the_time_of_a_whole_reload_and_who_waits_for_it_has_more():
    assert trial_times.SERVICE_S >= RELOAD_S
    assert trial_times.LONGEST_START_S > 2 * RELOAD_S + trial_times.GATEWAY_S
    # The old addresses are not given up before the trial is over.
    assert trial_times.GUARD_S > trial_times.LONGEST_START_S + trial.CONFIRM_S


class DeadKeeper:
    """A keeper that was killed at once, and a clock that nobody may sit out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        monkeypatch.setattr("haven.setup.trial.start_keeper", lambda *_: self)
        monkeypatch.setattr("haven.setup.trial.time.sleep", self._sleep)

    def poll(self) -> int:
        """Return how it ended."""
        return -9

    def _sleep(self, _seconds: Any) -> None:
        self.looks += 1
        assert self.looks < 20, "it waits for nobody"


def test_nobody_waits_for_a_keeper_that_was_killed(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    DeadKeeper(monkeypatch)
    with pytest.raises(NotTried):
        box.trial.try_out(box.proposal())
    with pytest.raises(SetupRefused, match="at work"):
        box.trial.undo()
