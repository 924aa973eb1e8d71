# SPDX-License-Identifier: GPL-2.0-or-later
"""Brokers that go away with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.ubus_broker import KINDS, Broker, make_broker


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker that runs, on a socket of its own."""
    made = make_broker(request.param, tmp_path / "ubus.sock").start()
    yield made
    made.kill()
