# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd's control socket, with a program on the other end that answers as conntrackd does."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.agent.conntrack import conntrackd_socket
from haven.agent.conntrack.conntrackd_socket import ANSWER_LIMIT_S, RETRY_S, STATISTICS, ConntrackdSocket
from tests.agent.turns import Turns

Answer = Callable[[socket.socket], None]


class StandIn:
    """What listens at a path, notes the numbers that it hears, and answers one after the other."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self.heard: list[int] = []
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                with self._listener.accept()[0] as sock:
                    self.heard.append(struct.unpack("=i", sock.recv(4))[0])
                    self._answer(sock)

    def close(self) -> None:
        """Answer nobody more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ctl"


@pytest.fixture
def conntrackd(path: Path) -> Iterator[Callable[[Answer], StandIn]]:
    """Return what makes a conntrackd that answers in some way."""
    made: list[StandIn] = []

    def listen(answer: Answer) -> StandIn:
        made.append(StandIn(path, answer))
        return made[-1]

    yield listen
    for each in made:
        each.close()


@pytest.fixture
def asking(path: Path, turns: Turns) -> ConntrackdSocket:
    return ConntrackdSocket(str(path), turns.scope)


def test_answer_is_read_to_its_end(asking: ConntrackdSocket, turns: Turns, conntrackd: Callable) -> None:
    def in_pieces(sock: socket.socket) -> None:
        for piece in (b"cache internal:\n", b"x" * 200_000, b"\nend\n"):
            sock.sendall(piece)

    answering, answers = conntrackd(in_pieces), []
    assert asking.ask(STATISTICS["queue"], answers.append, 10)
    turns.settle()
    assert answering.heard == [36]
    (answer,) = answers
    assert answer.startswith("cache internal:\n") and answer.endswith("\nend\n") and len(answer) > 200_000


def test_order_is_taken_before_it_is_done(
    asking: ConntrackdSocket, turns: Turns, conntrackd: Callable
) -> None:
    done = threading.Event()
    answering = conntrackd(lambda _sock: done.wait(120))
    asking.order(["send everything"])
    turns.until(lambda: answering.heard, "it is heard")
    assert answering.heard == [22] and not done.is_set()
    done.set()


def test_orders_are_heard_in_their_order_and_none_is_waited_for(
    asking: ConntrackdSocket, turns: Turns, conntrackd: Callable
) -> None:
    done = threading.Event()
    answering = conntrackd(lambda _sock: done.wait(120))
    asking.order(["forget what was told", "ask for everything"])
    asking.order(["read the kernel", "send everything"])
    answers: list[str] = []
    assert asking.ask(STATISTICS[""], answers.append)
    turns.turn()
    assert answers == []
    done.set()
    turns.until(lambda: answers, "the question after them is answered")
    assert answering.heard == [33, 23, 44, 22, 21]


def test_answer_that_does_not_end_is_not_waited_for(
    asking: ConntrackdSocket, turns: Turns, conntrackd: Callable
) -> None:
    done, begun, answers = threading.Event(), threading.Event(), []

    def begin(sock: socket.socket) -> None:
        sock.sendall(b"begun")
        begun.set()
        done.wait(120)

    conntrackd(begin)
    assert asking.ask(STATISTICS[""], answers.append, 1)
    turns.until(begun.is_set, "the answer has begun")
    turns.turn()
    turns.advance(0.5)
    assert answers == []
    turns.advance(0.5)
    assert answers == ["begun"] and turns.watched == 0
    done.set()
    turns.advance(10)
    assert answers == ["begun"]


def test_an_answer_has_its_usual_time(asking: ConntrackdSocket, turns: Turns, conntrackd: Callable) -> None:
    done, answers = threading.Event(), []
    conntrackd(lambda _sock: done.wait(120))
    assert asking.ask(STATISTICS[""], answers.append)
    turns.advance(ANSWER_LIMIT_S - 0.5)
    assert answers == []
    turns.advance(0.5)
    assert answers == [""]
    done.set()


def test_nobody_there(asking: ConntrackdSocket, turns: Turns) -> None:
    answers: list[str] = []
    assert not asking.ask(STATISTICS[""], answers.append, 1)
    turns.advance(10)
    assert answers == [] and turns.watched == 0


def test_an_order_that_nobody_takes_is_given_again_in_its_turn(
    asking: ConntrackdSocket, turns: Turns, conntrackd: Callable
) -> None:
    asking.order(["read the kernel"])
    turns.advance(RETRY_S)
    answering = conntrackd(lambda _sock: None)
    asking.order(["send everything"])
    assert answering.heard == []
    turns.advance(RETRY_S)
    turns.until(lambda: len(answering.heard) == 2, "both are heard")
    turns.advance(10 * RETRY_S)
    turns.settle()
    assert answering.heard == [44, 22]


def test_orders_for_one_that_has_ended_are_not_given_to_the_next(
    asking: ConntrackdSocket, turns: Turns, conntrackd: Callable
) -> None:
    asking.order(["read the kernel", "send everything"])
    asking.forget()
    answering = conntrackd(lambda _sock: None)
    turns.advance(10 * RETRY_S)
    asking.order(["ask for everything"])
    turns.until(lambda: answering.heard, "the next is heard")
    turns.settle()
    assert answering.heard == [conntrackd_socket.ORDERS["ask for everything"]]


def test_so_many_wait_that_the_socket_takes_no_more(
    asking: ConntrackdSocket, turns: Turns, path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(0)
        listener.settimeout(60)
        names = ["read the kernel", "send everything", "ask for everything"] * 3
        asking.order(names)
        heard = []
        for _ in names:
            with listener.accept()[0] as sock:
                heard.append(struct.unpack("=i", sock.recv(4))[0])
            turns.advance(RETRY_S)
    assert heard == [conntrackd_socket.ORDERS[name] for name in names]


def test_question_waits_for_nobody(asking: ConntrackdSocket, turns: Turns, conntrackd: Callable) -> None:
    goes_on, begun, answers = threading.Event(), threading.Event(), []

    def late(sock: socket.socket) -> None:
        sock.sendall(b"begun")
        begun.set()
        goes_on.wait(120)
        sock.sendall(b" and ended")

    answering = conntrackd(late)
    assert asking.ask(STATISTICS[""], answers.append)
    turns.until(begun.is_set, "the answer has begun")
    turns.turn()
    assert turns.watched == 1 and answers == []
    goes_on.set()
    turns.settle()
    assert answering.heard == [21] and answers == ["begun and ended"]
    turns.advance(ANSWER_LIMIT_S + 1)
    assert answers == ["begun and ended"]


@pytest.mark.parametrize("part", ["", "resend"])
def test_more_than_conntrackd_has_to_say_is_no_answer(
    asking: ConntrackdSocket, turns: Turns, conntrackd: Callable, part: str
) -> None:
    def flood(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock.sendall(b"x" * 100_000)

    conntrackd(flood)
    answers: list[str] = []
    assert asking.ask(STATISTICS[part], answers.append, 1000)
    turns.settle()
    assert answers == [""]
