# SPDX-License-Identifier: GPL-2.0-or-later
"""Brokers that go away with the test, machines with havend, and the agent's loop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.turns import Turns, set_clock
from tests.bus.conftest import broker
from tests.havend.conftest import havend, machine, pair

__all__ = ["broker", "havend", "machine", "pair"]


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    """A loop whose clock stands still."""
    made = Turns(tmp_path, set_clock(monkeypatch))
    yield made
    made.close()
