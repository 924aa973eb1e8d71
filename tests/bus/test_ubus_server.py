# SPDX-License-Identifier: GPL-2.0-or-later
"""The connection to ubusd: there, gone, back; refused; talked to in every wrong way."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.ubus import codec as wire
from haven.ubus.codec import UbusFrame, next_frame
from haven.ubus.server import HANDSHAKE_S, INVALID_ARGUMENT, LONGEST_WAIT_S, OK, UNKNOWN_ERROR, UbusServer
from tests.agent.turns import Turns, set_clock
from tests.bus.ubus_broker import Broker
from tests.bus.ubus_caller import Caller
from tests.bus.ubus_served import SIGNATURE, Served
from tests.lab.wait import wait_until


@pytest.fixture
def server(broker: Broker) -> Iterator[Served]:
    made = Served(broker.path)
    yield made
    made.close()


def test_a_method_is_called_with_its_arguments_and_answers(broker: Broker, server: Served):
    with Caller(broker.path).wait_for("demo") as caller:
        assert caller.signature("demo") == SIGNATURE
        sent = {"text": "grüezi", "on": True, "ubus_rpc_session": "0" * 32}
        assert caller.call("demo", "echo", sent) == (OK, sent)


def test_two_calls_may_wait_and_are_answered_in_any_order(broker: Broker, server: Served):
    with Caller(broker.path).wait_for("demo") as one, Caller(broker.path) as other:
        first, second = one.begin("demo", "later"), other.begin("demo", "later")
        wait_until(lambda: len(server.calls) == 2, 10, "both calls are there")
        server.do(lambda: server.calls[1].answer({"n": 2}))
        assert other.finish(second) == (OK, {"n": 2})
        server.do(lambda: server.calls[0].answer({"why": "no"}, UNKNOWN_ERROR))
        assert one.finish(first) == (UNKNOWN_ERROR, {"why": "no"})


def test_arguments_that_are_no_blobmsg_are_refused_and_the_next_call_works(broker: Broker, server: Served):
    with Caller(broker.path).wait_for("demo") as caller:
        assert caller.call("demo", "echo", bytes.fromhex("83000100")) == (INVALID_ARGUMENT, {})
        assert caller.call("demo", "echo", {"text": "yes"}) == (OK, {"text": "yes"})


def test_an_answer_greater_than_ubus_takes_is_refused_and_the_next_comes(broker: Broker, server: Served):
    with Caller(broker.path).wait_for("demo") as caller:
        number = caller.begin("demo", "later")
        wait_until(lambda: server.calls, 10, "the call is there")
        server.do(lambda: server.calls[0].answer({"text": "x" * wire.LONGEST}))
        status, document = caller.finish(number)
        assert status == UNKNOWN_ERROR and "more than ubus takes" in document["error"]
        assert caller.call("demo", "echo") == (OK, {})


def test_an_answer_of_almost_a_megabyte_goes_through(broker: Broker, server: Served):
    text = "x" * (wire.LONGEST - 100)
    with Caller(broker.path).wait_for("demo") as caller:
        number = caller.begin("demo", "later")
        wait_until(lambda: server.calls, 10, "the call is there")
        server.do(lambda: server.calls[0].answer({"text": text}))
        assert caller.finish(number) == (OK, {"text": text})


def test_an_event_reaches_who_listens(broker: Broker, server: Served):
    with Caller(broker.path).wait_for("demo").listen("demo.state") as caller:
        wait_until(lambda: server.connection.ready, 10, "it knows that it is there")
        server.do(lambda: server.connection.send_event("demo.state", {"to": "active"}))
        assert caller.next_event() == ("demo.state", {"to": "active"})


def test_an_event_of_others_is_heard_also_after_a_restart_of_ubusd(broker: Broker, server: Served):
    for number in (1, 2):
        with Caller(broker.path).wait_for("demo") as caller:
            # It listens a moment after its object is there.
            wait_until(
                lambda caller=caller, number=number: _heard(caller, server, number), 10, "the event is heard"
            )
            # A method of that name is no event.
            caller.begin("demo", "demo.other", {"n": 0})
            assert caller.call("demo", "echo", {"text": "on"}) == (OK, {"text": "on"})
        assert {each["n"] for each in server.heard} == {number}
        broker.kill()
        wait_until(lambda: not server.connection.ready, 10, "the end is noticed")
        server.heard.clear()
        broker.start()


def _heard(caller: Caller, server: Served, number: int) -> bool:
    caller.send_event("demo.other", {"n": number})
    return bool(server.heard)


def test_after_a_restart_of_ubusd_the_object_is_there_again(broker: Broker, server: Served, capfd):
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


def test_a_name_that_is_taken_is_said_once_and_tried_again(broker: Broker, server: Served, capfd):
    with Caller(broker.path).wait_for("demo"):
        second = Served(broker.path)
        try:
            wait_until(lambda: second.connection.age >= 2, 30, "it is tried again")
            server.close()
            wait_until(lambda: second.connection.ready, 30, "the second has the name")
        finally:
            second.close()
    assert capfd.readouterr().err.count("ubusd refuses the object demo") == 1


class Waits:
    """Stands for the loop: notes how long each attempt waits, and makes it."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._next: list[Callable[[], None]] = []

    def watch(self, descriptor: object, act: object, writing: bool = False) -> None:
        raise AssertionError("there is nobody to watch")

    def forget(self, descriptor: object) -> None:
        raise AssertionError("there is nobody to forget")

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.waits.append(seconds)
        self._next.append(act)

    def go_on(self) -> None:
        """Let the time of the next attempt come."""
        (act,) = self._next
        self._next.clear()
        act()


def test_without_ubusd_nothing_is_said_and_it_is_tried_ever_less(tmp_path: Path, capfd):
    registry = Waits()
    UbusServer(registry, "demo", SIGNATURE, lambda call: None, (str(tmp_path / "x"),)).connect()
    for _ in range(8):
        registry.go_on()
    assert registry.waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert capfd.readouterr().err == ""


class Liar:
    """Somebody else at ubusd's socket."""

    def __init__(self, path: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(60)

    def accept(self, octets: bytes) -> socket.socket:
        client, _address = self.listener.accept()
        client.settimeout(60)
        client.sendall(octets)
        return client


@pytest.fixture
def liar(tmp_path: Path) -> Iterator[Liar]:
    made = Liar(tmp_path / "liar.sock")
    yield made
    made.listener.close()


@pytest.fixture
def misled(liar: Liar, tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path / "liar.sock")
    yield made
    made.close()


def test_who_does_not_speak_ubus_is_left_and_tried_again(liar: Liar, misled: Served, capfd):
    for octets in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\0\0\0\0\1\0\xff\xff\xff"):
        with liar.accept(octets) as client:
            assert client.recv(1) == b""
    assert "ubusd is not understood" in capfd.readouterr().err


def test_a_frame_in_single_octets_is_a_frame(liar: Liar, misled: Served):
    with liar.accept(b"") as client:
        for octet in UbusFrame(wire.HELLO, 0, 7).encode():
            client.sendall(bytes([octet]))
        found = next_frame(client.recv(1 << 16))
        assert found is not None and found[0].attributes["path"] == "demo"


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    """A loop whose clock stands still."""
    made = Turns(tmp_path, set_clock(monkeypatch))
    yield made
    made.close()


def test_who_says_nothing_is_left_after_a_while_and_tried_again(liar: Liar, tmp_path: Path, turns: Turns):
    path = str(tmp_path / "liar.sock")
    UbusServer(turns.scope, "demo", SIGNATURE, lambda call: None, (path,)).connect()
    with liar.accept(b"") as silent:
        turns.advance(HANDSHAKE_S - 0.5)
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.recv(1)
        turns.advance(0.5)
        assert silent.recv(1) == b""
    turns.advance(0.5)
    liar.accept(b"").close()


def test_who_has_greeted_in_time_is_kept(liar: Liar, tmp_path: Path, turns: Turns):
    connection = UbusServer(turns.scope, "demo", SIGNATURE, lambda call: None, (str(tmp_path / "liar.sock"),))
    connection.connect()
    with liar.accept(UbusFrame(wire.HELLO, 0, 7).encode()) as client:
        turns.until(lambda: turns.watched and connection._added_by, "it has greeted")
        _accept_object(client)
        turns.until(lambda: connection.ready, "the object is there")
        turns.advance(10 * HANDSHAKE_S)
        assert connection.ready and connection.age == 1


def test_what_goes_wrong_is_said_once_whatever_numbers_it_comes_with(
    liar: Liar, tmp_path: Path, turns: Turns, capfd: pytest.CaptureFixture[str]
):
    connection = UbusServer(turns.scope, "demo", SIGNATURE, lambda call: None, (str(tmp_path / "liar.sock"),))
    connection.connect()
    for number in range(5):
        with liar.accept(UbusFrame(wire.HELLO, 0, 7).encode()) as client:
            turns.until(lambda: connection._socket and connection._added_by, "it has greeted")
            _accept_object(client)
            turns.until(lambda: connection.ready, "the object is there")
            for status in range(1, 4):
                refusal = UbusFrame(wire.STATUS, 900 + status, 0, status=10 * number + status)
                client.sendall(refusal.encode())
            client.sendall(bytes((number + 1,)) + bytes(11))
            turns.until(lambda: not connection.ready, "it is left")
            connection._added_by = 0
        turns.advance(0.5)
    ordinary, wrong = capfd.readouterr()
    assert wrong.count("is not understood") == 1 and wrong.count("does not take the event") == 1
    assert ordinary.count("connected") == 1
    with liar.accept(UbusFrame(wire.HELLO, 0, 7).encode()) as client:
        turns.until(lambda: connection._added_by, "it has greeted")
        _accept_object(client)
        turns.until(lambda: connection.ready, "the object is there")
        # This one lives so long that what goes wrong with it is news.
        turns.advance(LONGEST_WAIT_S)
        client.sendall(bytes((9,)) + bytes(11))
        turns.until(lambda: not connection.ready, "it is left")
    assert capfd.readouterr().err.count("is not understood") == 1


def test_an_answer_to_a_connection_that_is_lost_is_not_sent_over_the_next(
    liar: Liar, tmp_path: Path, turns: Turns
):
    calls: list = []
    connection = UbusServer(turns.scope, "demo", SIGNATURE, calls.append, (str(tmp_path / "liar.sock"),))
    connection.connect()
    with liar.accept(UbusFrame(wire.HELLO, 0, 7).encode()) as client:
        turns.until(lambda: connection._added_by, "it has greeted")
        _accept_object(client)
        client.sendall(UbusFrame(wire.INVOKE, 3, 9, object=5000, method="later", data=b"").encode())
        turns.until(lambda: calls, "the call is there")
    turns.until(lambda: not connection.ready, "the end is noticed")
    calls[0].answer({"text": "late"})
    connection.send_event("demo.state", {"to": "active"})
    turns.advance(0.5)
    with liar.accept(UbusFrame(wire.HELLO, 0, 8).encode()) as again:
        turns.turn()
        turns.turn()
        found = next_frame(again.recv(1 << 16))
        assert found is not None and found[0].kind == wire.ADD_OBJECT


def _accept_object(client: socket.socket) -> None:
    """Take the object as ubusd does."""
    found = next_frame(client.recv(1 << 16))
    assert found is not None and found[0].kind == wire.ADD_OBJECT
    client.sendall(UbusFrame(wire.DATA, found[0].sequence, 0, object=5000).encode())
    client.sendall(UbusFrame(wire.STATUS, found[0].sequence, 0, status=0).encode())


def test_a_call_of_an_object_that_is_not_ours_is_refused(liar: Liar, misled: Served):
    with liar.accept(UbusFrame(wire.HELLO, 0, 7).encode()) as client:
        _accept_object(client)
        client.sendall(UbusFrame(wire.INVOKE, 3, 9, object=5001, method="echo", data=b"").encode())
        received = bytearray()
        while wire.STATUS not in (kinds := [each.kind for each in _frames(received)]):
            received += client.recv(1 << 16)
        assert _frames(received)[kinds.index(wire.STATUS)].attributes["status"] == 4
    assert misled.calls == []


def _frames(octets: bytearray) -> list[UbusFrame]:
    found, rest = [], octets[:]
    while (one := next_frame(rest)) is not None:
        found.append(one[0])
        rest = rest[one[1] :]
    return found
