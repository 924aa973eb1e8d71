# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that a plan runs and that are stuck, complain without end, or leave others behind."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.core.clock import MILLISECOND, SECOND
from haven.havend import plan_commands
from haven.havend.host import system
from haven.havend.plan_commands import PlanCommands, run_all
from tests.descriptors import descriptors_before, open_descriptors
from tests.havend.machines import Havend, Machine, wait_until
from tests.havend.plans import document, lan, section, write

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

SHORT, LONG = 300 * MILLISECOND, 120 * SECOND


def _command(*argv: str, stdin: str = "") -> dict:
    return {"code": "untracked-rules", "facts": {}, "say": "x", "argv": list(argv), "stdin": stdin}


def _errors(problems: list[dict]) -> list[str]:
    assert all(each["code"] == "setup-failed" for each in problems)
    return [each["facts"]["error"] for each in problems]


class Desk:
    """Commands that run beside a loop, which turns when it is told to."""

    def __init__(self) -> None:
        self.problems: list[dict] = []
        self.poller = system.Poller()
        self.commands = PlanCommands(self.poller, self.problems.append)

    def turn(self) -> bool:
        """One turn; tell whether nothing is under way."""
        for descriptor, _mask in self.poller.wait(10 * MILLISECOND):
            if self.commands.serves(descriptor):
                self.commands.read(descriptor)
        if system.now() >= self.commands.deadline:
            self.commands.expire()
        return self.commands._child is None

    def let_it_be_late(self) -> None:
        """Let the time of the one that runs be over."""
        assert 0 < self.commands.deadline - system.now() <= plan_commands.LIMIT
        self.commands.deadline = system.now()

    def settle(self) -> None:
        wait_until(self.turn, "all commands have ended")


@pytest.mark.parametrize(
    "complaint",
    [
        "mnl.c:60: Unable to initialize Netlink socket: Protocol not supported",
        "netlink: Error: cache initialization failed: Invalid argument",
    ],
)
def test_a_kernel_without_nf_tables_is_named(complaint: str) -> None:
    found = run_all([_command("sh", "-c", f"echo '{complaint}' >&2; exit 1")])
    assert _errors(found) == ["this kernel has no nf_tables (kmod-nft-core)"]


@pytest.mark.parametrize("taken", ["pipe", "memfd_create", "posix_spawnp", "pidfd_open"])
def test_one_for_which_there_is_no_descriptor_left_takes_none(
    monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    before = descriptors_before()
    monkeypatch.setattr(os, taken, refuse)
    assert _errors(run_all([_command("true")])) == ["true: Too many open files"]
    assert open_descriptors() == before


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    # A program that is not stuck has the time that it needs on a busy machine.
    monkeypatch.setattr(plan_commands, "LIMIT", LONG)
    return Desk()


def test_one_that_is_stuck_is_ended_with_what_it_has_started(desk: Desk, tmp_path: Path) -> None:
    pids, done, before = tmp_path / "pids", tmp_path / "done", descriptors_before()
    stuck = _command("sh", "-c", f"sleep 1000 & echo $! $$ >{pids}; wait")
    desk.commands.begin([stuck, _command("touch", str(done))])
    wait_until(lambda: desk.turn() or (pids.exists() and pids.read_text()), "it is stuck")
    desk.let_it_be_late()
    desk.settle()
    assert _errors(desk.problems) == ["it takes too long"] and done.exists()
    wait_until(lambda: not any(_runs(pid) for pid in pids.read_text().split()), "they have ended")
    assert open_descriptors() == before


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_that_complains_without_end_takes_no_memory(desk: Desk) -> None:
    desk.commands.begin([_command("sh", "-c", "echo first >&2; exec yes >&2")])
    wait_until(lambda: desk.turn() or len(desk.commands._child.complaint) >= 1 << 16, "it has said much")
    for _ in range(20):
        desk.turn()
        assert len(desk.commands._child.complaint) == 1 << 16
    desk.let_it_be_late()
    desk.settle()
    assert _errors(desk.problems) == ["it takes too long"]


@pytest.mark.parametrize(
    ("script", "errors"),
    [
        ("exec 2>&-; sleep 0.1; exit 3", ["it failed and did not say why"]),
        ("sleep 1000 & echo no >&2; echo $! >$1; exit 3", ["no"]),
        ("cat >&2; exit 1", ["given"]),
        ("kill -9 $$", ["it failed and did not say why"]),
        ("exit 0", []),
    ],
)
def test_the_end_is_that_of_the_program(desk: Desk, tmp_path: Path, script: str, errors: list[str]) -> None:
    left = tmp_path / "left"
    desk.commands.begin([_command("sh", "-c", script, "sh", str(left), stdin="given\n")])
    desk.settle()
    assert _errors(desk.problems) == errors
    if left.exists():
        os.kill(int(left.read_text()), signal.SIGKILL)


def test_those_that_wait_are_not_begun_when_the_time_at_the_end_is_over(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, never = [tmp_path / "first", tmp_path / "second"], tmp_path / "never"
    monkeypatch.setattr(plan_commands, "LIMIT_AT_END", LONG)
    desk.commands.begin([_command("touch", str(each)) for each in done])
    desk.commands.finish()
    assert all(each.exists() for each in done) and desk.problems == []
    monkeypatch.setattr(plan_commands, "LIMIT_AT_END", SHORT)
    desk.commands.begin([_command("sleep", "1000"), _command("touch", str(never))])
    desk.commands.finish()
    assert not never.exists() and _errors(desk.problems) == ["it takes too long"]


def test_at_the_start_one_that_is_stuck_is_waited_for_only_so_long() -> None:
    before = descriptors_before()
    found = run_all([_command("sleep", "1000"), _command("sh", "-c", "echo no >&2; exit 1")], 3 * SECOND)
    assert _errors(found) == ["it takes too long", "no"]
    assert open_descriptors() == before


def test_havend_goes_on_and_ends_beside_one_that_is_stuck(pair: Pair, havend: Make, tmp_path: Path) -> None:
    node = havend(pair[0], lan(advert_interval=20)).prepare().start().until("active")
    plan = document(lan(advert_interval=20))
    plan["commands"] = {"setup": [_command("sleep", "1000")], "teardown": [_command("sleep", "1000")]}
    for each in plan["commands"]["setup"] + plan["commands"]["teardown"]:
        del each["stdin"]
    assert node.ask("load", path=write(tmp_path, plan, "next"))["ok"]
    node.until("active")
    assert node.stop() == 0
    assert "10.9.0.100" not in pair[0].addresses("lan") and node.says("it takes too long")


def test_what_havend_starts_has_the_usual_priority(pair: Pair, havend: Make, tmp_path: Path) -> None:
    main = section("haven", "main", enabled=1, node="r1", realtime=50)
    node = havend(pair[0], lan(advert_interval=20), main=main).start().until("active")
    plan, told = document(node.text, main=""), tmp_path / "policy"
    command = _command("sh", "-c", f"grep policy /proc/self/sched >{told} || cat /proc/self/stat >{told}")
    del command["stdin"]
    plan["commands"]["setup"] = [command]
    assert node.ask("load", path=write(tmp_path, plan, "next"))["ok"]
    wait_until(lambda: told.exists() and told.read_text(), "it has run")
    # proc(5): the 41st field of stat is the policy; SCHED_OTHER is 0.
    words = told.read_text().rpartition(")")[2].split()
    assert (words[-1] if ":" in told.read_text() else words[38]) == "0"
