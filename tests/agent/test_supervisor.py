# SPDX-License-Identifier: GPL-2.0-or-later
"""A part that fails is named and made again, ever less often; time injected."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from haven.agent.part import Part, Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.supervisor import LONGEST_WAIT_S, SHORTEST_WAIT_S, SupervisedPart
from tests.agent.turns import Turns


class Fake(Part):
    """A part that fails where the test wants it to."""

    name = "fake"
    vouches = True
    made: list["Fake"]
    fails: set[str]

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.made.append(self)
        self.closed = False
        self._fail("make")

    def _fail(self, where: str) -> None:
        if where in self.fails:
            raise ValueError(f"in {where}")

    def take_plan(self) -> None:
        self._fail("take_plan")

    def take_roles(self) -> None:
        self._fail("take_roles")

    def prepare(self, done: Callable[[], None]) -> None:
        self._fail("prepare")
        self.done = done

    def close(self) -> None:
        self.closed = True
        self._fail("close")

    def is_in_sync(self) -> bool:
        self._fail("is_in_sync")
        return True

    def account(self) -> dict[str, Any]:
        self._fail("account")
        return {"fake": len(self.made)}

    def problems(self) -> list[dict[str, Any]]:
        self._fail("problems")
        return []


class Desk:
    """A part that is supervised."""

    def __init__(self, turns: Turns, run_dir: Path) -> None:
        self.turns = turns
        self.kind = type("Fake", (Fake,), {"made": [], "fails": set()})
        self.roles = Roles()
        self.part = SupervisedPart(
            self.kind, turns.loop, Places(str(run_dir), "", "/"), self.roles, lambda: None, lambda: False
        )

    @property
    def made(self) -> list[Fake]:
        return self.kind.made

    @property
    def fails(self) -> set[str]:
        return self.kind.fails

    def error(self) -> str:
        """Return what is said of a failure; nothing where nothing is."""
        found = self.part.problems()
        assert all((each["code"], each["facts"]["part"]) == ("part-failed", "fake") for each in found)
        return found[0]["facts"]["error"] if found else ""

    def next_start(self) -> float:
        """Return after how long it is made again."""
        before = len(self.made)
        return self.turns.step_until(lambda: len(self.made) > before)


@pytest.fixture
def desk(turns: Turns, tmp_path: Path) -> Desk:
    return Desk(turns, tmp_path)


@pytest.mark.parametrize("where", ["make", "take_plan", "take_roles"])
def test_one_that_fails_at_its_start_is_made_again(desk: Desk, where: str, capfd):
    desk.fails.add(where)
    desk.part.start()
    assert desk.error() == f"ValueError: in {where}" and not desk.part.is_in_sync()
    assert f"ValueError: in {where}" in capfd.readouterr().err
    desk.fails.clear()
    assert desk.next_start() == SHORTEST_WAIT_S
    assert desk.part.account() == {"fake": 2} and desk.part.is_in_sync()
    # It has failed lately, and may again.
    assert desk.error() == f"ValueError: in {where}"


@pytest.mark.parametrize("where", ["take_plan", "take_roles", "account", "problems", "is_in_sync"])
def test_one_that_fails_later_is_closed_and_made_again(desk: Desk, where: str, capfd):
    desk.part.start()
    assert desk.error() == ""
    desk.fails.add(where)
    desk.part.take_plan({"node": "r1", "parts": {}})
    desk.part.tell(lambda part: part.take_roles())
    assert isinstance(desk.part.account(), dict)
    desk.part.is_in_sync()
    assert desk.error() == f"ValueError: in {where}"
    assert desk.made[0].closed and desk.part.account() == {} and not desk.part.is_in_sync()
    desk.fails.clear()
    assert desk.next_start() == SHORTEST_WAIT_S
    assert desk.part.account() == {"fake": 2}
    assert capfd.readouterr().err.count("ValueError: in") == 1


def test_one_that_fails_when_no_file_can_be_opened_does_not_take_the_others_along(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What shows where it has failed is read only then."""
    monkeypatch.setitem(sys.modules, "traceback", None)
    desk.fails.add("make")
    desk.part.start()
    assert "ValueError('in make')" in capfd.readouterr().err
    desk.fails.clear()
    assert desk.next_start() == SHORTEST_WAIT_S


def test_one_by_which_nothing_is_lost_does_not_hold_a_takeover_up(desk: Desk):
    desk.kind.vouches = False
    desk.fails.add("make")
    desk.part.start()
    assert desk.error() and desk.part.is_in_sync()


def test_one_that_fails_in_what_it_waits_for_is_made_again(desk: Desk):
    desk.part.start()
    around = desk.made[0].around
    around.scope.after(1.0, lambda: desk.made[0]._fail("deadline"))
    around.scope.after(1.5, lambda: desk.fails.add("never"))
    desk.fails.add("deadline")
    desk.turns.advance(1.0)
    assert desk.error() == "ValueError: in deadline" and around.scope.closed
    desk.turns.advance(5)
    assert desk.fails == {"deadline"} and len(desk.made) == 2


def test_one_that_fails_at_its_end_too_is_made_again(desk: Desk):
    desk.part.start()
    desk.fails.update(("take_roles", "close"))
    desk.part.tell(lambda part: part.take_roles())
    desk.fails.clear()
    desk.next_start()
    assert desk.part.account() == {"fake": 2}


def test_one_that_fails_again_and_again_is_made_ever_less_often_and_always_named(desk: Desk):
    desk.fails.add("make")
    desk.part.start()
    waits = []
    for _ in range(9):
        waits.append(desk.next_start())
        assert desk.error() == "ValueError: in make"
    assert waits[:5] == [SHORTEST_WAIT_S * 2**doubled for doubled in range(5)]
    assert waits[5:] == [LONGEST_WAIT_S] * 4


def test_its_failure_is_named_for_as_long_as_it_is_not_there(desk: Desk):
    desk.fails.add("make")
    desk.part.start()
    for _ in range(400):
        desk.turns.advance(0.25)
        assert desk.error() == "ValueError: in make"


def test_one_that_has_lived_long_is_forgiven(desk: Desk):
    desk.part.start()
    for _ in range(3):
        desk.part.tell(lambda part: part.around.scope.guard(lambda: 1 / 0))
        assert desk.error().startswith("ZeroDivisionError")
        desk.next_start()
    desk.turns.advance(LONGEST_WAIT_S - 0.5)
    assert desk.error() != ""
    desk.turns.advance(0.5)
    assert desk.error() == ""
    desk.part.tell(lambda part: part.around.scope.guard(lambda: 1 / 0))
    assert desk.next_start() == SHORTEST_WAIT_S


def test_the_next_has_the_plan_and_the_roles(desk: Desk):
    desk.part.take_plan({"node": "r1", "parts": {"fake": 1}})
    desk.part.start()
    assert (desk.made[0].around.node, desk.made[0].around.plan) == ("r1", {"fake": 1})
    desk.part.take_plan({"node": "r7", "parts": {"fake": 2}})
    assert (desk.made[0].around.node, desk.made[0].around.plan) == ("r7", {"fake": 2})
    desk.fails.add("take_roles")
    desk.part.tell(lambda part: part.take_roles())
    desk.part.take_plan({"node": "r8", "parts": {"fake": 3}})
    desk.roles.compare({"lan": "active"})
    desk.fails.clear()
    desk.next_start()
    around = desk.made[1].around
    assert (around.node, around.plan, around.roles.states) == ("r8", {"fake": 3}, {"lan": "active"})


# What a part has to finish


def test_one_that_is_not_there_or_fails_over_it_has_nothing_to_finish(desk: Desk):
    done: list[str] = []
    desk.part.finish(lambda part, ready: part.prepare(ready), lambda: done.append("before"))
    desk.part.start()
    desk.fails.add("prepare")
    desk.part.finish(lambda part, ready: part.prepare(ready), lambda: done.append("failed"))
    assert done == ["before", "failed"]


def test_one_that_says_twice_that_it_has_finished_has_finished_once(desk: Desk):
    done: list[str] = []
    desk.part.start()
    desk.part.finish(lambda part, ready: part.prepare(ready), lambda: done.append("done"))
    assert done == []
    desk.made[0].done()
    desk.made[0].done()
    assert done == ["done"]


def test_one_that_fails_while_it_is_waited_for_is_waited_for_no_more(desk: Desk):
    done: list[str] = []
    desk.part.start()
    desk.part.finish(lambda part, ready: part.prepare(ready), lambda: done.append("done"))
    desk.fails.add("account")
    desk.part.account()
    assert done == ["done"]
    desk.made[0].done()
    assert done == ["done"]
