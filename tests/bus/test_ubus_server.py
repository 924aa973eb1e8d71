# SPDX-License-Identifier: GPL-2.0-or-later
"""The connection to ubusd: there, gone, back; refused; talked to in every wrong way."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.ubus import codec as wire
from haven.ubus.codec import BOOL, STRING, UbusFrame, next_frame
from haven.ubus.server import INVALID_ARGUMENT, OK, UNKNOWN_ERROR, UbusCall, UbusServer
from tests.bus.ubus_broker import Broker
from tests.bus.ubus_caller import Caller
from tests.lab.wait import wait_until

SIGNATURE = {"echo": {"text": STRING, "on": BOOL}, "later": {}}


class Server:
    """A connection that is served in a thread, and what was called."""

    def __init__(self, path: Path) -> None:
        self._selector = selectors.EpollSelector()
        self.calls: list[UbusCall] = []
        self.turns = 0
        self.connection = UbusServer(self._selector, "demo", SIGNATURE, self._called, (str(path),))
        self._ending = False
        self._waiting: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _called(self, call: UbusCall) -> None:
        self.calls.append(call)
        if call.method == "echo":
            call.answer(call.arguments)

    def _run(self) -> None:
        while not self._ending:
            for key, events in self._selector.select(0.02):
                key.data(events)
            self.connection.drive(time.monotonic())
            self.turns += 1
            while self._waiting:
                self._waiting.pop(0)()

    def do(self, act: Callable[[], None]) -> None:
        """Have something done in the thread."""
        self._waiting.append(act)

    def close(self) -> None:
        """End the thread and the connection."""
        self._ending = True
        self._thread.join()
        self.connection.close()


@pytest.fixture
def server(broker: Broker) -> Iterator[Server]:
    made = Server(broker.path)
    yield made
    made.close()


def test_a_method_is_called_with_its_arguments_and_answers(broker: Broker, server: Server):
    with Caller(broker.path).wait_for("demo") as caller:
        assert caller.signature("demo") == SIGNATURE
        sent = {"text": "grüezi", "on": True, "ubus_rpc_session": "0" * 32}
        assert caller.call("demo", "echo", sent) == (OK, sent)


def test_two_calls_may_wait_and_are_answered_in_any_order(broker: Broker, server: Server):
    with Caller(broker.path).wait_for("demo") as one, Caller(broker.path) as other:
        first, second = one.begin("demo", "later"), other.begin("demo", "later")
        wait_until(lambda: len(server.calls) == 2, 10, "both calls are there")
        server.do(lambda: server.calls[1].answer({"n": 2}))
        assert other.finish(second) == (OK, {"n": 2})
        server.do(lambda: server.calls[0].answer({"why": "no"}, UNKNOWN_ERROR))
        assert one.finish(first) == (UNKNOWN_ERROR, {"why": "no"})


def test_arguments_that_are_no_blobmsg_are_refused_and_the_next_call_works(broker: Broker, server: Server):
    with Caller(broker.path).wait_for("demo") as caller:
        assert caller.call("demo", "echo", bytes.fromhex("83000100")) == (INVALID_ARGUMENT, {})
        assert caller.call("demo", "echo", {"text": "yes"}) == (OK, {"text": "yes"})


def test_an_answer_greater_than_ubus_takes_is_refused_and_the_next_comes(broker: Broker, server: Server):
    with Caller(broker.path).wait_for("demo") as caller:
        number = caller.begin("demo", "later")
        wait_until(lambda: server.calls, 10, "the call is there")
        server.do(lambda: server.calls[0].answer({"text": "x" * wire.LONGEST}))
        status, document = caller.finish(number)
        assert status == UNKNOWN_ERROR and "more than ubus takes" in document["error"]
        assert caller.call("demo", "echo") == (OK, {})


def test_an_answer_of_almost_a_megabyte_goes_through(broker: Broker, server: Server):
    text = "x" * (wire.LONGEST - 100)
    with Caller(broker.path).wait_for("demo") as caller:
        number = caller.begin("demo", "later")
        wait_until(lambda: server.calls, 10, "the call is there")
        server.do(lambda: server.calls[0].answer({"text": text}))
        assert caller.finish(number) == (OK, {"text": text})


def test_an_event_reaches_who_listens(broker: Broker, server: Server):
    with Caller(broker.path).wait_for("demo").listen("demo.state") as caller:
        wait_until(lambda: server.connection.ready, 10, "it knows that it is there")
        server.do(lambda: server.connection.send_event("demo.state", {"to": "active"}))
        assert caller.next_event() == ("demo.state", {"to": "active"})


def test_after_a_restart_of_ubusd_the_object_is_there_again(broker: Broker, server: Server, capfd):
    with Caller(broker.path).wait_for("demo") as caller:
        caller.begin("demo", "later")
        wait_until(lambda: server.calls, 10, "the call is there")
    broker.kill()
    wait_until(lambda: not server.connection.ready, 10, "the end is noticed")
    turns, began = server.turns, time.monotonic()
    wait_until(lambda: time.monotonic() > began + 2, 10, "ubusd is away for a while")
    # Some fifty turns a second are the test's own; a descriptor that is ready for ever makes thousands.
    assert server.turns - turns < 500
    broker.start()
    with Caller(broker.path).wait_for("demo") as caller:
        assert caller.call("demo", "echo", {"text": "again"}) == (OK, {"text": "again"})
        # Whoever asked before is gone; the number may be another's by now.
        server.do(lambda: server.calls[0].answer({"text": "late"}))
        assert caller.call("demo", "echo", {"text": "more"}) == (OK, {"text": "more"})
    ordinary, wrong = ([line for line in part.splitlines() if "ubus:" in line] for part in capfd.readouterr())
    assert len(wrong) <= 2 and "hung up" in wrong[0]
    assert ordinary == ["haven-agent: ubus: connected"]


def test_a_name_that_is_taken_is_said_once_and_tried_again(broker: Broker, server: Server, capfd):
    with Caller(broker.path).wait_for("demo"):
        second = Server(broker.path)
        try:
            wait_until(lambda: second.connection.age >= 2, 30, "it is tried again")
            server.close()
            wait_until(lambda: second.connection.ready, 30, "the second has the name")
        finally:
            second.close()
    assert capfd.readouterr().err.count("ubusd refuses the object demo") == 1


def test_without_ubusd_nothing_is_said_and_it_is_tried_ever_less(tmp_path: Path, capfd):
    connection = UbusServer(
        selectors.EpollSelector(), "demo", SIGNATURE, lambda call: None, (str(tmp_path / "x"),)
    )
    now, waits = 0.0, []
    for _ in range(9):
        connection.drive(now)
        waits.append(connection.next_deadline() - now)
        now = connection.next_deadline()
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert capfd.readouterr().err == ""


class Liar:
    """Somebody else at ubusd's socket."""

    def __init__(self, path: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(10)

    def accept(self, octets: bytes) -> socket.socket:
        client, _address = self.listener.accept()
        client.settimeout(10)
        client.sendall(octets)
        return client


@pytest.fixture
def liar(tmp_path: Path) -> Iterator[Liar]:
    made = Liar(tmp_path / "liar.sock")
    yield made
    made.listener.close()


@pytest.fixture
def misled(liar: Liar, tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "liar.sock")
    yield made
    made.close()


def test_who_does_not_speak_ubus_is_left_and_tried_again(liar: Liar, misled: Server, capfd):
    for octets in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\0\0\0\0\1\0\xff\xff\xff"):
        with liar.accept(octets) as client:
            assert client.recv(1) == b""
    assert "ubusd is not understood" in capfd.readouterr().err


def test_a_frame_in_single_octets_is_a_frame(liar: Liar, misled: Server):
    with liar.accept(b"") as client:
        for octet in UbusFrame(wire.HELLO, 0, 7).encode():
            client.sendall(bytes([octet]))
        found = next_frame(client.recv(1 << 16))
        assert found is not None and found[0].attributes["path"] == "demo"


def test_who_says_nothing_is_left_after_a_while():
    one, other = socket.socketpair()
    with one, other:
        selector = selectors.EpollSelector()
        connection = UbusServer(selector, "demo", SIGNATURE, lambda call: None, ("/nowhere",))
        connection._take(one, 100.0)
        connection.drive(109.0)
        assert connection.next_deadline() == 110.0
        connection.drive(110.0)
        assert other.recv(1) == b""


def test_a_call_of_an_object_that_is_not_ours_is_refused(liar: Liar, misled: Server):
    with liar.accept(UbusFrame(wire.HELLO, 0, 7).encode()) as client:
        found = next_frame(client.recv(1 << 16))
        assert found is not None
        client.sendall(UbusFrame(wire.DATA, found[0].sequence, 0, object=5000).encode())
        client.sendall(UbusFrame(wire.STATUS, found[0].sequence, 0, status=0).encode())
        client.sendall(UbusFrame(wire.INVOKE, 3, 9, object=5001, method="echo", data=b"").encode())
        answer = next_frame(client.recv(1 << 16))
        assert answer is not None and answer[0].attributes["status"] == 4
    assert misled.calls == []
