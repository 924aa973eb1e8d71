# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers in folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.setup import trial
from tests.setup.boxes import RouterBox


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RouterBox]:
    """A router; its keeper is started by the test, with times of the test's."""
    made = RouterBox(tmp_path)
    monkeypatch.setattr(trial, "start_keeper", lambda _root, _run_dir: made.keeper())
    yield made
    made.close()
