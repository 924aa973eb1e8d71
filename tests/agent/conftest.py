# SPDX-License-Identifier: GPL-2.0-or-later
"""Brokers that go away with the test, and machines with havend."""

from tests.bus.conftest import broker
from tests.havend.conftest import havend, machine, pair

__all__ = ["broker", "havend", "machine", "pair"]
