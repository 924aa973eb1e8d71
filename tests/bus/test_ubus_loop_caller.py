# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls on ubus that nothing waits for."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.agent.loop import Loop, Scope
from haven.ubus import caller
from haven.ubus.caller import UbusFailure, call
from tests.bus.ubus_broker import Broker
from tests.bus.ubus_served import Served
from tests.lab.wait import wait_until


class Asking:
    """A loop that asks, and what it was answered."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.failures: list[BaseException] = []
        self.scope = Scope(self.loop, "/nowhere", self.failures.append)
        self.answers: list[Any] = []

    def ask(self, path: str, method: str, **arguments: Any) -> Any:
        """Ask, and turn the loop until there is an answer."""
        before = len(self.answers)
        call(self.scope, path, method, arguments, self.answers.append)

        def answered() -> bool:
            self.loop.turn()
            return len(self.answers) > before

        wait_until(answered, 10, "an answer")
        assert self.failures == []
        return self.answers[-1]


@pytest.fixture
def asking(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(broker.path))
    made = Asking()
    yield made
    made.scope.close()


@pytest.fixture
def served(broker: Broker) -> Iterator[Served]:
    made = Served(broker.path)
    wait_until(lambda: made.connection.ready, 10, "the object is there")
    yield made
    made.close()


def test_an_answer_comes_as_the_method_gave_it(asking: Asking, served: Served) -> None:
    assert asking.ask("demo", "echo", text="hello", on=True) == {"text": "hello", "on": True}
    assert asking.ask("demo", "nothing") == {}


def test_who_is_not_there_is_told_from_who_refuses(asking: Asking, served: Served) -> None:
    absent, refused = asking.ask("nobody", "echo"), asking.ask("demo", "refuse")
    assert isinstance(absent, UbusFailure) and absent.is_absent and "nobody" in str(absent)
    assert isinstance(refused, UbusFailure) and not refused.is_absent


def test_without_ubusd_there_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "none"))
    found = Asking().ask("demo", "echo")
    assert isinstance(found, UbusFailure) and "not here" in str(found) and not found.is_absent


@pytest.mark.parametrize("says", [b"", b"\xff" * 64])
def test_who_is_no_ubusd_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: bytes) -> None:
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "odd"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "odd"))
        listening.listen()
        asking = Asking()
        call(asking.scope, "demo", "echo", {}, asking.answers.append)
        with listening.accept()[0] as talk:
            talk.sendall(says)
        wait_until(lambda: asking.loop.turn() or asking.answers, 10, "a failure")
    assert isinstance(asking.answers[0], UbusFailure) and asking.failures == []


def test_who_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "mute"))
    monkeypatch.setattr(caller, "LIMIT_S", 0.05)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "mute"))
        listening.listen()
        found = Asking().ask("demo", "echo")
    assert isinstance(found, UbusFailure) and "does not answer" in str(found)
