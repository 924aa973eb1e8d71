# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd as a child that ends again and again, as the agent sees it."""

from pathlib import Path

import pytest

from haven.agent.conntrack.conntrackd import LONGEST_WAIT_S, SHORTEST_WAIT_S, Conntrackd
from tests.lab.wait import wait_until


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conntrackd:
    program = tmp_path / "conntrackd"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Conntrackd("text for @RUN_DIR@", str(tmp_path))


def end_at_once(child: Conntrackd, now: float) -> float:
    """Start it, let it end, and return how long the next start waits."""
    child.start(now)
    wait_until(child.has_ended, 10, "it has ended")
    child.note_end(now)
    return child.start_at - now


def test_wait_grows_to_its_limit_while_it_ends_at_once(child: Conntrackd) -> None:
    waits = [end_at_once(child, 100) for _ in range(8)]
    assert waits[:3] == [2 * SHORTEST_WAIT_S, 4 * SHORTEST_WAIT_S, 8 * SHORTEST_WAIT_S]
    assert waits[-1] == LONGEST_WAIT_S
    assert child.restarts == 7


def test_wait_grows_where_it_cannot_be_started(child: Conntrackd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_path", "/nowhere/conntrackd.conf")
    waits = []
    for now in (100, 200, 300):
        with pytest.raises(OSError, match="nowhere"):
            child.start(now)
        child.note_end(now)
        waits.append(child.start_at - now)
    assert waits == [2 * SHORTEST_WAIT_S, 4 * SHORTEST_WAIT_S, 8 * SHORTEST_WAIT_S]


def test_one_that_has_lived_long_is_started_soon(child: Conntrackd) -> None:
    for _ in range(4):
        end_at_once(child, 100)
    child.start(200)
    wait_until(child.has_ended, 10, "it has ended")
    child.note_end(200 + LONGEST_WAIT_S + 1)
    assert child.start_at == 200 + LONGEST_WAIT_S + 1 + SHORTEST_WAIT_S


def test_configuration_names_the_run_directory(child: Conntrackd, tmp_path: Path) -> None:
    child.start(0)
    wait_until(child.has_ended, 10, "it has ended")
    assert (tmp_path / "conntrackd.conf").read_text() == f"text for {tmp_path}"
