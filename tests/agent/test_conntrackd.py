# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd as a child that ends again and again, as the agent sees it."""

import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.agent.conntrack.conntrackd import (
    END_S,
    LONGEST_WAIT_S,
    LOOK_S,
    OLD_CHILD_S,
    SHORTEST_WAIT_S,
    STARTING_S,
    Conntrackd,
)
from haven.agent.conntrack.conntrackd_socket import KILL
from tests.agent.processes import lives
from tests.agent.turns import Turns
from tests.descriptors import descriptors_before, open_descriptors
from tests.lab.wait import wait_until


class Desk:
    """What makes conntrackd, and notes what is told of it and when it is tried."""

    def __init__(self, folder: Path, turns: Turns) -> None:
        self.folder, self.turns = folder, turns
        self.pid_file, self.socket = folder / "pid", folder / "conntrackd.ctl"
        self.can_start = True
        self.tries: list[float] = []
        self.told: list[str] = []
        self.child: Conntrackd | None = None
        self.let_it("exit 1")

    def let_it(self, script: str) -> None:
        """Say what the program does."""
        text = self.folder / "conntrackd.new"
        text.write_text(f"#!/bin/sh\n{script}\n")
        text.chmod(0o755)
        text.rename(self.folder / "conntrackd")

    def let_it_live(self) -> None:
        """Let it live until it is told to end."""
        self.let_it(f"echo $$ >{self.pid_file}; exec sleep 1000")

    def make(self) -> Conntrackd:
        self.child = Conntrackd(
            "text for @RUN_DIR@",
            str(self.folder),
            self.turns.scope,
            self._try,
            lambda: self.told.append("started"),
            lambda: self.told.append("ended"),
        )
        return self.child

    def _try(self) -> bool:
        self.tries.append(self.turns.clock.now)
        return self.can_start

    def make_running(self) -> Conntrackd:
        """Make one that takes orders."""
        self.let_it_live()
        made = self.make()
        self.listen()
        self.turns.advance(LOOK_S)
        assert self.told == ["started"]
        return made

    def listen(self) -> None:
        """Take orders as the child would."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))

    def pid(self) -> int:
        """Return the process of the one that runs."""
        wait_until(lambda: self.pid_file.exists() and self.pid_file.read_text(), 10, "it runs")
        return int(self.pid_file.read_text())

    def wait_for_end(self) -> None:
        before = self.told.count("ended")
        self.turns.until(lambda: self.told.count("ended") > before, "it has ended")

    def next_try(self) -> float:
        """Return how long the next start waits."""
        before = len(self.tries)
        return self.turns.step_until(lambda: len(self.tries) > before)


@pytest.fixture
def desk(tmp_path: Path, turns: Turns, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    made = Desk(tmp_path, turns)
    yield made
    if made.child is not None:
        made.child.close()
    if made.pid_file.exists() and (text := made.pid_file.read_text()) and lives(text):
        os.kill(int(text), signal.SIGKILL)


def test_wait_grows_to_its_limit_while_it_ends_at_once(desk: Desk) -> None:
    child, waits = desk.make(), []
    for _ in range(8):
        desk.wait_for_end()
        waits.append(desk.next_try())
    assert waits[:3] == [2 * SHORTEST_WAIT_S, 4 * SHORTEST_WAIT_S, 8 * SHORTEST_WAIT_S]
    assert waits[-1] == LONGEST_WAIT_S
    assert child.restarts == 8 and "started" not in desk.told


def test_wait_grows_where_it_cannot_be_started(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # It is there, and no program.
    monkeypatch.setenv("PATH", str(desk.folder))
    monkeypatch.setenv("HAVEN_SBIN", "")
    (desk.folder / "conntrackd").write_text("\0")
    child = desk.make()
    assert "conntrackd" in child.failure
    waits = [desk.next_try() for _ in range(3)]
    assert waits == [2 * SHORTEST_WAIT_S, 4 * SHORTEST_WAIT_S, 8 * SHORTEST_WAIT_S]
    assert "conntrackd" in child.failure and child.restarts == -1


def test_a_configuration_that_cannot_be_written_is_a_failure(desk: Desk) -> None:
    (desk.folder / "conntrackd.conf").mkdir()
    child = desk.make()
    assert "conntrackd.conf" in child.failure and not child.is_starting()
    (desk.folder / "conntrackd.conf").rmdir()
    desk.let_it_live()
    desk.turns.step_until(lambda: child.restarts == 0)
    assert child.failure == "" and child.is_starting()


def test_one_that_has_lived_long_is_started_soon(desk: Desk) -> None:
    child = desk.make()
    for _ in range(3):
        desk.wait_for_end()
        desk.next_try()
    desk.wait_for_end()
    desk.let_it_live()
    desk.next_try()
    desk.turns.advance(LONGEST_WAIT_S + 1)
    desk.pid()
    child.terminate("it has lived long")
    desk.wait_for_end()
    assert desk.next_try() == SHORTEST_WAIT_S


def test_configuration_names_the_run_directory(desk: Desk, tmp_path: Path) -> None:
    desk.make()
    desk.wait_for_end()
    assert (tmp_path / "conntrackd.conf").read_text() == f"text for {tmp_path}"


def test_it_waits_for_its_device_and_then_for_nothing_else(desk: Desk) -> None:
    desk.let_it_live()
    desk.can_start = False
    child = desk.make()
    for _ in range(100):
        desk.turns.advance(1)
    assert child.restarts == -1 and not child.is_starting() and child.failure == ""
    desk.can_start = True
    desk.turns.advance(SHORTEST_WAIT_S)
    assert child.restarts == 0 and child.is_starting()


def test_it_waits_for_its_installation(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAVEN_SBIN", "")
    monkeypatch.setenv("PATH", str(desk.folder / "later"))
    child = desk.make()
    desk.turns.advance(10)
    assert not child.is_installed() and child.restarts == -1 and desk.tries == []
    desk.let_it("exit 1")
    (desk.folder / "later").mkdir()
    (desk.folder / "conntrackd").rename(desk.folder / "later/conntrackd")
    desk.turns.advance(SHORTEST_WAIT_S)
    assert child.is_installed() and child.restarts == 0


def test_it_takes_orders_when_its_socket_is_there_and_until_it_ends(desk: Desk) -> None:
    desk.let_it_live()
    child = desk.make()
    desk.turns.advance(LOOK_S)
    assert not child.takes_orders and desk.told == []
    desk.listen()
    desk.turns.advance(LOOK_S)
    assert child.takes_orders and desk.told == ["started"]
    desk.turns.advance(STARTING_S)
    assert desk.told == ["started"] and not child.is_starting()
    os.kill(desk.pid(), signal.SIGKILL)
    desk.wait_for_end()
    assert not child.takes_orders and desk.told == ["started", "ended"]
    # What the dead one has left is not the next one's.
    desk.next_try()
    desk.turns.advance(LOOK_S)
    assert child.restarts == 1 and desk.told == ["started", "ended"]


# Its end


def test_the_end_waits_for_the_child_and_there_is_no_other(desk: Desk) -> None:
    child = desk.make_running()
    ended: list[str] = []
    pid = desk.pid()
    child.stop(lambda: ended.append("stopped"))
    desk.turns.until(lambda: ended, "it has ended")
    assert not lives(pid) and not child.takes_orders
    desk.turns.advance(100)
    assert ended == ["stopped"] and child.restarts == 0 and desk.turns.watched == 0


def test_a_child_that_does_not_want_to_end_is_killed_after_its_time(desk: Desk) -> None:
    ready = desk.folder / "ready"
    desk.let_it(f"trap '' TERM; echo $$ >{desk.pid_file}; touch {ready}; while :; do sleep 0.1; done")
    child = desk.make()
    wait_until(ready.exists, 10, "it ignores what it is told")
    ended: list[str] = []
    child.stop(lambda: ended.append("stopped"))
    desk.turns.advance(END_S - 0.5)
    assert ended == [] and lives(desk.pid())
    desk.turns.advance(0.5)
    desk.turns.until(lambda: ended, "it has ended")
    assert not lives(desk.pid())


def test_the_end_of_one_that_does_not_run_is_at_once(desk: Desk) -> None:
    child = desk.make()
    desk.wait_for_end()
    ended: list[str] = []
    child.stop(lambda: ended.append("stopped"))
    assert ended == ["stopped"]
    desk.turns.advance(100)
    assert ended == ["stopped"] and child.restarts == 0


def test_who_lets_go_of_it_leaves_nothing_behind(desk: Desk, turns: Turns) -> None:
    before = descriptors_before()
    child = desk.make_running()
    pid = desk.pid()
    child.close()
    turns.scope.close()
    wait_until(lambda: not lives(pid), 10, "it has ended")
    assert turns.watched == 0 and open_descriptors() == before


# The child of an agent that was killed


def test_the_child_of_an_agent_that_was_killed_is_told_to_end_first(desk: Desk) -> None:
    desk.let_it_live()
    with _listener(desk.socket) as listener:
        child = desk.make()
        with listener.accept()[0] as asked:
            assert asked.recv(4) == struct.pack("=i", KILL)
            desk.turns.advance(OLD_CHILD_S - 0.5)
            assert child.restarts == -1
        desk.turns.until(lambda: child.restarts == 0, "the next is started")
    desk.turns.advance(OLD_CHILD_S)
    assert child.restarts == 0 and not child.takes_orders


def test_one_that_does_not_end_is_not_waited_for(desk: Desk) -> None:
    desk.let_it_live()
    with _listener(desk.socket) as listener:
        child = desk.make()
        with listener.accept()[0]:
            desk.turns.advance(OLD_CHILD_S)
            assert child.restarts == 0


def test_what_a_dead_one_has_left_is_removed(desk: Desk) -> None:
    desk.let_it_live()
    desk.listen()
    child = desk.make()
    assert child.restarts == 0 and not desk.socket.exists()


def test_one_that_is_to_end_is_not_started_after_the_old_one(desk: Desk) -> None:
    desk.let_it_live()
    with _listener(desk.socket) as listener:
        child = desk.make()
        ended: list[str] = []
        with listener.accept()[0]:
            child.stop(lambda: ended.append("stopped"))
            assert ended == ["stopped"]
        desk.turns.turn()
        desk.turns.advance(100)
    assert child.restarts == -1 and ended == ["stopped"]


def _listener(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    made.settimeout(60)
    return made
