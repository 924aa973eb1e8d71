# SPDX-License-Identifier: GPL-2.0-or-later
"""Brokers that go away with the test, and machines with havend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.ubus_broker import KINDS, Broker, make_broker
from tests.runtime.conftest import havend, machine, pair

__all__ = ["broker", "havend", "machine", "pair"]


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker that runs, on a socket of its own."""
    made = make_broker(request.param, tmp_path / "ubus.sock").start()
    yield made
    made.kill()
