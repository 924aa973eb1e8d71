# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is told what, by which router, how often; and what happens while nobody can be told."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.agent.notify import notifier, outbox, status_watch
from haven.contract.notices import MOST_NOTICES
from haven.contract.problems import problem
from tests.agent.notify_desk import Desk, Document, check_fails, connect, status, turn_until

LOADED = """
import sys
import haven.agent.main
print([name for name in sorted(sys.modules) if "notify" in name or "notices" in name])
"""


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Desk]]:
    for module, name in ((status_watch, "PROBLEM_S"), (status_watch, "NOBODY_S"), (notifier, "LOOK_S")):
        monkeypatch.setattr(module, name, 0.05)
    monkeypatch.setattr(notifier, "TELL_S", 0.02)
    monkeypatch.setattr(outbox, "PATIENCE_S", 0.3)
    monkeypatch.setattr(outbox, "SHORTEST_RETRY_S", 0.1)
    monkeypatch.setattr(outbox, "LONGEST_RETRY_S", 0.2)
    made: list[Desk] = []

    def make(node: str = "r1") -> Desk:
        made.append(Desk(tmp_path / node, node))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


def settle(*desks: Desk) -> None:
    """Let pass in what everything that is due is done."""
    until = time.monotonic() + 0.3
    turn_until(list(desks), lambda: time.monotonic() > until, "a while is over")


@pytest.fixture
def patient(make: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    """A router leaves it to another one for longer than that takes on a busy machine."""
    monkeypatch.setattr(outbox, "PATIENCE_S", 60.0)


def waiting(desk: Desk) -> int:
    return int(desk.account()["waiting"])


def test_nothing_of_it_is_loaded_without_a_section() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    # The words of the plan and of the channel are everybody's.
    assert (
        done.stdout.strip() == "['haven.agent.notify', 'haven.agent.notify.part', 'haven.contract.notices']"
    )


# What is told


def test_a_new_active_is_told_with_why_and_what_is_now(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section(on=["role"]))
    desk.status = status("r1", "active", check_fails())
    turn_until([desk], desk.told, "it is told")
    lines = desk.told()[0].splitlines()
    assert lines[0] == lines[2] == "gateway: r1 is Active now"
    assert lines[3] == "gateway: Backup -> Active: no Active was heard"
    assert lines[5].startswith("Now, ") and lines[5].endswith(", on r1: gateway Active.")
    assert lines[6] == (
        "- provider: The check 'provider' of 192.0.2.9 fails: no answer. Look at what it asks for."
    )


def test_a_problem_is_told_when_it_begins_with_what_to_do_and_when_it_is_over(
    make: Callable[..., Desk],
) -> None:
    desk = make()
    desk.plan(desk.section())
    desk.status = status("r1", "backup", check_fails())
    turn_until([desk], desk.told, "its begin is told")
    assert "What to do: Look at what it asks for.\n" in desk.told()[0]
    desk.status = status()
    turn_until([desk], lambda: len(desk.told()) == 2, "its end is told")
    text = "provider: The check 'provider' of 192.0.2.9 fails: no answer."
    assert desk.titles() == [f"r1: {text}", f"r1: Over: {text}"]
    assert "There is no problem." in desk.told()[1]


def test_a_problem_that_goes_by_itself_is_not_told(
    make: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_watch, "PROBLEM_S", 30)
    desk = make()
    desk.plan(desk.section())
    for _time in range(3):
        desk.status = status("r1", "backup", check_fails())
        asked = len(desk.havend.requests)
        turn_until([desk], lambda asked=asked: len(desk.havend.requests) > asked + 1, "it is seen")
        desk.status = status()
        asked = len(desk.havend.requests)
        turn_until([desk], lambda asked=asked: len(desk.havend.requests) > asked + 1, "its end is seen")
    settle(desk)
    assert desk.told() == []


def test_a_lost_router_and_a_drill_that_failed_are_kinds_of_their_own(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section(on=["peer", "drill"]))
    away = problem("peer-away", "channel", node="r2", why="no answer")
    desk.part.take_event({"code": "drill-failed", "text": "the drill failed: nobody took over"})
    turn_until([desk], desk.told, "the drill is told")
    desk.status = status("r1", "active", check_fails(), away)
    turn_until([desk], lambda: len(desk.told()) == 2, "both are told")
    assert desk.titles() == [
        "r1: the drill failed: nobody took over",
        "r1: channel: Router r2 is not reached over the channel: no answer.",
    ]


def test_a_drill_is_told_by_what_it_leaves_alone(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section())
    desk.status = status("r1", "active")
    turn_until([desk], desk.told, "it is Active")
    desk.status = {**status("r1", "fault", check_fails(), other=False), "drill": {"owner": "r2"}}
    settle(desk)
    desk.status = {**status("r1", "active"), "drill": {"owner": None}}
    settle(desk)
    assert len(desk.told()) == 1
    desk.status = status("r1", "backup", other=False)
    turn_until([desk], lambda: len(desk.told()) == 2, "what is otherwise is told")


def test_who_wants_errors_alone_hears_of_no_warning(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section(severity="error"))
    desk.status = status("r1", "backup", check_fails(), problem("rival", "lan", peer="192.0.2.3"))
    turn_until([desk], desk.told, "the error is told")
    settle(desk)
    (title,) = desk.titles()
    assert "192.0.2.3 is Active, too" in title


def test_nobody_active_is_told_by_who_was(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section())
    desk.status = status("r1", "active")
    turn_until([desk], desk.told, "it is Active")
    desk.status = status("r1", "fault", other=False)
    turn_until([desk], lambda: len(desk.told()) == 2, "its end is told")
    assert desk.titles()[1] == "gateway: no router is Active, r1 no longer"


def test_at_most_one_message_in_an_interval_has_all_that_came_meanwhile(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section(interval_us=2_000_000))
    before = time.monotonic()
    desk.status = status("r1", "active")
    turn_until([desk], desk.told, "the first is told")
    desk.status = status("r1", "active", check_fails("a"), check_fails("b"))
    turn_until([desk], lambda: desk.account()["waiting"] == 2, "two wait")
    turn_until([desk], lambda: len(desk.told()) == 2, "the second message is told")
    assert time.monotonic() - before > 1.9
    assert desk.titles()[1].endswith("(and 1 more)")
    assert "check 'a'" in desk.told()[1] and "check 'b'" in desk.told()[1]


# By whom


def test_of_two_routers_one_tells(make: Callable[..., Desk], patient: None) -> None:
    r1, r2 = make("r1"), make("r2")
    connect(r1, r2)
    for desk in (r1, r2):
        desk.plan(desk.section())
    r1.status = status("r1", "active")
    turn_until([r1, r2], r1.told, "r1 tells that it is Active")
    # A handover: r2 tells, and r1 leaves it to r2.
    r1.status, r2.status = status("r1", "backup"), status("r2", "active")
    turn_until([r1, r2], r2.told, "r2 tells that it is Active")
    settle(r1, r2)
    turn_until([r1, r2], lambda: all(waiting(each) == 0 for each in (r1, r2)), "neither has more to tell")
    assert r1.titles() == ["gateway: r1 is Active now"] and r2.titles() == ["gateway: r2 is Active now"]


def _said_notices(desk: Desk) -> list[Document]:
    """Return what a router tells the other one from now on."""
    said: list[Document] = []
    (line,) = desk.lines
    say = line.say

    def noted(kind: str, **fields: Any) -> bool:
        said.extend(fields.get("notices", ()))
        return say(kind, **fields)

    line.say = noted  # type: ignore[method-assign]
    return said


def test_what_both_see_one_tells(
    make: Callable[..., Desk], patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    r1, r2 = make("r1"), make("r2")
    connect(r1, r2)
    said = [_said_notices(desk) for desk in (r1, r2)]
    for desk in (r1, r2):
        desk.plan(desk.section())
        desk.status = status(desk.node, "backup", problem("sync-conflicts", "sync", count=2))
    turn_until([r1, r2], lambda: all(said), "each has heard of the other one's")
    assert r1.told() == r2.told() == []
    monkeypatch.setattr(outbox, "PATIENCE_S", 0.0)
    turn_until([r1, r2], lambda: r1.told() or r2.told(), "one tells")
    settle(r1, r2)
    turn_until([r1, r2], lambda: all(waiting(each) == 0 for each in (r1, r2)), "neither has more to tell")
    assert len(r1.told() + r2.told()) == 1


def test_a_standby_that_cannot_leaves_it_to_the_other_router(make: Callable[..., Desk]) -> None:
    r1, r2 = make("r1"), make("r2")
    connect(r1, r2)
    r1.plan(r1.section(to="echo no route >&2; exit 1"))
    r2.plan(r2.section())
    settle(r1, r2)
    r1.status = status("r1", "backup", check_fails())
    turn_until([r1, r2], r2.told, "r2 tells it for r1")
    turn_until([r1, r2], lambda: waiting(r1) == waiting(r2) == 0, "both know that it is told")
    settle(r1, r2)
    assert r2.titles() == ["r1: provider: The check 'provider' of 192.0.2.9 fails: no answer."]
    assert r1.problems() == []


def test_what_a_router_has_seen_before_it_died_is_told_by_the_other(make: Callable[..., Desk]) -> None:
    r1, r2 = make("r1"), make("r2")
    connect(r1, r2)
    r1.plan(r1.section(to="sleep 60"))
    r2.plan(r2.section())
    settle(r1, r2)
    r1.status = status("r1", "backup", check_fails())
    turn_until([r1, r2], lambda: r2.account()["waiting"], "r2 knows of it")
    assert r2.told() == []
    r1.is_reached = False
    turn_until([r2], r2.told, "r2 tells what r1 cannot any more")


def test_routers_that_did_not_hear_each_other_tell_what_the_other_has_not(make: Callable[..., Desk]) -> None:
    r1, r2 = make("r1"), make("r2")
    connect(r1, r2)
    r2.is_reached = False
    r1.plan(r1.section(to="exit 1"))
    r2.plan(r2.section())
    r1.status = status("r1", "backup", check_fails())
    turn_until([r1, r2], lambda: r1.problems(), "r1 cannot tell it")
    r2.is_reached = True
    turn_until([r1, r2], r2.told, "r2 tells it")
    turn_until([r1, r2], lambda: r1.account()["waiting"] == 0, "r1 knows that it is told")


def test_a_router_without_the_section_is_not_waited_for(make: Callable[..., Desk]) -> None:
    r1, r2 = make("r1"), make("r2")
    connect(r1, r2)
    attempts = r1.folder / "attempts"
    r1.plan(r1.section(to=f"echo >>{attempts}; [ $(wc -l <{attempts}) -ge 3 ]"))
    r2.plan(r2.section("other", on=["drill"]))
    r1.status = status("r1", "backup", check_fails())
    turn_until([r1, r2], lambda: r1.account()["sent_s"] is not None, "r1 tells it at its third attempt")
    assert r2.told() == []


@pytest.mark.parametrize("wrong", ["x", [{"id": 1}], [{}] * 60, [None]])
def test_what_is_no_notice_is_not_taken(make: Callable[..., Desk], wrong: object) -> None:
    r1, r2 = make("r1"), make("r2")
    connect(r1, r2)
    r1.plan(r1.section())
    message = {"kind": "notices", "notices": wrong if isinstance(wrong, list) else [wrong], "sections": []}
    r1.around.carrier.take(r1.lines[0], message)
    settle(r1)
    assert r1.account()["waiting"] == 0


# While nobody can


def test_notices_are_kept_while_the_way_out_is_gone_and_not_without_bound(make: Callable[..., Desk]) -> None:
    desk = make()
    open_way = desk.folder / "open"
    tell = desk.section()["to"]
    desk.plan(desk.section(to=f"[ -e {open_way} ] || {{ echo no way out >&2; exit 1; }}; {tell}"))
    for number in range(MOST_NOTICES + 10):
        desk.part.take_event({"code": "drill-failed", "text": f"drill {number} failed"})
    turn_until([desk], desk.problems, "it is named")
    (found,) = desk.problems()
    assert (
        found["message"] == f"Notifications by 'phone' cannot be sent: no way out. Waiting: {MOST_NOTICES}."
    )
    assert desk.account()["waiting"] == MOST_NOTICES and desk.told() == []
    open_way.touch()
    turn_until([desk], lambda: waiting(desk) == 0, "they are told")
    (text,) = desk.told()
    assert "drill 9 failed" not in text and "10 older ones are left out" in text
    assert [line.split()[2] for line in text.splitlines()[2:] if "drill" in line] == [
        str(number) for number in range(10, MOST_NOTICES + 10)
    ]
    assert desk.problems() == []


def test_an_agent_that_is_started_again_has_them_still_and_tells_nothing_twice(
    make: Callable[..., Desk],
) -> None:
    desk = make()
    open_way = desk.folder / "open"
    tell = desk.section()["to"]
    desk.plan(desk.section(to=f"[ -e {open_way} ] || exit 1; {tell}"))
    desk.status = status("r1", "active", check_fails())
    turn_until([desk], lambda: desk.account()["waiting"] == 2, "two wait")
    settle(desk)
    desk.restart()
    settle(desk)
    assert desk.account()["waiting"] == 2
    open_way.touch()
    turn_until([desk], lambda: desk.account()["waiting"] == 0, "they are told")
    desk.restart()
    settle(desk)
    assert len(desk.told()) == 1


@pytest.mark.parametrize(
    "note",
    [
        "",
        '{"watch": {"active": {}, "problems": {}}, "notices": [{"id"',
        "7",
        "[]",
        '{"watch": 7, "notices": []}',
        '{"watch": {"active": 7, "problems": {}}, "notices": []}',
        '{"watch": {"active": {}, "problems": {"x y": 7}}, "notices": []}',
        '{"watch": {"active": {}, "problems": {}}, "notices": {"a": 1}}',
    ],
)
def test_a_note_that_is_none_is_begun_anew(
    make: Callable[..., Desk], capfd: pytest.CaptureFixture[str], note: str
) -> None:
    desk = make()
    (desk.folder / "run/notify.json").write_text(note)
    desk.plan(desk.section())
    assert "notify.json is not understood" in capfd.readouterr().err
    desk.status = status("r1", "active")
    turn_until([desk], desk.told, "it tells")


def test_a_command_that_hangs_is_ended_with_all_it_has_started_and_named(
    make: Callable[..., Desk], capfd: pytest.CaptureFixture[str]
) -> None:
    desk = make()
    child = desk.folder / "child"
    desk.plan(desk.section(to=f"sleep 600 & echo $! >>{child}; wait", timeout_us=300_000))
    desk.status = status("r1", "active")
    # On a busy machine it may be ended before it has written that.
    turn_until([desk], lambda: desk.problems() and child.exists() and child.read_text(), "it is named")
    (found,) = desk.problems()
    assert (found["code"], found["facts"]["section"]) == ("notify-failed", "phone")
    assert found["facts"]["error"] == "it was not done after 0.3 s, and ended"
    assert "haven-agent: notify phone: it was not done after 0.3 s" in capfd.readouterr().err
    desk.plan()
    children = [int(line) for line in child.read_text().splitlines()]
    turn_until([desk], lambda: not any(map(_lives, children)), "its child is gone")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_that_hangs_keeps_no_other_from_being_told(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section("stuck", to="sleep 60"), desk.section("phone"))
    desk.status = status("r1", "active")
    turn_until([desk], desk.told, "the other is told")


def test_a_plan_without_sections_ends_it(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.plan(desk.section())
    desk.plan()
    assert desk.part.account() == {} and desk.part.problems() == []
    assert os.path.exists(desk.folder / "run/notify.json")


@pytest.mark.parametrize("title", ["r2: a\0b", "r2: \ud800", "r2: \x1b[2J\x07"])
def test_a_notice_that_no_program_can_be_told_as_it_is_is_told_nevertheless(
    make: Callable[[str], Desk], title: str
) -> None:
    one, two = make("r1"), make("r2")
    connect(one, two)
    one.plan(one.section())
    notice = {"id": "x", "kind": "problem", "severity": "error", "node": "r2", "key": "", "title": title}
    notice |= {"text": title, "age_s": 0, "done": [], "tries": {}}
    two.lines[0].say("notices", notices=[notice], sections=[])
    turn_until([one], lambda: len(one.told()) == 1 and waiting(one) == 0, "it is told")
    assert one.titles()[0].startswith("r2: ")
