# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's line to havend: there, gone, back, older, slow, and not understood."""

import errno
import os
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven import VERSION
from haven.agent import havend_link as module
from haven.agent.havend_link import LONGEST_BACKLOG, RETRY_S, HavendLink
from haven.contract import control
from tests.agent.stand_in_havend import AgentLine, StandInHavend
from tests.agent.turns import Turns


class Desk:
    """The line, and what was heard over it."""

    def __init__(self, turns: Turns, run_dir: Path) -> None:
        self.turns = turns
        self.heard: list[Any] = []
        self.havend = StandInHavend(run_dir)
        self.link = HavendLink(turns.loop, str(run_dir), self.hear)

    def hear(self, message: Any) -> None:
        self.heard.append(message)

    def connect(self) -> AgentLine:
        """Connect to a havend that is there."""
        self.havend.start()
        self.link.connect()
        return self.havend.accept()

    def wait_heard(self, number: int) -> list[Any]:
        self.turns.until(lambda: len(self.heard) >= number, "it is heard")
        return self.heard

    def is_called(self) -> bool:
        """Tell whether a connection waits to be accepted."""
        listener = self.havend._listener
        assert listener is not None
        return bool(select.select([listener], [], [], 0)[0])


@pytest.fixture
def desk(turns: Turns, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(turns, tmp_path)
    yield made
    made.link.close()
    made.havend.close()


def test_it_presents_itself_with_its_protocol_and_version(desk: Desk):
    line = desk.connect()
    assert line.greeting == {"command": "agent", "protocol": control.PROTOCOL, "version": VERSION}
    assert control.PROTOCOL == 2 and desk.link.problems() == []


def test_what_havend_says_is_heard_in_its_order_and_in_pieces(desk: Desk):
    line = desk.connect()
    line.send_octets(b'{"n": 1}\n{"n": 2}\n{"n"')
    assert desk.wait_heard(2) == [{"n": 1}, {"n": 2}]
    desk.turns.turn()
    line.send_octets(b": 3}")
    desk.turns.turn()
    assert len(desk.heard) == 2
    line.send_octets(b"\n")
    assert desk.wait_heard(3)[2] == {"n": 3}


def test_what_havend_refuses_is_said_once(desk: Desk, capfd: pytest.CaptureFixture[str]):
    line = desk.connect()
    for error in ("report: peers[0] is wrong", "report: peers[0] is wrong", "stopping"):
        line.send({"ok": False, "error": error, "code": "request-wrong", "facts": {"error": error}})
        line.send({"ok": True, "result": {}})
    desk.wait_heard(6)
    assert capfd.readouterr().err == (
        "haven-agent: havend refuses: report: peers[0] is wrong\nhaven-agent: havend refuses: stopping\n"
    )


def test_a_havend_that_is_not_there_is_tried_again_and_again(desk: Desk):
    desk.link.connect()
    for _ in range(20):
        desk.turns.advance(RETRY_S)
    desk.link.say("report", in_sync=True, problems=[])
    desk.havend.start()
    desk.turns.advance(RETRY_S)
    assert desk.havend.accept().is_quiet()


def test_a_call_that_there_is_no_descriptor_for_is_made_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_kind: int) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    desk.havend.start()
    with monkeypatch.context() as full:
        full.setattr(module.socket, "socket", refuse)
        desk.link.connect()
        desk.turns.advance(RETRY_S)
    desk.turns.advance(RETRY_S)
    assert desk.havend.accept().greeting["command"] == "agent"


def test_one_that_goes_away_is_found_again(desk: Desk):
    line = desk.connect()
    line.send_octets(b'{"half": ')
    desk.turns.turn()
    desk.havend.close()
    desk.turns.until(lambda: not desk.turns.watched, "it is noticed")
    desk.link.say("prepared")
    desk.havend.start()
    desk.turns.advance(RETRY_S)
    again = desk.havend.accept()
    assert again.greeting["command"] == "agent" and again.is_quiet()
    again.send({"n": 1})
    # What was half said before is not its beginning.
    assert desk.wait_heard(1) == [{"n": 1}]


def test_one_that_hangs_up_at_once_is_not_called_without_a_pause(desk: Desk):
    # As a havend does that has as many connections as it takes.
    desk.connect().close()
    for _ in range(5):
        for _ in range(5):
            desk.turns.turn()
        assert not desk.is_called()
        desk.turns.advance(RETRY_S)
        desk.turns.turn()
        desk.havend.accept().close()


@pytest.mark.parametrize("octets", [b"hello\n", b"\xff\xfe\n", b"7\n", b"[" * 5000 + b"\n"])
def test_what_is_not_understood_is_said_and_it_is_called_again_later(desk: Desk, octets: bytes, capfd):
    desk.connect().send_octets(octets)
    desk.turns.until(lambda: not desk.turns.watched, "it has hung up")
    assert "havend is not understood" in capfd.readouterr().err
    desk.turns.advance(0.5)
    assert not desk.is_called()
    desk.turns.advance(0.5)
    desk.havend.accept().send({"n": 1})
    assert desk.wait_heard(1) == [{"n": 1}]


def test_there_is_never_more_than_one_connection(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    line = desk.connect()
    said: list[int] = []

    def hear(_message: Any) -> None:
        # The first time havend has gone; the second time it is not understood.
        said.append(1)
        if len(said) == 2:
            raise ValueError("no")
        desk.link.say("prepared")

    monkeypatch.setattr(desk.link, "_hear", hear)
    line.send_octets(b"{}\n{}\n")
    desk.havend.close()
    desk.turns.until(lambda: len(said) == 2, "both are heard")
    desk.havend.start()
    for _ in range(20):
        desk.turns.advance(RETRY_S)
    desk.havend.accept()
    assert desk.turns.watched == 1 and not desk.is_called()


# What is said


def test_a_havend_that_does_not_read_is_not_waited_for_and_hears_it_all_later(desk: Desk):
    line = desk.connect()
    sent = [{"n": number, "text": "x" * 10_000} for number in range(60)]
    for account in sent:
        desk.link.say("report", in_sync=True, problems=[], account=account)
    heard = []
    while len(heard) < len(sent):
        if line.is_quiet():
            desk.turns.turn()
        else:
            heard.append(_next(desk, line)["account"])
    assert heard == sent
    desk.link.say("prepared")
    assert line.next() == {"command": "prepared"} and desk.turns.watched == 1


def test_one_that_reads_nothing_for_long_is_called_again(desk: Desk):
    desk.connect()
    for _ in range(LONGEST_BACKLOG // 10_000 * 2):
        desk.link.say("report", in_sync=True, problems=[], text="x" * 10_000)
        if desk.is_called():
            break
    desk.turns.advance(RETRY_S)
    desk.turns.turn()
    again = desk.havend.accept()
    assert again.greeting["command"] == "agent" and desk.turns.watched == 1


def test_after_it_is_closed_nobody_hears_or_is_heard(desk: Desk):
    line = desk.connect()
    desk.link.close()
    desk.link.say("prepared")
    with pytest.raises(AssertionError, match="hung up"):
        line.next()
    assert desk.turns.watched == 0


def _next(desk: Desk, line: AgentLine) -> dict[str, Any]:
    # A long line needs the loop while it is read.
    while b"\n" not in line._received:
        desk.turns.turn(0)
        if not line.is_quiet() and select.select([line._socket], [], [], 0)[0]:
            line._received += line._socket.recv(1 << 16)
    return line.next()


# Versions


def test_an_older_havend_is_named_when_it_is_not_understood_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.control, "OLDEST_PROTOCOL", 3)
    line = desk.connect()
    line.answer({"lan": "backup"}, protocol=2, version="0.9")
    desk.wait_heard(1)
    (found,) = desk.link.problems()
    assert (found["code"], found["about"], found["facts"]) == ("havend-older", "havend", {"version": "0.9"})
    line.send({"ok": True, "result": {}})
    desk.wait_heard(2)
    assert len(desk.link.problems()) == 1
    desk.havend.close()
    desk.turns.until(lambda: not desk.turns.watched, "it is noticed")
    desk.havend.start()
    desk.turns.advance(RETRY_S)
    # Another havend may be another one.
    again = desk.havend.accept()
    assert desk.link.problems() == []
    again.answer({"lan": "backup"}, protocol=3, version="1.1")
    desk.wait_heard(3)
    assert desk.link.problems() == []


def test_the_first_havend_did_not_say_and_is_protocol_1(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    line = desk.connect()
    line.send({"ok": True, "result": {"groups": {"lan": "backup"}}})
    desk.wait_heard(1)
    assert desk.link.problems() == []
    monkeypatch.setattr(module.control, "OLDEST_PROTOCOL", 2)
    line.send({"ok": True, "result": {"groups": {"lan": "backup"}}})
    desk.wait_heard(2)
    (found,) = desk.link.problems()
    assert (found["code"], found["severity"]) == ("havend-older", "warning")
    assert "?" in found["message"] and found["do"]
