# SPDX-License-Identifier: GPL-2.0-or-later
"""How the small node remembers whom it asks for its plan, and what it asks."""

import io
import sys
from pathlib import Path

import pytest

from haven.micro import command, full_router
from haven.micro.control_line import NotDone

KEY = "0123456789abcdef" * 2


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked, as digests, and what is run, where the full router has nothing new."""
    found: list[str] = []

    def ask(_self: object, have: str) -> str:
        found.append(have)
        return ""

    def run(argv: list[str]) -> tuple[int, str]:
        is_noted = (tmp_path / "plan.json.from").exists()
        found.append(f"{argv[0]} {is_noted}")
        return 0, ""

    monkeypatch.setattr(full_router._Question, "ask", ask)
    monkeypatch.setattr(full_router.child, "run", run)
    monkeypatch.setattr(full_router, "SERVICE", "/bin/true")
    return found


def test_the_service_is_started_when_it_can_know_whom_to_ask(tmp_path: Path, seen: list[str]) -> None:
    assert full_router.join("192.0.2.1", KEY, str(tmp_path / "plan.json"), str(tmp_path)) == ""
    assert seen == ["", "sync False", "sh True"]
    assert (tmp_path / "plan.json.from").read_text() == f"192.0.2.1 {KEY}\n"


def test_a_key_is_taken_from_standard_input(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["haven", "join", "192.0.2.1", "--plan", str(tmp_path / "plan.json")]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(sys, "stdin", io.StringIO(KEY + "\n"))
    assert command.main() == 0
    assert KEY in (tmp_path / "plan.json.from").read_text()


def test_after_a_refusal_it_asks_as_if_it_had_no_plan(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """havend would show for ever why a plan was refused once: only the next that it takes ends that."""
    (tmp_path / "plan.json").write_text("{}")
    (tmp_path / "plan.json.from").write_text(f"192.0.2.1 {KEY}\n")
    known = full_router._digest(str(tmp_path / "plan.json"))
    asked, answers = [], iter(["", None, "", KeyboardInterrupt])

    def ask(_self: object, have: str) -> str:
        asked.append(have)
        answer = next(answers)
        if answer is None:
            raise NotDone("there is no plan for this node")
        if answer is KeyboardInterrupt:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(full_router._Question, "ask", ask)
    monkeypatch.setattr(full_router.time, "sleep", lambda _seconds: None)
    with pytest.raises(KeyboardInterrupt):
        full_router.follow(str(tmp_path / "plan.json"), str(tmp_path))
    assert asked == ["", known, "", known]


def test_a_note_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.json.from").write_text("192.0.2.1 secret\n")
    with pytest.raises(NotDone, match="is damaged"):
        full_router.follow(str(tmp_path / "plan.json"), str(tmp_path))
