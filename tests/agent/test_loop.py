# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop: what is due comes in its order, and what a scope has asked for goes with it."""

import itertools
import socket
import weakref
from pathlib import Path

import pytest

from haven.agent import calls
from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.loop import READ, WRITE, Scope, ScopeClosed
from tests.agent.processes import lives
from tests.agent.turns import Turns
from tests.descriptors import descriptors_before, open_descriptors
from tests.lab.wait import wait_until


def test_deadlines_come_in_their_order(turns: Turns):
    done: list[str] = []
    for name, seconds in (("third", 3.0), ("first", 1.0), ("second", 2.0), ("first too", 1.0)):
        turns.scope.after(seconds, lambda name=name: done.append(name))
    turns.advance(0.5)
    assert done == []
    turns.advance(0.5)
    assert done == ["first", "first too"]
    turns.advance(10)
    assert done == ["first", "first too", "second", "third"]
    turns.advance(10)
    assert len(done) == 4


def test_one_that_is_cancelled_does_nothing(turns: Turns):
    done: list[str] = []
    gone = turns.scope.after(1.0, lambda: done.append("cancelled"))
    # Cancelled by one that is due at the same time and comes before it.
    turns.scope.after(2.0, lambda: late.cancel())
    late = turns.scope.after(2.0, lambda: done.append("cancelled late"))
    turns.scope.after(2.0, lambda: done.append("kept"))
    gone.cancel()
    turns.advance(5)
    assert done == ["kept"]


def test_what_comes_again_begins_at_once(turns: Turns):
    times: list[float] = []
    turns.scope.every(2.0, lambda: times.append(turns.clock.now))
    began = turns.clock.now
    for _ in range(16):
        turns.advance(0.5)
    assert times == [began, began + 2, began + 4, began + 6, began + 8]


def test_a_descriptor_is_watched_for_reading_and_when_asked_for_writing(turns: Turns):
    ready: list[int] = []
    one, other = socket.socketpair()
    with one, other:
        turns.scope.watch(one, ready.append)
        turns.turn()
        assert ready == []
        other.send(b".")
        turns.turn()
        assert ready == [READ]
        turns.scope.watch(one, ready.append, writing=True)
        turns.turn()
        assert ready[1:] == [READ | WRITE]
        turns.scope.forget(one)
        turns.turn()
        assert len(ready) == 2 and turns.watched == 0
        # What is not watched may be forgotten.
        turns.scope.forget(one)


def test_one_that_is_forgotten_by_another_of_the_same_turn_is_not_served(turns: Turns):
    pairs = [socket.socketpair() for _ in range(2)]
    served: list[int] = []

    def serve(number: int) -> None:
        served.append(number)
        for mine, _others in pairs:
            turns.scope.forget(mine)
            mine.close()

    for number, (mine, others) in enumerate(pairs):
        turns.scope.watch(mine, lambda _events, number=number: serve(number))
        others.send(b".")
    turns.turn()
    turns.turn()
    assert len(served) == 1
    for _mine, others in pairs:
        others.close()


def test_a_closed_scope_watches_nothing_and_does_nothing_and_its_children_end(turns: Turns, tmp_path: Path):
    done: list[object] = []
    one, other = socket.socketpair()
    pids = tmp_path / "pids"
    scope = turns.another_scope(tmp_path)
    scope.watch(one, done.append)
    scope.after(1.0, lambda: done.append("deadline"))
    scope.every(1.0, lambda: done.append("again"))
    scope.run(
        ["sh", "-c", f"sleep 1000 & echo $$ $! >{pids}.new; mv {pids}.new {pids}; wait"], done.append, 5
    )
    inner = scope.inner()
    inner.after(1.0, lambda: done.append("inner deadline"))
    inner.run(["sleep", "1000"], done.append, 5)
    with _listener(tmp_path) as listener:
        scope.ask_havend(b"{}\n", done.append, 5)
        turns.until(pids.exists, "the child runs")
        del done[:]
        scope.close()
        assert scope.closed and turns.watched == 0
        client, _address = listener.accept()
        with client:
            client.settimeout(60)
            assert client.recv(100) == b"{}\n" and client.recv(100) == b""
    other.send(b".")
    turns.advance(10)
    assert done == []
    wait_until(lambda: not any(lives(pid) for pid in pids.read_text().split()), 10, "both have ended")
    one.close()
    other.close()


def test_a_closed_scope_takes_nothing_more(turns: Turns, tmp_path: Path):
    scope = turns.another_scope(tmp_path)
    one, other = socket.socketpair()
    with one, other:
        scope.close()
        for register in (
            lambda: scope.watch(one, lambda _ready: None),
            lambda: scope.at(turns.clock.now, lambda: None),
            lambda: scope.every(1.0, lambda: None),
            lambda: scope.run(["touch", str(tmp_path / "ran")], lambda _end: None, 1.0),
            lambda: scope.ask_havend(b"{}", lambda _answer: None, 1.0),
            lambda: scope.inner(),
        ):
            with pytest.raises(ScopeClosed):
                register()
        assert turns.watched == 0
        # What closes itself afterwards may still let go.
        scope.forget(one)
    assert not (tmp_path / "ran").exists()


def test_an_inner_scope_is_closed_before_its_outer(turns: Turns, tmp_path: Path):
    done: list[str] = []
    inner = turns.scope.inner()
    inner.after(1.0, lambda: done.append("inner"))
    turns.scope.after(1.0, lambda: done.append("outer"))
    inner.close()
    turns.advance(2)
    assert done == ["outer"]
    assert turns.scope.inner() is not inner


def test_what_is_raised_is_told_to_whom_it_concerns_and_the_others_go_on(turns: Turns, tmp_path: Path):
    told: list[BaseException] = []
    done: list[str] = []
    scope = Scope(turns.loop, str(tmp_path), told.append)

    def fail(*_what: object) -> None:
        raise ValueError("this one")

    one, other = socket.socketpair()
    with one, other:
        scope.watch(one, fail)
        other.send(b".")
        turns.turn()
        scope.forget(one)
    scope.after(1.0, fail)
    turns.scope.after(1.0, lambda: done.append("other"))
    scope.guard(fail)
    scope.inner().guard(fail)
    turns.advance(1)
    assert [str(each) for each in told] == ["this one"] * 4 and done == ["other"]


# Calls


def test_a_child_has_its_environment_and_its_end_is_told(turns: Turns):
    ends: list[ChildEnd | CallFailure] = []
    argv = ["/bin/sh", "-c", "echo $WHO; exit 4"]
    turns.scope.run(argv, ends.append, 10, environment={"WHO": "me"})
    turns.settle()
    (end,) = ends
    assert isinstance(end, ChildEnd) and (end.status, end.output) == (4, "me\n")


def test_one_that_is_not_captured_writes_to_the_log(turns: Turns, capfd: pytest.CaptureFixture[str]):
    ends: list[ChildEnd | CallFailure] = []
    turns.scope.run(["sh", "-c", "echo said; echo complained >&2"], ends.append, 10, captures=False)
    turns.settle()
    assert isinstance(ends[0], ChildEnd) and (ends[0].output, ends[0].complaint) == ("", "")
    assert capfd.readouterr().err == "said\ncomplained\n"


def test_a_child_that_has_had_its_time_is_told_as_late_and_once(turns: Turns):
    ends: list[ChildEnd | CallFailure] = []
    child = turns.scope.run(["sleep", "1000"], ends.append, 10)
    turns.advance(9.5)
    assert ends == [] and lives(child.pid)
    turns.advance(0.5)
    (end,) = ends
    assert isinstance(end, CallFailure) and end.kind == "late"
    # Nobody waits for it: a child that hangs in the kernel would take the loop with it.
    wait_until(lambda: not lives(child.pid), 30, "the child is killed")
    turns.advance(10)
    assert len(ends) == 1 and turns.watched == 0


def test_a_program_that_cannot_be_started_is_raised_and_nothing_is_left(turns: Turns):
    before = descriptors_before()
    with pytest.raises(OSError, match="nowhere"):
        turns.scope.run(["/nowhere/program"], lambda _end: None, 10, stdin="text")
    assert turns.watched == 0 and open_descriptors() == before


def test_nothing_is_left_of_what_a_call_brought(turns: Turns, tmp_path: Path):
    outcomes: list[object] = []
    call = turns.scope.run(["head", "-c", "300000", "/dev/zero"], outcomes.append, 60)
    gone = weakref.ref(call)
    del call
    turns.settle()
    with pytest.raises(OSError):
        turns.scope.run([str(tmp_path / "nothing")], outcomes.append, 60)
    turns.scope.ask_havend(b"{}", outcomes.append, 60)
    assert len(outcomes[0].output) == 300000 and outcomes[1].kind == "havend"
    assert gone() is None
    # What is left of them has nothing to do when their time is over.
    turns.advance(100)
    assert len(outcomes) == 2


def test_no_descriptor_is_left_of_a_call(turns: Turns, tmp_path: Path):
    before = descriptors_before()
    ends: list[object] = []
    turns.scope.run(["sh", "-c", "cat; exit 0"], ends.append, 10, stdin="x" * 100_000)
    turns.scope.run(["sleep", "1000"], ends.append, 10)
    turns.scope.run(["yes"], ends.append, 10)
    turns.scope.ask_havend(b"{}\n", ends.append, 10)
    with _listener(tmp_path) as listener:
        turns.scope.ask_havend(b"{}\n", ends.append, 10)
        turns.until(lambda: len(ends) == 3, "three have ended")
        turns.advance(10)
        assert len(ends) == 5
        listener.accept()[0].close()
    assert turns.watched == 0 and open_descriptors() == before


def test_what_a_program_leaves_running_may_write_without_end(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[object] = []
    turns.scope.run(["true"], ends.append, 10, keeps=100)
    # As fast as it is read, and for longer than a test could wait.
    words = itertools.repeat(b"x" * 1000, 100_000)
    monkeypatch.setattr(calls.os, "read", lambda *_: next(words))
    turns.until(lambda: ends, "it has ended")
    assert next(words) and ends[0].output == "x" * 100


def _listener(run_dir: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(run_dir / "havend.sock"))
    made.listen()
    made.settimeout(60)
    return made
