# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command starts tells how it has ended."""

import signal
import subprocess
import sys
from types import ModuleType

import pytest

from haven.cli.main import main
from haven.launch import PROGRAMS
from haven.launch import main as launch


def test_whoever_calls_it_need_not_want_to_hear_of_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to hear of them is inherited: each that fails would be taken for one that has done its work."""
    monkeypatch.setattr(sys, "argv", ["haven", "--version"])
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert main() == 0
        assert subprocess.run(["false"], check=False).returncode == 1
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_nor_need_whoever_starts_one_of_the_programs_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler, the service's facts and the keepers take how their programs ended for their answer."""
    program = ModuleType("stand_in")
    program.main = lambda: subprocess.run(["false"], check=False).returncode  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stand_in", program)
    monkeypatch.setitem(PROGRAMS, "compile", "stand_in")
    monkeypatch.setattr(sys, "argv", ["haven.zip", "compile"])
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert launch() == 1
    finally:
        signal.signal(signal.SIGCHLD, before)
