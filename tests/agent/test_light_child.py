# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that are started without subprocess end, fail and are buried as its own are."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from haven import light_child
from haven.agent import main
from haven.light import which
from haven.light_child import LightChild, bury
from tests.descriptors import descriptors_before, open_descriptors
from tests.lab.wait import wait_until


@pytest.fixture
def nothing() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_what_it_writes_and_how_it_ends_is_told(nothing: int) -> None:
    child = LightChild(["sh", "-c", "echo out; echo wrong >&2; exit 3"], nothing)
    assert child.stdout is not None and child.stderr is not None
    with child.stdout, child.stderr:
        assert (child.stdout.read(), child.stderr.read()) == (b"out\n", b"wrong\n")
    assert child.wait() == child.poll() == 3
    # Its number may be another's by now.
    child.kill()


def test_a_program_that_is_not_there_leaves_no_descriptor(nothing: int) -> None:
    before = descriptors_before()
    with pytest.raises(FileNotFoundError):
        LightChild(["/nowhere/at-all"], nothing)
    assert open_descriptors() == before
    assert which("at-all", "/nowhere:/") is None and which("sh") is not None


def test_it_is_ended_by_a_broken_pipe_which_python_ignores(nothing: int) -> None:
    child = LightChild(["sh", "-c", "kill -PIPE $$; exit 0"], nothing, (2, 2))
    assert child.wait() == -signal.SIGPIPE


@pytest.mark.parametrize("own_group", [True, False])
def test_it_has_a_process_group_of_its_own_where_it_is_to(nothing: int, own_group: bool) -> None:
    child = LightChild(["sleep", "60"], nothing, (2, 2), {"PATH": os.environ["PATH"]}, own_group)
    assert os.getpgid(child.pid) == (child.pid if own_group else os.getpgid(0))
    child.terminate()
    assert child.wait() == -signal.SIGTERM


def test_whoever_starts_the_agent_need_not_want_to_hear_of_children(
    monkeypatch: pytest.MonkeyPatch, nothing: int
) -> None:
    """Not to hear of them is inherited, and the kernel then tells of no child how it has ended."""

    def end_here(_run_dir: str) -> None:
        raise InterruptedError

    monkeypatch.setattr(main, "wait_for_turn", end_here)
    monkeypatch.setattr(sys, "argv", ["haven-agent"])
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(InterruptedError):
            main.main()
        assert LightChild(["sh", "-c", "exit 3"], nothing, (2, 2)).wait() == 3
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_one_that_is_left_is_buried_with_the_next(nothing: int) -> None:
    child = LightChild(["sleep", "0.05"], nothing, (2, 2))
    bury(child)

    def is_buried() -> bool:
        LightChild(["true"], nothing, (2, 2)).wait()
        return child not in light_child._unburied

    wait_until(is_buried, 30, "it is buried")
    assert not os.path.exists(f"/proc/{child.pid}")
