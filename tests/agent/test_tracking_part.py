# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks as the agent makes them, of hosts on loopback and of programs: what comes of them, what is left."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.tracking.part import TrackingPart
from haven.agent.tracking.script_probe import MOST_OUTPUT
from haven.contract.plan import check_plan
from haven.contract.status import check_account, check_problems
from tests.agent.plans import plan_for
from tests.agent.processes import lives
from tests.agent.turns import BUDGET_S, Turns
from tests.lab.wait import wait_until
from tests.root import need_root

PACE = {"weight": 254, "interval_us": 50_000, "timeout_us": 50_000, "rise": 1, "fall": 1}


class RealTime:
    """The clock of the loop where programs and sockets take their time."""

    @property
    def now(self) -> float:
        """Return the time."""
        return time.monotonic()


class Checks:
    """A part with the checks of a plan, turned by the test."""

    def __init__(self, folder: Path) -> None:
        self.turns = Turns(folder, RealTime())  # type: ignore[arg-type]
        self.reports = 0
        places = Places(str(folder), "/nowhere", "/")
        self.around = Surroundings(self.turns.scope, places, Roles(), self._report)
        self.part = TrackingPart(self.around)

    def _report(self) -> None:
        self.reports += 1

    def take(self, *checks: dict[str, Any]) -> None:
        """Take a plan with these checks."""
        planned = {"tracking": {"checks": [{**PACE, **check} for check in checks]}} if checks else {}
        self.around.take_plan(check_plan(plan_for(**planned)))
        self.part.take_plan()

    def shown(self, name: str = "it") -> dict[str, Any]:
        """Return what the status has of a check."""
        told = check_account(self.part.account())
        check_problems(self.part.problems(), "problems")
        return next(each for each in told["tracking"]["checks"] if each["name"] == name)

    def until(self, state: str, name: str = "it") -> dict[str, Any]:
        """Turn until a check has this verdict; return it."""
        self.turns.until(lambda: self.shown(name)["state"] == state, f"{name} is {state}")
        return self.shown(name)


@pytest.fixture
def checks(tmp_path: Path) -> Iterator[Checks]:
    """A part without checks."""
    made = Checks(tmp_path)
    yield made
    made.part.close()
    made.turns.close()


def host(kind: str, **more: Any) -> dict[str, Any]:
    """Return a check of a host on loopback."""
    return {"name": "it", "kind": kind, "address": "127.0.0.1", "timeout_us": 1_000_000, **more}


def script(folder: Path, text: str, **more: Any) -> dict[str, Any]:
    """Return a check that runs this text."""
    path = folder / "check"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return {
        "name": "it",
        "kind": "script",
        "argv": [str(path)],
        "user": "root",
        "timeout_us": 5_000_000,
        **more,
    }


# Hosts


def test_a_ping_is_answered_with_its_latency(checks: Checks):
    need_root()
    for address in ("127.0.0.1", "::1"):
        checks.take(host("icmp", address=address))
        found = checks.until("up")
        assert 0 < found["latency_ms"] < 1000
        assert abs(found["answered_at"] - time.time()) < BUDGET_S
        checks.take()
    assert checks.turns.watched == 0


def test_a_port_that_refuses_is_down_and_one_that_listens_is_up(checks: Checks):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        checks.take(host("tcp", port=port))
        assert checks.until("up")["target"] == f"127.0.0.1 port {port}"
    found = checks.until("down")
    # What was on its way when nobody listened any more is reset.
    assert found["error"] in ("Connection refused", "Connection reset by peer")
    assert checks.part.problems()[0]["facts"]["error"] == found["error"]


class NameServer(threading.Thread):
    """Answers each question as a function of it says."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answer = answer

    def run(self) -> None:
        """Answer until the socket is closed."""
        while True:
            question, sender = self.socket.recvfrom(512)
            if question == b"end":
                break
            self.socket.sendto(self.answer(question), sender)
        self.socket.close()

    def end(self) -> None:
        """End."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", ("127.0.0.1", self.port))
        self.join(BUDGET_S)


def test_a_name_server_that_says_no_such_name_is_up_and_one_that_says_garbage_is_down(checks: Checks):
    no_such_name = NameServer(lambda question: question[:2] + b"\x81\x83" + question[4:])
    garbage = NameServer(lambda question: b"\xff" * 40)
    echo = NameServer(lambda question: question)
    for server, state in ((no_such_name, "up"), (garbage, "down"), (echo, "down")):
        server.start()
        checks.take(host("dns", port=server.port, query="example.org", timeout_us=300_000))
        assert checks.until(state)["error"] == ("" if state == "up" else "no answer")
        server.end()
        checks.take()


def test_a_device_that_is_not_there_is_a_failure(checks: Checks):
    need_root()
    for kind in ("icmp", "arp", "tcp", "dns"):
        checks.take(host(kind, device="nowhere0", port=53))
        assert checks.until("down")["error"] == "No such device"
        checks.take()


# Programs


def test_a_program_says_by_its_end_whether_all_is_well(checks: Checks, tmp_path: Path):
    checks.take(script(tmp_path, f"test -e {tmp_path}/well || {{ echo; echo 'no lease' >&2; exit 3; }}"))
    assert checks.until("down")["error"] == "status 3: no lease"
    assert checks.part.problems()[0]["facts"]["error"] == "status 3: no lease"
    (tmp_path / "well").touch()
    assert checks.until("up")["error"] == ""
    assert checks.part.problems() == []
    assert checks.reports == 2


def test_a_program_that_hangs_is_killed_with_all_that_it_has_started(checks: Checks, tmp_path: Path):
    note = tmp_path / "pids"
    text = f"sleep 1000 & echo $! $$ >> {note}\nsleep 1000\n"
    checks.take(script(tmp_path, text, timeout_us=300_000))
    assert checks.until("down")["error"] == "it was not done after 0.3 s"
    # On a busy machine it may have been killed before it had written that.
    checks.turns.until(lambda: note.exists() and note.read_text(), "it has started something")
    checks.take()
    for pid in note.read_text().split():
        wait_until(lambda pid=pid: not lives(pid), BUDGET_S, f"process {pid} is gone")


def test_what_a_program_leaves_running_is_ended(checks: Checks, tmp_path: Path):
    note = tmp_path / "pids"
    checks.take(script(tmp_path, f"sleep 1000 & echo $! > {note}\n", interval_us=60_000_000))
    checks.until("up")
    wait_until(lambda: not lives(note.read_text().strip()), BUDGET_S, "what it has left is gone")


def test_a_program_that_prints_without_end_is_ended_and_takes_no_memory(checks: Checks, tmp_path: Path):
    checks.take(script(tmp_path, "exec head -c 100000000 /dev/zero\n", interval_us=60_000_000))
    assert checks.until("down")["error"] == "it says too much"
    assert MOST_OUTPUT < 100_000


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"argv": ["/nowhere/check"]}, "No such file or directory"),
        ({"argv": ["/etc/passwd"]}, "Permission denied"),
        ({"argv": ["/bin/true"], "user": "nobody-has-this-name"}, "there is no user 'nobody-has-this-name'"),
    ],
)
def test_a_program_that_cannot_be_started_says_why(checks: Checks, tmp_path: Path, change: dict, why: str):
    checks.take(script(tmp_path, "exit 0\n", **change))
    assert checks.until("down")["error"] == f"{change['argv'][0]}: {why}"


def test_a_program_runs_without_rights_where_a_user_is_given(checks: Checks, tmp_path: Path):
    need_root()
    text = '[ "$(id -u)" != 0 ] && [ "$CHECK" = it ] && case " $(id -G) " in *" 0 "*) exit 1;; esac'
    for user, state in (("nobody", "up"), ("root", "down")):
        # The folder of the test is its user's alone.
        checks.take(script(tmp_path, "", user=user, argv=["/bin/sh", "-c", text]))
        checks.until(state)
        checks.take()


# Plans


def test_a_check_that_stays_as_it_is_does_not_notice_another_plan(checks: Checks, tmp_path: Path):
    one = script(tmp_path, "exit 0\n")
    checks.take(one)
    since = checks.until("up")["since"]
    checks.take(one, {**one, "name": "other"})
    assert checks.shown()["since"] == since
    assert checks.shown("other")["state"] == "unknown"
    checks.take({**one, "weight": 20})
    assert checks.shown()["state"] == "unknown"
    checks.take()
    assert checks.part.account() == {}


def test_without_checks_nothing_of_it_is_loaded():
    code = (
        "import haven.agent.agent, sys; print(*[each for each in sys.modules if 'agent.tracking.' in each])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert found.stdout == "haven.agent.tracking.part\n"
