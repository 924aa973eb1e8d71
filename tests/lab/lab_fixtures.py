# SPDX-License-Identifier: GPL-2.0-or-later
"""The fixtures that tests/lab and tests/interop share."""

from collections.abc import Callable, Iterator

import pytest

from tests.lab import namespace
from tests.lab.network import Network
from tests.lab.wiring import Wiring
from tests.root import need_root

Build = Callable[..., Network]


@pytest.fixture(scope="session")
def lab() -> Iterator[None]:
    """Make sure that a lab can be built, and that nothing of it is left behind."""
    need_root()
    namespace.clean_up_always()
    namespace.remove_leftovers()
    yield
    namespace.delete_all()


@pytest.fixture
def build(lab: None) -> Iterator[Build]:
    """Build networks that are taken away after the test."""
    built: list[Network] = []

    def make(routers: int = 2, wiring: Wiring | None = None) -> Network:
        built.append(Network(routers, wiring))
        return built[-1]

    yield make
    for network in built:
        # pytest shows this when the test has failed, and only then.
        print(network.story())
        network.delete()


@pytest.fixture
def network(build: Build) -> Network:
    """Two routers between a client and a server."""
    return build()
