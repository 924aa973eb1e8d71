# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of one service: one after the other, within one limit, and only what was asked for last."""

from pathlib import Path

from haven.agent.services.command_runner import CommandRunner
from haven.agent.services.procd_instances import evidence
from haven.agent.services.service_queue import JobEnd
from tests.agent.service_world import planned
from tests.agent.turns import Turns

SHELL = ["/bin/sh", "-c"]


class Runs:
    """A runner, and what it has told."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.ends: list[JobEnd] = []
        self.runner = CommandRunner(turns.scope, lambda: None, self.ends.append)

    def run(self, action: str, *commands: str) -> JobEnd:
        """Run commands to their end."""
        service = planned("it", **{action: [[*SHELL, command] for command in commands]})
        self.runner.run(service, action, 30, {"WHO": "me"})
        self.turns.until(lambda: self.ends, "it has ended")
        return self.ends.pop()


def test_a_start_ends_with_the_first_that_fails_and_a_stop_stops_what_it_can(turns: Turns, tmp_path: Path):
    runs, record = Runs(turns), tmp_path / "record"
    commands = [f"echo a >>{record}", f"echo b >>{record}; exit 3", f"echo c >>{record}"]
    start = runs.run("start", *commands)
    assert (start.code, start.facts, record.read_text()) == ("status", {"status": 3}, "a\nb\n")
    record.unlink()
    stop = runs.run("stop", *commands)
    assert (stop.code, stop.facts, record.read_text()) == ("status", {"status": 3}, "a\nb\nc\n")


def test_what_was_abandoned_is_not_told_and_does_not_end_what_comes_next(turns: Turns, tmp_path: Path):
    runs, done = Runs(turns), tmp_path / "done"
    looked_at = planned("it", check=[*SHELL, "sleep 100"])
    runs.runner.run(looked_at, "check", 30, {})
    runs.runner.abandon()
    runs.run("stop", f"sleep 0.2; touch {done}")
    assert done.exists()
    turns.settle()
    assert runs.ends == []


def test_a_program_that_is_not_there_is_named(turns: Turns):
    runs = Runs(turns)
    runs.runner.run(planned("it", start=[["/no/such/program"]]), "start", 30, {})
    turns.until(lambda: runs.ends, "it has ended")
    assert (runs.ends[0].code, runs.ends[0].facts) == ("unstartable", {"error": "No such file or directory"})


def test_the_environment_says_whose_command_it_is(turns: Turns):
    assert Runs(turns).run("start", "echo $WHO; echo $USER >&2").words == "me\nroot"


def test_what_procd_says():
    running = (
        '{"it": {"instances": {"a": {"running": true, "pid": 7}, "b": {"running": false, "exit_code": 1}}}}'
    )
    done = '{"it": {"instances": {"a": {"running": false, "exit_code": 0}}}}'
    dead = '{"it": {"instances": {"a": {"running": false, "exit_code": 1}}}}'

    def said(answer: str, process: bool) -> object:
        found = evidence(answer, ["it"], process)
        return found and (set(found.pids), found.alive)

    assert said(running, True) == ({7}, True)
    assert (said(done, False), said(done, True)) == ((set(), None), (set(), False))
    assert (said(dead, False), said("{}", False), said("{}", True)) == (
        (set(), False),
        (set(), None),
        (set(), False),
    )
    no_instances = evidence('{"it": {}}', ["it"], True)
    assert no_instances is not None and not no_instances.given
    for broken in ("", "[]", "5", '{"it": 5}', '{"it": {"instances": {"a": {"running": true}}}}'):
        assert said(broken, True) is None
