# SPDX-License-Identifier: GPL-2.0-or-later
"""A drill by itself: whom it asks, when it refuses, and what is left when somebody dies in the middle."""

from collections.abc import Callable
from typing import Any

import pytest

from haven.contract.drill_words import HARD, RESULT, SWITCHOVER, DrillFailed
from haven.contract.fields import check_object
from haven.drill import drill_course
from haven.drill.drill_course import Drill, Refusing, Silent


class Probe:
    """Answers as it is told."""

    def __init__(self, times: dict[str, list[float]]) -> None:
        self._times = times

    def answers(self) -> dict[str, list[float]]:
        return self._times


class Pair:
    """Two routers in the hands of a test; `dies` names the request at which the peer is lost."""

    def __init__(self) -> None:
        self.active = "r1"
        self.holds: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.results: dict[str, dict[str, Any]] = {}
        self.problems: dict[str, list[dict[str, Any]]] = {"r0": [], "r1": [], "r2": []}
        self.dies: tuple[str, str] | None = None
        self.refuses: tuple[str, str] | None = None
        self.is_dead = False
        self.interval_ms = 1000
        self.times: dict[str, list[float]] = {}
        self.services: list[dict[str, Any]] = []
        self.entries = {"r0": 200, "r1": 200, "r2": 200}
        self.paired = ["r2"]
        self.without_group: str | None = None

    def ask(self, node: str, command: str, **arguments: Any) -> Any:
        self.asked.append((node, command))
        if (node, command) == self.dies:
            self.paired = []
        if node == "r2" and not self.paired:
            raise Silent("r2 is not reached")
        if (node, command) == self.refuses:
            raise Refusing("not-active", "no")
        return getattr(self, "_" + command.replace("-", "_"))(node, **arguments)

    def _status(self, node: str) -> dict[str, Any]:
        state = "active" if node == self.active else "backup"
        router = {"name": "lan", "group": "gateway", "family": 4, "device": "lan", "state": state}
        return {
            "problems": self.problems[node],
            "groups": [] if node == self.without_group else [{"name": "gateway", "state": state}],
            "virtual_routers": [{**router, "addresses": ["10.0.0.1/24"]}],
            "conntrack": {"entries": self.entries[node], "device": "sync"},
            "services": self.services,
        }

    def _events(self, _node: str) -> list[dict[str, Any]]:
        return []

    def _drill_hold(self, node: str, token: str, **asked: Any) -> dict[str, Any]:
        if node in self.holds and self.holds[node] != token:
            raise Refusing("drill-busy", "a drill is under way already, from r2")
        self.holds[node] = token
        return {}

    def _drill_end(self, node: str, token: str, result: dict[str, Any] | None = None) -> dict[str, Any]:
        assert self.holds.pop(node) == token
        if result is not None:
            self.results[node] = check_object(result, RESULT, "the result")
        return {}

    def _switchover(self, node: str, group: str) -> dict[str, Any]:
        self.active = "r2" if node == "r1" else "r1"
        return {}

    def _rehearse(self, node: str, group: str, limit_ms: int) -> dict[str, Any]:
        assert self.is_dead
        self.active = "r2"
        return {}

    def peers(self) -> list[str]:
        return self.paired

    def missing_in(self, status: dict[str, Any]) -> list[str]:
        return [each["message"] for each in status["problems"]]

    def prepare_death(self) -> None:
        self.is_dead = True

    def play_dead(self, forwarding: list[str], devices: list[str], silent_s: float, deaf_s: float) -> None:
        assert (forwarding, devices) == (["lan"], ["lan", "sync"]) and 0 < silent_s < deaf_s
        self.is_dead = True

    def come_alive(self, forwarding_only: bool) -> None:
        self.is_dead = forwarding_only and self.is_dead

    def asker(self, _routers: list[dict[str, Any]]) -> Probe:
        return Probe(self.times)

    def client_ms(self) -> float | None:
        return None


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    """A pair, without any waiting."""
    now = [1000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(drill_course.time, "sleep", sleep)
    monkeypatch.setattr(drill_course.time, "monotonic", lambda: now[0])
    return Pair()


def drill(pair: Pair, kind: str = SWITCHOVER, back: bool = False, group: str | None = None) -> dict[str, Any]:
    return Drill(pair, "r1", kind, group, back, lambda text: None).run()


def refused(pair: Pair, **more: Any) -> str:
    with pytest.raises(DrillFailed) as why:
        drill(pair, **more)
    assert pair.holds == {} and pair.active in ("r1", "r2")
    return why.value.code


@pytest.mark.parametrize("kind", [SWITCHOVER, HARD])
@pytest.mark.parametrize("back", [False, True])
def test_a_drill_goes_its_way_and_everybody_hears_of_it(pair: Pair, kind: str, back: bool):
    pair.times = {"lan": [1000.15]}
    result = drill(pair, kind, back)
    assert (result["ok"], result["code"], len(result["legs"])) == (True, "done", 1 + back)
    assert pair.active == ("r1" if back else "r2")
    assert pair.holds == {} and not pair.is_dead
    assert pair.results == {"r1": result, "r2": result}
    assert result["legs"][0]["outage_ms"] == 50.0
    assert (result["before"], result["after"]) == (200, 200)


def damage(what: str) -> Callable[[Pair], None]:
    def problem(pair: Pair, node: str, code: str) -> None:
        pair.problems[node] = [{"code": code, "message": "something"}]

    acts: dict[str, Callable[[Pair], None]] = {
        "own problem": lambda pair: problem(pair, "r1", "fault"),
        "peer's problem": lambda pair: problem(pair, "r2", "conntrack-down"),
        "peer away": lambda pair: setattr(pair, "dies", ("r2", "status")),
        "held": lambda pair: pair.holds.setdefault("r2", "another"),
        "unpaired": lambda pair: pair.paired.clear(),
        "elsewhere": lambda pair: setattr(pair, "active", "r2"),
        "nobody": lambda pair: setattr(pair, "active", ""),
    }
    return acts[what]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("own problem", "not-well"),
        ("peer's problem", "not-well"),
        ("peer away", "peer-away"),
        ("unpaired", "not-paired"),
        ("elsewhere", "elsewhere"),
        ("nobody", "nobody-active"),
    ],
)
def test_a_pair_that_is_not_well_is_left_alone(pair: Pair, what: str, code: str):
    damage(what)(pair)
    with pytest.raises(DrillFailed) as why:
        drill(pair)
    assert why.value.code == code
    assert not {"switchover", "rehearse", "drill-hold"} & {command for _node, command in pair.asked}


def test_never_two_at_once_and_the_first_is_not_disturbed(pair: Pair):
    damage("held")(pair)
    with pytest.raises(DrillFailed) as why:
        drill(pair)
    assert why.value.code == "busy" and pair.holds == {"r2": "another"}
    assert pair.active == "r1"


def test_a_group_that_is_not_there_is_refused(pair: Pair):
    assert refused(pair, group="nosuch") == "no-group"


def test_a_drill_that_failed_before_bars_no_other(pair: Pair):
    pair.problems["r1"] = [{"code": "drill-failed", "message": "last time"}]
    assert drill(pair)["ok"]


@pytest.mark.parametrize("kind", [SWITCHOVER, HARD])
@pytest.mark.parametrize("when", ["switchover", "status", "drill-end"])
def test_a_peer_that_dies_in_the_middle_is_named_and_nothing_is_left_here(pair: Pair, kind: str, when: str):
    if when == "status":
        begin = pair._drill_hold

        def hold(node: str, token: str, **asked: Any) -> dict[str, Any]:
            pair.dies = ("r2", "status")
            return begin(node, token, **asked)

        pair._drill_hold = hold  # type: ignore[method-assign]
    else:
        pair.dies = ("r2", when)
    result = drill(pair, kind, back=True)
    assert "r1" not in pair.holds and not pair.is_dead
    if when == "drill-end":
        assert result["ok"]
    else:
        assert not result["ok"] and result["code"] in ("lost-peer", "not-back")
        assert pair.results["r1"] == result


def test_slow_intervals_are_waited_for_and_not_for_ever(pair: Pair):
    real, asked = pair._status, []

    def status(node: str) -> dict[str, Any]:
        found = real(node)
        found["virtual_routers"][0]["interval_ms"] = pair.interval_ms
        return found

    def rehearse(node: str, group: str, limit_ms: int) -> dict[str, Any]:
        asked.append(limit_ms)
        pair.active = "r2"
        return {}

    pair._status, pair._rehearse = status, rehearse  # type: ignore[method-assign]
    for pair.interval_ms in (100, 5000, 40_000):
        pair.active = "r1"
        assert drill(pair, HARD)["ok"]
    assert asked == [10_000, 25_000, 60_000]


def test_a_paired_router_without_the_group_has_not_taken_over(pair: Pair):
    pair.paired, pair.without_group = ["r0", "r2"], "r0"
    result = drill(pair)
    assert [leg["to"] for leg in result["legs"]] == ["r2"] and result["ok"]


def test_where_nobody_takes_over_it_says_so(pair: Pair):
    pair._rehearse = lambda node, group, limit_ms: {}  # type: ignore[method-assign, assignment]
    result = drill(pair, HARD)
    assert (result["ok"], result["code"]) == (False, "not-taken") and not pair.is_dead
    assert result["legs"] == [{"from": "r1", "to": "r1", "outage_ms": None}]


def test_what_does_not_follow_is_named(pair: Pair):
    pair.services = [{"name": "vpn", "wanted": "run", "is": "failed"}]
    pair.entries["r2"] = 20
    result = drill(pair)
    assert (result["ok"], result["code"]) == (False, "missing")
    assert [each["code"] for each in result["missing"]] == ["connections", "service"]


def test_the_users_interruption_leaves_nothing(pair: Pair):
    def stop(node: str, group: str, limit_ms: int) -> dict[str, Any]:
        raise KeyboardInterrupt

    pair._rehearse = stop  # type: ignore[method-assign]
    result = drill(pair, HARD)
    assert result["code"] == "interrupted" and pair.holds == {} and not pair.is_dead
