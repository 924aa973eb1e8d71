# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines and daemons that go away with the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.havend.machines import Havend, Machine, cable
from tests.havend.plans import lan
from tests.root import need_root


@pytest.fixture
def machine() -> Iterator[Machine]:
    """One machine, with nothing in it."""
    need_root()
    made = Machine()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[Machine, Machine]]:
    """Two machines with a cable between their devices `lan`."""
    need_root()
    made = Machine(), Machine()
    cable(*made)
    yield made
    for each in made:
        each.close()


@pytest.fixture
def havend(tmp_path: Path) -> Iterator[Callable[..., Havend]]:
    """Makes daemons; havend(machine, section, ...) is not started yet."""
    made: list[Havend] = []

    def make(machine: Machine, *sections: str, **more: str) -> Havend:
        made.append(Havend(machine, tmp_path / f"node{len(made)}", *sections, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def node(pair: tuple[Machine, Machine], havend: Callable[..., Havend]) -> Havend:
    """An Active that is alone."""
    return havend(pair[0], lan(advert_interval=20)).prepare().start().until("active")
