# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd's control socket, with a program on the other end that answers as conntrackd does."""

import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.agent.conntrack import conntrackd_socket
from tests.lab.wait import wait_until

Answer = Callable[[socket.socket], None]


@pytest.fixture
def conntrackd(tmp_path: Path) -> Callable[[Answer], tuple[str, list[int]]]:
    """Return what listens at a path and notes the numbers that it hears."""

    def listen(answer: Answer) -> tuple[str, list[int]]:
        path, heard = str(tmp_path / "ctl"), []
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            with listener, listener.accept()[0] as sock:
                heard.append(struct.unpack("=i", sock.recv(4))[0])
                answer(sock)

        threading.Thread(target=serve, daemon=True).start()
        return path, heard

    return listen


def test_answer_is_read_to_its_end(conntrackd: Callable) -> None:
    def in_pieces(sock: socket.socket) -> None:
        for piece in (b"cache internal:\n", b"x" * 200_000, b"\nend\n"):
            sock.sendall(piece)

    path, heard = conntrackd(in_pieces)
    answer = conntrackd_socket.ask(path, conntrackd_socket.STATISTICS["queue"], 10)
    assert heard == [36]
    assert answer.startswith("cache internal:\n") and answer.endswith("\nend\n") and len(answer) > 200_000


def test_order_is_taken_before_it_is_done(conntrackd: Callable) -> None:
    done = threading.Event()
    path, heard = conntrackd(lambda _sock: done.wait(20))
    assert conntrackd_socket.order(path, conntrackd_socket.ORDERS["send everything"])
    assert heard == [22] and not done.is_set()
    done.set()


def test_answer_that_does_not_end_is_not_waited_for(conntrackd: Callable) -> None:
    done = threading.Event()

    def begin(sock: socket.socket) -> None:
        sock.sendall(b"begun")
        done.wait(20)

    path, _heard = conntrackd(begin)
    assert conntrackd_socket.ask(path, conntrackd_socket.STATISTICS[""], 0.1) == "begun"
    done.set()


def test_nobody_there(tmp_path: Path) -> None:
    assert not conntrackd_socket.order(str(tmp_path / "ctl"), conntrackd_socket.ORDERS["read the kernel"])
    assert conntrackd_socket.ask(str(tmp_path / "ctl"), conntrackd_socket.STATISTICS[""], 1) == ""


def test_question_waits_for_nobody(conntrackd: Callable) -> None:
    goes_on = threading.Event()

    def late(sock: socket.socket) -> None:
        sock.sendall(b"begun")
        goes_on.wait(20)
        sock.sendall(b" and ended")

    path, heard = conntrackd(late)
    question = conntrackd_socket.ConntrackdQuestion(path, conntrackd_socket.STATISTICS[""], now=100)
    read_until(question, lambda: question.text == "begun")
    assert question.fileno() is not None and not question.ended
    question.read()
    goes_on.set()
    read_until(question, lambda: question.ended)
    assert heard == [21] and question.text == "begun and ended" and question.fileno() is None
    assert question.until == 100 + conntrackd_socket.ANSWER_LIMIT_S


def test_question_to_nobody_has_ended(tmp_path: Path) -> None:
    question = conntrackd_socket.ConntrackdQuestion(
        str(tmp_path / "ctl"), conntrackd_socket.STATISTICS[""], now=0
    )
    assert question.ended and question.text == "" and question.fileno() is None


def read_until(question: conntrackd_socket.ConntrackdQuestion, condition: Callable[[], bool]) -> None:
    """Read piece by piece until something is so."""

    def read() -> bool:
        question.read()
        return condition()

    wait_until(read, 10, "the answer has come")
