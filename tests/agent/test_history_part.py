# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent notes what happens, seldom on the flash, and loses nothing of it when it is killed."""

import time
from pathlib import Path
from typing import Any

import pytest

from haven.agent.history import first_packet
from haven.agent.history.part import HistoryPart
from haven.agent.roles import Change
from haven.history.history_file import HistoryFile
from haven.history.pending import AT_ONCE, EVERY_S, MOST_WAITING, Pending, WriteLimit, read_pending
from tests.agent.agents import AgentThread
from tests.agent.stand_in_havend import AgentLine, StandInHavend
from tests.lab.wait import wait_until


def entries(folder: Path) -> list[dict[str, Any]]:
    """Return what is noted, on the flash and before it."""
    pending = read_pending(str(folder / "history.json"))
    return HistoryFile(str(folder / "etc/haven/history")).read(time.time() + 1, pending).entries


def take_over(line: AgentLine, silence_us: int | None = 250_000) -> None:
    """Let the group become Active after a silence."""
    facts = {} if silence_us is None else {"peer": "10.0.0.2", "silence_us": silence_us}
    reason = {"code": "silence", "facts": facts}
    event = {"kind": "transition", "group": "lan", "from": "backup", "to": "active", "reason": "silence"}
    line.send({"event": {**event, "at": time.time(), "facts": {"group": "lan", "reason": reason}}})


def has(folder: Path, kind: str, count: int = 1) -> bool:
    return sum(each["kind"] == kind for each in entries(folder)) >= count


def test_a_takeover_is_noted_with_its_outage_up_to_the_first_packet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    packets = [7]
    monkeypatch.setattr(first_packet, "forwarded", lambda: packets[0])
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, HistoryPart):
        line = havend.accept()
        line.answer({"lan": "backup"})
        wait_until(lambda: has(tmp_path, "role"), 20, "the state is noted")
        take_over(line)
        wait_until(lambda: has(tmp_path, "role", 2), 20, "the change is noted")
        assert not has(tmp_path, "outage")
        packets[0] += 1
        wait_until(lambda: has(tmp_path, "outage"), 20, "the outage is noted")
    begun, first, second, outage = entries(tmp_path)
    assert (begun["kind"], begun["last"]) == ("begun", None)
    assert [first["state"], second["state"]] == ["backup", "active"]
    assert (outage["silence_ms"], outage["reason"]) == (250, "silence")
    assert outage["outage_ms"] == 250 + outage["forward_ms"]


def test_where_nobody_sends_anything_the_outage_ends_with_the_takeover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(first_packet, "forwarded", lambda: 0)
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, HistoryPart):
        line = havend.accept()
        line.answer({"lan": "backup"})
        wait_until(lambda: has(tmp_path, "role"), 20, "the state is noted")
        take_over(line)
        wait_until(lambda: has(tmp_path, "role", 2), 20, "the change is noted")
    (outage,) = [each for each in entries(tmp_path) if each["kind"] == "outage"]
    assert (outage["forward_ms"], outage["outage_ms"]) == (None, 250)


def test_a_takeover_from_a_living_active_is_no_outage(tmp_path: Path):
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, HistoryPart):
        line = havend.accept()
        line.answer({"lan": "backup"})
        wait_until(lambda: has(tmp_path, "role"), 20, "the state is noted")
        take_over(line, None)
        wait_until(lambda: has(tmp_path, "role", 2), 20, "the change is noted")
    assert not has(tmp_path, "outage")


def test_an_agent_that_is_started_again_goes_on_and_notes_nothing_twice(tmp_path: Path):
    for _ in range(2):
        with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, HistoryPart):
            havend.accept().answer({"lan": "backup"})
            wait_until(lambda: has(tmp_path, "role"), 20, "the state is noted")
    assert [each["kind"] for each in entries(tmp_path)] == ["begun", "role"]


def test_a_flash_that_cannot_be_written_is_a_problem_and_loses_nothing(tmp_path: Path):
    (tmp_path / "etc").write_text("no folder")
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, HistoryPart):
        line = havend.accept()
        line.answer({"lan": "backup"})
        line.report(lambda said: "history-unwritten" in [each["code"] for each in said["problems"]])
    assert [each["kind"] for each in read_pending(str(tmp_path / "history.json"))] == ["begun", "role"]


def test_the_flash_is_written_seldom():
    limit, now, times = WriteLimit(0.0), 0.0, 0
    while now < 86_400:
        if limit.wait_s(now) == 0:
            limit.count()
            times += 1
        now += 1.0
    assert times <= AT_ONCE + 86_400 / EVERY_S


def test_roles_that_change_without_end_fill_no_memory(tmp_path: Path):
    pending = Pending(str(tmp_path / "history.json"))
    for number in range(5 * MOST_WAITING):
        outage = {"kind": "outage", "at": number, "up": number, "group": "g", "reason": "silence"}
        pending.add({**outage, "silence_ms": 2, "forward_ms": 0, "outage_ms": 2})
    assert len(pending.entries) == MOST_WAITING + 1
    last = read_pending(str(tmp_path / "history.json"))[-1]
    assert (last["kind"], last["count"], last["outage_ms"]) == ("more", 4 * MOST_WAITING, 8 * MOST_WAITING)


def drill(**changes: Any) -> dict[str, Any]:
    """Return the result of a drill that was refused."""
    facts = {"node": "r2", "missing": "the service 'vpn' does not run"}
    about = {"drill": "hard", "groups": ["lan"], "ok": False, "code": "not-well", "facts": facts}
    return {"at": time.time(), **about, "legs": [], "before": None, "after": None, "missing": [], **changes}


def test_a_drill_of_many_words_is_noted_in_short_and_what_comes_after_it_too(tmp_path: Path):
    # Of a pair with many problems: a sentence for each.
    many = "; ".join(["r2 is not well: 'check-failed' is the matter"] * 60)
    told = [
        drill(facts={"node": "r2", "missing": many}),
        # Of somebody who lies: too much of it to be cut short.
        drill(facts={str(each): each for each in range(2000)}),
    ]

    class Teller(HistoryPart):
        def take_change(self, change: Change) -> None:
            for each in told:
                self.around.carrier.remember("drill", each)
            super().take_change(change)

    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, Teller):
        line = havend.accept()
        line.answer({"lan": "backup"})
        wait_until(lambda: has(tmp_path, "role"), 20, "the state is noted")
        take_over(line, None)
        wait_until(lambda: has(tmp_path, "role", 2), 20, "the change is noted")
    (noted,) = [each["facts"] for each in entries(tmp_path) if each["kind"] == "drill"]
    assert noted["node"] == "r2" and noted["missing"].startswith("r2 is not well")
    assert read_pending(str(tmp_path / "history.json")) == []


def test_a_clock_that_is_set_while_the_first_packet_is_waited_for_makes_no_outage(
    monkeypatch: pytest.MonkeyPatch,
):
    class Scope:
        """Does at once what is to be done again and again, and keeps what comes later."""

        later: list[Any] = []

        def every(self, _seconds: float, act: Any) -> None:
            act()

        def after(self, _seconds: float, act: Any) -> None:
            self.later.append(act)

    packets, steady, wall = [7], [50.0], [1000.0]
    monkeypatch.setattr(first_packet, "forwarded", lambda: packets[0])
    monkeypatch.setattr(first_packet.time, "time", lambda: wall[0])
    told: list[int | None] = []
    scope = Scope()
    waits = first_packet.FirstPacket(scope, lambda: steady[0])  # type: ignore[arg-type]
    waits.wait(999.9, told.append)
    packets[0], steady[0], wall[0] = 8, 50.2, 1_800_000_000.0
    scope.later.pop()()
    assert told == [300]


def test_a_history_that_has_failed_ends_nobody_who_has_something_for_it(tmp_path: Path):
    parts: list[HistoryPart] = []

    class Failing(HistoryPart):
        def take_change(self, change: Change) -> None:
            parts.append(self)
            raise RuntimeError("something")

    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, Failing):
        line = havend.accept()
        line.answer({"lan": "backup"})
        wait_until(lambda: has(tmp_path, "role"), 20, "the state is noted")
        take_over(line, None)
        wait_until(lambda: parts and parts[0].around.scope.closed, 20, "the part has failed")
        # More often than the flash may be written at once.
        for _ in range(AT_ONCE + 3):
            parts[0].around.carrier.remember("drill", drill())
