# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent and its parts: one that fails leaves the others alone, and havend hears one account of all."""

import json
import os
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.agent import agent as agent_module
from haven.agent import supervisor
from haven.agent.conntrack.conntrackd_socket import STATISTICS
from haven.agent.part import Part, Surroundings
from haven.agent.roles import Change
from haven.contract.control import PREPARE_LIMIT_S, PROTOCOL
from haven.contract.plan import VERSION
from haven.contract.status import check_report
from tests.agent.agents import AgentThread
from tests.agent.plans import CONNTRACK, give_plan, leave, plan_for
from tests.agent.processes import lives
from tests.agent.stand_in_havend import StandInHavend
from tests.lab.wait import wait_until


class Steady(Part):
    """Counts what it is asked, and what it hears."""

    name = "steady"
    made: list["Steady"]

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.made.append(self)
        self.asked, self.beats = 0, 0
        self.changes: list[Change] = []
        self.plans: list[tuple[str, dict[str, Any]]] = []
        self.ended = False
        around.scope.every(0.05, self._beat)

    def _beat(self) -> None:
        self.beats += 1

    def take_plan(self) -> None:
        self.plans.append((self.around.node, self.around.plan))

    def take_change(self, change: Change) -> None:
        self.changes.append(change)

    def end(self, done: Callable[[], None]) -> None:
        self.ended = True
        done()

    def account(self) -> dict[str, Any]:
        self.asked += 1
        return {"steady": {"asked": self.asked, "beats": self.beats, "roles": dict(self.around.roles.states)}}


class Troubled(Part):
    """Does what the test says, where the test says it."""

    name = "troubled"
    vouches = True
    made: list["Troubled"]
    does: dict[str, Callable[..., Any]]

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.made.append(self)
        around.scope.every(0.05, lambda: self._do("callback"))

    def _do(self, where: str, *what: Any) -> Any:
        return self.does.get(where, lambda *_what: None)(*what)

    def take_roles(self) -> None:
        self._do("take_roles")

    def take_change(self, change: Change) -> None:
        self._do("take_change", change)

    def prepare(self, done: Callable[[], None]) -> None:
        self.does.get("prepare", lambda done: done())(done)

    def end(self, done: Callable[[], None]) -> None:
        self.does.get("end", lambda done: done())(done)

    def is_in_sync(self) -> bool:
        return bool(self.does.get("is_in_sync", lambda: True)())

    def account(self) -> dict[str, Any]:
        found = {"troubled": len(self.made)}
        return self.does.get("account", lambda: found)()

    def problems(self) -> list[dict[str, Any]]:
        return self.does.get("problems", list)()


def fail(*_what: Any) -> None:
    """Raise, whatever it is called with."""
    raise ValueError("this one")


class Desk:
    """Both parts in an agent, and the stand-in for havend."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.havend = StandInHavend(run_dir)
        self.steady: list[Steady] = []
        self.troubled: list[Troubled] = []
        self.does: dict[str, Callable[..., Any]] = {}
        steady = type("SteadyHere", (Steady,), {"made": self.steady})
        troubled = type("TroubledHere", (Troubled,), {"made": self.troubled, "does": self.does})
        # The one that fails comes first.
        self.kinds: tuple[type[Part], ...] = (troubled, steady)

    def agent(self) -> AgentThread:
        return AgentThread(self.run_dir, *self.kinds)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(supervisor, "SHORTEST_WAIT_S", 0.2)
    monkeypatch.setattr(agent_module, "END_S", 2.0)
    made = Desk(tmp_path)
    give_plan(tmp_path, plan_for())
    with made.havend:
        yield made


def failures(report: dict[str, Any]) -> list[str]:
    """Return what a report says of parts that have failed."""
    return [each["facts"]["part"] for each in report["problems"] if each["code"] == "part-failed"]


# One part and the others


@pytest.mark.parametrize("where", ["callback", "take_roles", "account", "problems", "is_in_sync"])
def test_one_that_raises_is_named_and_made_again_and_the_others_go_on(desk: Desk, where: str, capfd):
    with desk.agent():
        line = desk.havend.accept()
        line.answer({"lan": "backup"})
        line.report(lambda report: report.get("troubled") == 1 and report["steady"]["roles"])
        desk.does[where] = fail
        line.transition("lan", "backup", "active")
        named = line.report(failures)
        assert failures(named) == ["troubled"]
        (found,) = named["problems"]
        assert (found["severity"], found["about"]) == ("warning", "haven-agent")
        assert "this one" in found["facts"]["error"] and "troubled" in found["message"] and found["do"]
        # The other hears, is asked, and has its deadlines while this one fails again and again.
        before = named["steady"]["beats"]
        still = line.report(lambda report: report["steady"]["beats"] > before + 5 and len(desk.troubled) > 2)
        assert still["steady"]["roles"] == {"lan": "active"} and failures(still) == ["troubled"]
        assert still["in_sync"] is False and len(desk.steady) == 1
        del desk.does[where]
        number = len(desk.troubled)
        again = line.report(lambda report: report.get("troubled", 0) >= number and report["in_sync"])
        assert again["steady"]["asked"] > still["steady"]["asked"]
        # It is still said that it had failed.
        assert failures(again) == ["troubled"]
    assert [change.after for change in desk.steady[0].changes] == ["active"]
    assert "troubled has failed and is started again" in capfd.readouterr().err


def test_one_that_raises_over_a_change_keeps_it_from_nobody(desk: Desk, capfd):
    desk.does["take_change"] = fail
    with desk.agent():
        line = desk.havend.accept()
        line.answer({"lan": "backup", "wan": "backup"})
        line.report(lambda report: report["steady"]["roles"])
        line.transition("lan", "backup", "active")
        line.transition("wan", "backup", "fault")
        line.report(lambda report: failures(report) and report["steady"]["roles"]["wan"] == "fault")
    found = [(change.group, change.before, change.after) for change in desk.steady[0].changes]
    assert found == [("lan", "backup", "active"), ("wan", "backup", "fault")]


def test_one_that_cannot_be_made_is_named_and_the_others_go_on(desk: Desk, capfd):
    class Impossible(Part):
        name = "impossible"
        vouches = True

        def __init__(self, around: Surroundings) -> None:
            super().__init__(around)
            fail()

    desk.kinds = (Impossible, *desk.kinds)
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        report = line.report(failures)
        assert failures(report) == ["impossible"] and report["in_sync"] is False
        assert report["troubled"] == 1 and report["steady"]["asked"] > 0


@pytest.mark.parametrize("account", [{"troubled": {1, 2}}, ["troubled"], None], ids=["set", "list", "none"])
def test_an_account_that_is_none_is_the_failure_of_its_part(desk: Desk, account: Any, capfd):
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        line.report(lambda report: report.get("troubled") == 1)
        desk.does["account"] = lambda: account
        found = line.report(failures)
        assert failures(found) == ["troubled"] and "steady" in found
        del desk.does["account"]
        line.report(lambda report: report.get("troubled", 0) > 1)


DEEP: Any = "x"
for _ in range(100):
    DEEP = [DEEP]
PROBLEM = {"code": "x", "about": "troubled", "message": "m", "do": "d"}
MALFORMED = [
    ("problems", ["x"]),
    ("problems", [{**PROBLEM, "code": 7}]),
    ("problems", [{"code": "x"}]),
    ("problems", [{**PROBLEM, "facts": {"deep": DEEP}}]),
    ("account", {"problems": []}),
    ("account", {"command": "stop"}),
    ("account", {"in_sync": True}),
    ("account", {"state": "active"}),
    ("account", {"conntrack": 7}),
    ("account", {"peers": ["x"]}),
    ("account", {"peers": [{"address": 7}]}),
    ("account", {"troubled": DEEP}),
]


@pytest.mark.parametrize(("where", "what"), MALFORMED, ids=range(len(MALFORMED)))
def test_what_cannot_be_reported_is_the_failure_of_its_part(desk: Desk, where: str, what: Any, capfd):
    desk.does[where] = lambda: what
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        found = line.report(failures)
        assert failures(found) == ["troubled"] and found["steady"]["asked"]
        assert check_report(found) and found["command"] == "report" and found["in_sync"] is False


@pytest.mark.parametrize("name", ["self", "arguments", "account"])
def test_an_account_may_have_a_key_of_any_name(desk: Desk, name: str):
    desk.does["account"] = lambda: {name: {"it": "is"}}
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        assert line.report()[name] == {"it": "is"}


# The report


def test_the_account_is_that_of_all_parts(desk: Desk):
    found = {"code": "x", "about": "troubled", "message": "m", "do": "d"}
    desk.does["problems"] = lambda: [found]
    with desk.agent():
        line = desk.havend.accept()
        line.answer({"lan": "backup"})
        report = line.report(lambda report: report["steady"]["roles"])
    assert report["troubled"] == 1 and report["steady"]["roles"] == {"lan": "backup"}
    assert report["problems"] == [found] and report["in_sync"] is True


def test_in_sync_is_the_word_of_all_parts(desk: Desk):
    answers = [False]
    desk.does["is_in_sync"] = lambda: answers[0]
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        assert line.next_of("report")["in_sync"] is False
        answers[0] = True
        line.report(lambda report: report["in_sync"] is True)
        answers[0] = False
        line.report(lambda report: report["in_sync"] is False)


def test_news_are_reported_at_once_and_otherwise_every_second(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    # Whatever comes within the test comes because it was asked for.
    monkeypatch.setattr(agent_module, "REPORT_EVERY_S", 1000.0)
    with desk.agent():
        line = desk.havend.accept()
        line.answer({"lan": "backup"})
        desk.does["take_roles"] = lambda: desk.troubled[0].around.report()
        line.transition("lan", "backup", "active")
        line.report(lambda report: report["steady"]["roles"] == {"lan": "active"})


# Handovers


def test_prepared_is_said_when_all_parts_are_ready(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(agent_module, "PREPARE_S", 1000.0)
    waiting: list[Callable[[], None]] = []
    desk.does["prepare"] = waiting.append
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        line.send({"prepare": True})
        # Reports go on meanwhile.
        line.report(lambda _report: waiting)
        assert line.next_of("report")["troubled"] == 1 and line.next()["command"] == "report"
        desk.does["callback"] = lambda: waiting.pop()() if waiting else None
        line.next_of("prepared")
        # Once for each time that it was asked.
        desk.does.pop("prepare")
        line.send({"prepare": True})
        line.next_of("prepared")
        assert [line.next()["command"] for _ in range(2)] == ["report"] * 2


def test_prepared_is_said_when_the_time_of_one_that_never_is_is_over(desk: Desk):
    asked: list[Any] = []
    desk.does["prepare"] = asked.append
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        line.send({"prepare": True})
        line.next_of("prepared")
        assert len(asked) == 1
        # What it says later is not said again.
        desk.does["callback"] = lambda: asked.pop()() if asked else None
        line.report(lambda _report: not asked)
        assert [line.next()["command"] for _ in range(2)] == ["report"] * 2
    assert agent_module.PREPARE_S < PREPARE_LIMIT_S


@pytest.mark.parametrize("where", ["prepare", "callback"])
def test_one_that_fails_over_it_has_nothing_to_prepare(
    desk: Desk, where: str, monkeypatch: pytest.MonkeyPatch, capfd
):
    monkeypatch.setattr(agent_module, "PREPARE_S", 1000.0)
    asked: list[Any] = []
    # At once, or while it is waited for.
    desk.does["prepare"] = fail if where == "prepare" else asked.append
    with desk.agent():
        line = desk.havend.accept()
        line.answer({})
        line.send({"prepare": True})
        if where == "callback":
            line.report(lambda _report: asked)
            desk.does["callback"] = fail
        line.next_of("prepared")


# havend


def test_a_plan_that_came_after_the_start_is_taken_with_the_first_word_of_havend(desk: Desk):
    (desk.run_dir / "plan.json").unlink()
    with desk.agent():
        line = desk.havend.accept()
        line.next_of("report")
        give_plan(desk.run_dir, plan_for(steady={"a": 1}))
        line.answer({"lan": "backup"})
        line.report(lambda report: report["steady"]["roles"])
    assert desk.steady[0].plans[0] == ("", {})
    assert desk.steady[0].plans[-1] == ("r1", {"steady": {"a": 1}})


def test_a_plan_that_is_there_is_the_first_that_a_part_hears_of(desk: Desk):
    give_plan(desk.run_dir, plan_for(steady={"a": 1}))
    with desk.agent():
        line = desk.havend.accept()
        line.next_of("report")
        assert desk.steady[0].plans == [("r1", {"steady": {"a": 1}})]
        give_plan(desk.run_dir, plan_for(steady={"a": 2}))
        line.send({"event": {"kind": "reload", "at": 0.0}})
        line.report(lambda _report: len(desk.steady[0].plans) > 1)
        assert desk.steady[0].plans[-1] == ("r1", {"steady": {"a": 2}})


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**plan_for(steady={"a": 2}), "version": VERSION - 1}),
        json.dumps({**plan_for(steady={"a": 2}), "version": VERSION + 1}),
        json.dumps({**plan_for(), "parts": []}),
        json.dumps(plan_for(steady={"a": 2}))[:-1],
        "[]",
        "7",
        "",
        "\0",
        "[" * 100_000,
    ],
    ids=["older", "newer", "parts", "half", "list", "number", "empty", "binary", "deep"],
)
def test_a_plan_that_cannot_be_read_changes_nothing(desk: Desk, text: str):
    give_plan(desk.run_dir, plan_for(steady={"a": 1}))
    with desk.agent():
        line = desk.havend.accept()
        line.next_of("report")
        leave(desk.run_dir, text)
        line.send({"event": {"kind": "reload", "at": 0.0}})
        line.answer({"lan": "backup"})
        line.report(lambda report: report["steady"]["roles"])
    assert {node for node, _plan in desk.steady[0].plans} == {"r1"}
    assert all(plan == {"steady": {"a": 1}} for _node, plan in desk.steady[0].plans)


def test_a_plan_of_another_version_is_not_read_at_the_start(tmp_path: Path, desk: Desk, monkeypatch):
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "nowhere"))
    leave(tmp_path, json.dumps({**plan_for(conntrack={"device": "lo"}), "version": 1}))
    # With the parts that there are.
    with AgentThread(tmp_path):
        line = desk.havend.accept()
        line.answer({"lan": "backup"})
        for _ in range(2):
            report = line.next_of("report")
            assert [each["code"] for each in report["problems"]] == ["havend-older"]
            assert set(report) == {"command", "in_sync", "problems"} and not report["in_sync"]


def test_what_was_missed_while_havend_was_away_is_a_change(desk: Desk):
    with desk.agent():
        line = desk.havend.accept()
        line.answer({"lan": "backup", "wan": "backup"})
        line.transition("wan", "backup", "active")
        line.report(lambda report: report["steady"]["roles"].get("wan") == "active")
        desk.havend.close()
        desk.havend.start()
        line = desk.havend.accept()
        line.answer({"lan": "active", "wan": "active"})
        line.report(lambda report: report["steady"]["roles"]["lan"] == "active")
    found = [(change.group, change.before, change.after, change.reason) for change in desk.steady[0].changes]
    assert found == [("wan", "backup", "active", "silence"), ("lan", "backup", "active", "restart")]


# The end


def test_the_end_lets_all_parts_finish(desk: Desk):
    waiting: list[Callable[[], None]] = []
    desk.does["end"] = waiting.append
    desk.does["callback"] = lambda: waiting.pop()() if waiting else None
    with desk.agent() as agent:
        desk.havend.accept().answer({})
        wait_until(lambda: desk.steady and desk.steady[0].asked, 30, "it runs")
        agent.stop()
    assert desk.steady[0].ended and desk.steady[0].around.scope.closed


@pytest.mark.parametrize("how", ["never", "raises"])
def test_one_that_does_not_end_is_not_waited_for_longer_than_its_time(desk: Desk, how: str, capfd):
    desk.does["end"] = fail if how == "raises" else (lambda done: None)
    with desk.agent() as agent:
        desk.havend.accept().answer({})
        wait_until(lambda: desk.steady and desk.steady[0].asked, 30, "it runs")
        agent.stop()
    assert desk.steady[0].ended


def test_one_that_fails_at_the_end_is_not_made_again(desk: Desk, capfd):
    desk.does["end"] = lambda done: desk.does.update(callback=fail)
    with desk.agent() as agent:
        desk.havend.accept().answer({})
        wait_until(lambda: desk.steady and desk.steady[0].asked, 30, "it runs")
        agent.stop()
    assert len(desk.troubled) == 1


# conntrackd and nft that do not answer


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder first in PATH, with a conntrackd that lives and does nothing."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "nowhere"))
    monkeypatch.setattr("haven.agent.conntrack.guard.LOOSE_FILE", str(tmp_path / "loose"))
    monkeypatch.setattr(agent_module, "END_S", 1.0)
    (tmp_path / "loose").write_text("0\n")
    tool(folder, "conntrackd", "exec sleep 1000")
    yield folder
    for each in folder.glob("*.pid"):
        for pid in each.read_text().split():
            if lives(pid):
                os.kill(int(pid), signal.SIGKILL)


def tool(folder: Path, name: str, script: str) -> None:
    """Make a program that notes its process."""
    aside = folder / f"{name}.new"
    aside.write_text(f"#!/bin/sh\necho $$ >>{folder}/{name}.pid\n{script}\n")
    aside.chmod(0o755)
    aside.rename(folder / name)


def codes(report: dict[str, Any]) -> list[str]:
    return [each["code"] for each in report["problems"]]


def test_while_nft_is_stuck_the_reports_go_on(tmp_path: Path, desk: Desk, tools: Path, monkeypatch):
    monkeypatch.setattr("haven.agent.conntrack.guard.NFT_LIMIT_S", 1000.0)
    tool(tools, "nft", "exec sleep 1000")
    give_plan(tmp_path, plan_for(conntrack={**CONNTRACK, "guard": ["192.0.2.1"]}))
    with AgentThread(tmp_path):
        line = desk.havend.accept()
        line.answer({"lan": "backup"})
        line.report(lambda _report: (tools / "nft.pid").exists())
        # One every second, and what havend says is heard.
        for state in ("active", "backup", "fault"):
            line.transition("lan", "backup", state)
            for _ in range(2):
                assert line.next_of("report")["conntrack"]["device"] == "lo"
        (pid,) = (tools / "nft.pid").read_text().split()
        assert lives(pid)
    wait_until(lambda: not lives(pid), 10, "it has ended with the agent")


def test_an_nft_that_is_stuck_is_named_after_its_time(tmp_path: Path, desk: Desk, tools: Path, monkeypatch):
    monkeypatch.setattr("haven.agent.conntrack.guard.NFT_LIMIT_S", 0.3)
    monkeypatch.setattr("haven.agent.conntrack.conntrackd.STARTING_S", 1000.0)
    tool(tools, "nft", "exec sleep 1000")
    give_plan(tmp_path, plan_for(conntrack={**CONNTRACK, "guard": ["192.0.2.1"]}))
    with AgentThread(tmp_path):
        line = desk.havend.accept()
        line.answer({"lan": "backup"})
        report = line.report(lambda report: "conntrack-no-guard" in codes(report))
        (found,) = [each for each in report["problems"] if each["code"] == "conntrack-no-guard"]
        assert "too long" in found["facts"]["error"]
        pids = (tools / "nft.pid").read_text().split()
        wait_until(lambda: not lives(pids[0]), 10, "it is killed")
        assert line.next_of("report")["conntrack"]["device"] == "lo"


def test_while_conntrackd_says_nothing_the_reports_go_on_and_a_handover_does(
    tmp_path: Path, desk: Desk, tools: Path, mute: Callable[[], list[bytes]], monkeypatch
):
    monkeypatch.setattr("haven.agent.conntrack.drain.LIMIT_S", 4.0)
    monkeypatch.setattr(agent_module, "PREPARE_S", 1000.0)
    give_plan(tmp_path, plan_for(conntrack=CONNTRACK))
    with AgentThread(tmp_path):
        line = desk.havend.accept()
        line.answer({"lan": "active"})
        asked = mute()
        line.report(lambda report: report["conntrack"]["state"] == "running")
        line.send({"prepare": True})
        line.transition("wan", "backup", "active")
        queue = struct.pack("=i", STATISTICS["queue"])
        wait_until(lambda: queue in asked, 30, "it is asked for what waits to be sent")
        reports = []
        while (said := line.next())["command"] == "report":
            reports.append(said["conntrack"]["state"])
        assert said == {"command": "prepared"} and reports and set(reports) == {"running"}
        for _ in range(3):
            assert line.next_of("report")["conntrack"]["state"] == "running"


@pytest.fixture
def mute(tmp_path: Path, tools: Path) -> Iterator[Callable[[], list[bytes]]]:
    """Return what makes a control socket of conntrackd that takes all and answers nothing."""
    listener = socket.socket(socket.AF_UNIX)
    heard: list[bytes] = []
    kept: list[socket.socket] = []

    def serve() -> None:
        try:
            while True:
                kept.append(listener.accept()[0])
                heard.append(kept[-1].recv(4))
        except OSError:
            return

    thread = threading.Thread(target=serve)

    def listen() -> list[bytes]:
        # conntrackd makes it after its start, which removes what there was.
        wait_until((tools / "conntrackd.pid").exists, 30, "conntrackd runs")
        listener.bind(str(tmp_path / "conntrackd.ctl"))
        listener.listen(100)
        thread.start()
        return heard

    yield listen
    if thread.is_alive():
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(60)
    listener.close()
    for each in kept:
        each.close()


# A havend that is older


def test_a_havend_of_protocol_1_is_told_what_it_understands(
    tmp_path: Path, desk: Desk, tools: Path, monkeypatch
):
    monkeypatch.setattr("haven.agent.conntrack.conntrackd.STARTING_S", 0.0)
    give_plan(tmp_path, plan_for(conntrack=CONNTRACK))
    with AgentThread(tmp_path):
        line = desk.havend.accept()
        assert line.greeting["command"] == "agent" and line.greeting["protocol"] == PROTOCOL
        # The first of them said no more than that.
        line.send({"ok": True, "result": {"groups": {"lan": "backup"}}})
        report = line.report(codes)
        # It answers each report, which says nothing to us.
        line.send({"ok": True, "result": {}})
        line.transition("lan", "backup", "active")
        line.send({"prepare": True})
        assert line.next_of("prepared") == {"command": "prepared"}
        assert "part-failed" not in codes(line.next_of("report"))
    assert report["in_sync"] is False and codes(report) == ["conntrack-down"]
    assert isinstance(report["conntrack"], dict) and report["conntrack"]["state"] == "starting"
    assert report["conntrack"]["peers"] == ["127.0.0.2"]
    assert report["peers"] == [{"address": "127.0.0.2", "heard_ms": None}]
    # As it shows them; it knows no others.
    for each in report["problems"]:
        assert all(isinstance(each[key], str) for key in ("code", "about", "message", "do"))


def test_an_older_havend_that_is_not_understood_is_named_in_the_report(desk: Desk, monkeypatch):
    monkeypatch.setattr("haven.contract.control.OLDEST_PROTOCOL", 2)
    with desk.agent():
        line = desk.havend.accept()
        line.send({"ok": True, "result": {"groups": {"lan": "backup"}}})
        report = line.report(codes)
        assert codes(report) == ["havend-older"] and report["steady"]["roles"] == {"lan": "backup"}
