# SPDX-License-Identifier: GPL-2.0-or-later
"""How the small node remembers whom it asks for its plan, and what it asks."""

import io
import socket
import sys
import threading
from pathlib import Path

import pytest

from haven.contract import small_nodes
from haven.micro import command, full_router
from haven.micro.control_line import NotDone, NotRunning

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


def test_a_full_router_has_a_moment_to_open_its_port(
    tmp_path: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def ask(_self: object, _have: str) -> str:
        if len(waits) < 2:
            raise full_router.NotOpen("it is not reached: Connection refused")
        return "it has sent a plan"

    monkeypatch.setattr(full_router._Question, "ask", ask)
    monkeypatch.setattr(full_router.time, "sleep", waits.append)
    joined = full_router.join("192.0.2.1", KEY, str(tmp_path / "plan.json"), str(tmp_path))
    assert joined == "it has sent a plan" and len(waits) == 2


@pytest.mark.parametrize(("is_known", "why"), [(False, "does not know this key"), (True, "was started anew")])
def test_a_full_router_that_ends_is_told_from_one_that_does_not_know_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool, why: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(small_nodes, "PORT", server.getsockname()[1])
        monkeypatch.setattr(full_router, "facts", dict)

        def hang_up() -> None:
            with server.accept()[0] as line:
                line.recv(1000)

        thread = threading.Thread(target=hang_up)
        thread.start()
        question = full_router._Question("127.0.0.1", KEY, str(tmp_path / "plan"), str(tmp_path), is_known)
        with pytest.raises(NotDone, match=why):
            question.ask("")
        thread.join()


def test_a_node_without_a_plan_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def not_running(*_words: object) -> None:
        raise NotRunning("havend is not running")

    monkeypatch.setattr(command, "ask", not_running)
    monkeypatch.setattr(sys, "argv", ["haven", "status", "--plan", str(tmp_path / "plan.json")])
    assert command.main() == 1 and "haven small add" in capsys.readouterr().err
    (tmp_path / "plan.json").write_text("{}")
    assert command.main() == 1 and capsys.readouterr().err == "haven: havend is not running\n"


def test_a_note_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.json.from").write_text("192.0.2.1 secret\n")
    with pytest.raises(NotDone, match="is damaged"):
        full_router.follow(str(tmp_path / "plan.json"), str(tmp_path))
