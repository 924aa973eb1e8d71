# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command starts tells how it has ended."""

import signal
import subprocess
import sys

import pytest

from haven.cli.main import main


def test_whoever_calls_it_need_not_want_to_hear_of_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to hear of them is inherited: each that fails would be taken for one that has done its work."""
    monkeypatch.setattr(sys, "argv", ["haven", "--version"])
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert main() == 0
        assert subprocess.run(["false"], check=False).returncode == 1
    finally:
        signal.signal(signal.SIGCHLD, before)
