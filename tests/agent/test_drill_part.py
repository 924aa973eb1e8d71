# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent lets go of a drill whose maker has died, hands back what it was to hand back, and says so."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from haven.agent.calls import CallFailure
from haven.agent.carrier import Carrier
from haven.agent.drill import drill_keeper, drill_orders
from haven.agent.drill.part import DrillPart
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.waiting_line import WaitingLine
from haven.contract.control import Refusal
from haven.contract.drill_words import DrillRefused
from haven.drill.hold import read_hold, take_hold


class Desk:
    """The surroundings of the part, with a scope that only notes what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.ran: list[list[str]] = []
        self.remembered: list[tuple[str, dict[str, Any]]] = []
        self.looks: list[Callable[[], None]] = []
        self.runs = WaitingLine(1, 0)
        self.ends: list[Any] = []
        roles = Roles()
        self.reports: list[bool] = []
        places = Places(str(folder), "config", str(folder))
        self.around = Surroundings(self, places, roles, lambda: self.reports.append(self.held()))  # type: ignore[arg-type]
        self.around.carrier = Carrier()
        self.around.carrier.remember = lambda kind, entry: self.remembered.append((kind, entry))
        self.around.node = "r2"
        self.part = DrillPart(self.around)

    def every(self, _seconds: float, act: Callable[[], None]) -> None:
        self.looks.append(act)

    def ask_havend(self, line: bytes, _done: Any, _limit: float) -> None:
        self.asked.append(json.loads(line))

    def run(self, argv: list[str], done: Any, _limit: float, stdin: str | None = None) -> None:
        self.ran.append(argv)
        self.ends.append(done)

    def look(self) -> None:
        for act in self.looks:
            act()

    def held(self) -> bool:
        return read_hold(self.around.run_dir) is not None

    def order(self, command: str, **arguments: Any) -> dict[str, Any]:
        return drill_orders.answer({"command": command, **arguments}, self.around, self.runs)

    def hold(self, **changes: Any) -> dict[str, Any]:
        asked = {"token": "t", "owner": "r1", "groups": ["gateway"], "back": True, "limit_s": 25}
        return self.order("drill-hold", **{**asked, **changes})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the clock of the boot be ahead."""
    real = time.clock_gettime

    def move(seconds: float) -> None:
        monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + seconds)

    return move


def test_a_hold_is_one_and_its_maker_may_hold_on(desk: Desk):
    assert desk.hold()["ok"]
    assert desk.hold(limit_s=60)["ok"]
    refused = desk.hold(token="another", owner="r3")
    assert (refused["ok"], refused["code"], refused["facts"]) == (False, "drill-busy", {"owner": "r1"})
    assert [each["code"] for each in desk.asked] == ["drill-begun"]
    assert desk.part.account() == {}
    desk.look()
    assert desk.part.account() == {"drill": {"owner": "r1"}}


# A maker with an older haven does not say which kind its drill is.
@pytest.mark.parametrize(
    ("kind", "noted"), [("hard", "hard"), ("switchover", "switchover"), (None, "switchover")]
)
def test_whose_time_is_over_is_let_go_and_the_group_goes_back(
    desk: Desk, later: Callable[[float], None], kind: str | None, noted: str
):
    desk.hold(**({"drill": kind} if kind else {}))
    desk.around.roles.states["gateway"] = "active"
    desk.look()
    assert read_hold(desk.around.run_dir) is not None
    later(26)
    desk.look()
    assert read_hold(desk.around.run_dir) is None
    assert {"command": "switchover", "group": "gateway"} in desk.asked
    ((kind, result),) = desk.remembered
    assert (kind, result["ok"], result["code"]) == ("drill", False, "interrupted")
    assert result["drill"] == noted and desk.asked[-1]["facts"]["drill"] == noted
    assert desk.part.account() == {}
    # And once.
    desk.look()
    assert sum(each["command"] == "switchover" for each in desk.asked) == 1


def test_who_is_not_active_hands_nothing_back(desk: Desk, later: Callable[[float], None]):
    desk.hold()
    desk.around.roles.states["gateway"] = "backup"
    later(26)
    desk.look()
    assert not [each for each in desk.asked if each["command"] == "switchover"]


def test_an_agent_that_is_started_again_goes_on_holding(desk: Desk, tmp_path: Path):
    desk.hold()
    again = Desk(tmp_path)
    again.look()
    assert again.part.account() == {"drill": {"owner": "r1"}}


def test_the_end_is_the_makers_and_its_result_is_kept(desk: Desk):
    desk.hold()
    assert desk.order("drill-end", token="another")["code"] == "drill-unheld"
    leg = {"from": "r1", "to": "r2", "outage_ms": 31.5}
    result = {"at": 5.0, "drill": "hard", "groups": ["gateway"], "ok": True, "code": "done", "facts": {}}
    result |= {"legs": [leg], "before": 3, "after": 3, "missing": []}
    assert desk.order("drill-end", token="t", result=result)["ok"]
    assert desk.remembered == [("drill", result)]
    assert desk.asked[-1]["code"] == "drill-done" and desk.asked[-1]["facts"]["outage_ms"] == 31.5
    assert desk.order("drill-end", token="t")["code"] == "drill-unheld"


def test_the_status_has_a_drill_as_soon_as_it_begins_and_no_longer_than_it_lasts(desk: Desk):
    desk.hold()
    desk.order("drill-end", token="t")
    assert desk.reports == [True, False]


@pytest.mark.parametrize(
    "asked",
    [
        {"command": "drill-hold", "token": "t"},
        {"command": "drill-end"},
        {"command": "drill-run", "drill": "gentle"},
        {"command": "drill-hold", "token": "t", "owner": "r", "groups": 3, "back": True, "limit_s": 25},
        {"command": "drill-hold", "token": "t", "owner": "r", "groups": [], "back": True, "limit_s": 10**9},
    ],
)
def test_what_is_no_order_is_refused(desk: Desk, asked: dict[str, Any]):
    with pytest.raises(Refusal):
        drill_orders.answer(asked, desk.around, desk.runs)
    assert read_hold(desk.around.run_dir) is None


def test_a_note_that_is_none_holds_nobody(desk: Desk):
    (Path(desk.around.run_dir) / "drill.json").write_text('{"token": 3}')
    desk.look()
    assert read_hold(desk.around.run_dir) is None and desk.hold()["ok"]


def test_no_room_is_told(tmp_path: Path):
    asked = {"token": "t", "owner": "r1", "groups": [], "back": False, "limit_s": 5}
    with pytest.raises(DrillRefused):
        take_hold(str(tmp_path / "nosuch"), asked)


def test_one_that_is_due_is_begun_by_the_active_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.around.plan = {"drill": {"when": "0 3 * * 0", "kind": "hard"}}
    monkeypatch.setattr(drill_keeper.Timetable, "is_due", lambda self, when, now: True)
    desk.around.roles.states["gateway"] = "backup"
    desk.look()
    assert desk.ran == []
    desk.around.roles.states["gateway"] = "active"
    desk.look()
    assert desk.ran[0][-4:] == ["drill", "--hard", "--json", "--back"]


@pytest.mark.parametrize(
    "changes",
    [
        {"ok": True, "legs": [{}]},
        {"legs": ["r1"]},
        {"code": "not-well", "facts": {}},
        {"code": "missing", "facts": {"missing": [{"code": "service", "facts": 3}]}},
        {"at": 10**400},
        {"at": 1e300},
    ],
)
def test_a_result_that_nobody_could_read_is_left_alone(desk: Desk, changes: dict[str, Any]):
    desk.hold()
    result = {"at": 5.0, "drill": "hard", "groups": ["gateway"], "ok": False, "code": "busy"}
    result |= {"facts": {"error": "no"}, "legs": [], "before": 3, "after": 3, "missing": []}
    assert desk.order("drill-end", token="t", result={**result, **changes})["ok"]
    assert desk.remembered == [] and [each["code"] for each in desk.asked] == ["drill-begun"]


def test_an_outcome_of_a_newer_haven_is_kept(desk: Desk):
    desk.hold()
    result = {"at": 5.0, "drill": "hard", "groups": ["gateway"], "ok": False, "code": "unheard-of"}
    result |= {"facts": {"of": "this", "code": "again"}, "legs": [], "before": 3, "after": 3, "missing": []}
    assert desk.order("drill-end", token="t", result=result)["ok"]
    assert desk.remembered == [("drill", result)] and desk.asked[-1]["code"] == "drill-failed"


def test_who_asks_for_drills_without_end_has_one_begun(desk: Desk):
    assert desk.order("drill-run", drill="hard")["ok"]
    for _ in range(50):
        with pytest.raises(Refusal):
            desk.order("drill-run", drill="hard")
    assert len(desk.ran) == 1
    desk.ends.pop()(CallFailure("late", "it takes too long"))
    assert desk.order("drill-run", drill="hard")["ok"] and len(desk.ran) == 2
