# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for the tests of the plan."""

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from tests.plan.world import Namespace
from tests.root import need_root

NUMBERS = itertools.count(1)


@pytest.fixture
def namespace() -> Iterator[Callable[[], Namespace]]:
    """Make network namespaces that are deleted after the test."""
    need_root()
    made: list[Namespace] = []

    def make() -> Namespace:
        made.append(Namespace("haven-plan-%d-%d" % (os.getpid(), next(NUMBERS))))
        return made[-1]

    yield make
    for one in made:
        one.close()
