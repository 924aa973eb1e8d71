# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for the tests of the haven command."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.fake_havend import FakeHavend
from tests.cli.subjects import FakeSubject, RealSubject, Subject
from tests.havend.machines import Machine
from tests.root import need_root


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make local time the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Callable[..., FakeHavend]]:
    """Makes daemons that answer what they are told to: fake(status={...})."""
    made: list[FakeHavend] = []

    def make(**answers: object) -> FakeHavend:
        made.append(FakeHavend(tmp_path / f"run{len(made)}", **answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["fake", "real"])
def havend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """A havend that is Active and alone; the fake is held to what the real one says."""
    if request.param == "fake":
        subject: Subject = FakeSubject(tmp_path)
        yield subject
        subject.close()
        return
    need_root()
    machine = Machine()
    try:
        subject = RealSubject(machine, tmp_path)
        yield subject
        subject.close()
    finally:
        machine.close()
