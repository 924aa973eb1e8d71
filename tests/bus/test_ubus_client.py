# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls on ubus: through python3-ubus, as its version 0.1.3 answers on OpenWrt, and without it."""

import contextlib
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.ubus import client
from haven.ubus import codec as wire
from haven.ubus.client import NotFoundError, NoUbusError, UbusError, call, timeval
from haven.ubus.codec import UbusFrame, encode_table, next_frame
from tests.bus.ubus_broker import Broker
from tests.bus.ubus_caller import Caller
from tests.bus.ubus_served import Served
from tests.lab.wait import wait_until


class Binding(types.ModuleType):
    """The binding, with one connection and what it is to answer."""

    def __init__(self, answer: Any, refuses: bool = False, objects: tuple[str, ...] = ("network",)) -> None:
        super().__init__("ubus")
        self.answer, self.refuses, self.connected = answer, refuses, 0
        self.there = objects

    def get_connected(self) -> bool:
        return self.connected > 0

    def connect(self) -> None:
        if self.refuses or self.connected:
            raise RuntimeError("Failed to connect to the ubus socket")
        self.connected += 1

    def objects(self, path: str = "*") -> dict[str, Any]:
        assert self.connected
        return {name: {} for name in self.there if name == path}

    def call(self, path: str, method: str, arguments: dict[str, Any], timeout: int) -> Any:
        assert isinstance(arguments, dict) and timeout >= 1000
        if path not in self.there:
            raise RuntimeError(f"Object '{path}' was not found.")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_first_answer_counts_and_the_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ubus", Binding([{"up": True}]))
    assert [call("network", "x") for _ in range(2)] == [{"up": True}] * 2


def test_no_answer_is_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ubus", Binding([]))
    assert call("network", "add_dynamic", {"name": "x"}) == {}


@pytest.mark.parametrize(
    ("objects", "kind"),
    [
        ((), NotFoundError),
        (("network.x",), UbusError),
    ],
)
def test_what_the_binding_raises_is_told_apart(
    objects: tuple[str, ...], kind: type[UbusError], monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = RuntimeError("ubus error occured: Method not found")
    monkeypatch.setitem(sys.modules, "ubus", Binding(failure, objects=objects))
    with pytest.raises(UbusError) as refusal:
        call("network.x", "status")
    assert type(refusal.value) is kind


def test_an_object_is_not_taken_for_missing_by_what_its_method_says(monkeypatch: pytest.MonkeyPatch) -> None:
    # The texts are the binding's, and could be any other.
    failure = RuntimeError("ubus error occured: Not found, it was not found")
    monkeypatch.setitem(sys.modules, "ubus", Binding(failure))
    with pytest.raises(UbusError) as refusal:
        call("network", "status")
    assert type(refusal.value) is UbusError


def test_a_bus_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ubus", Binding([], refuses=True))
    with pytest.raises(NoUbusError):
        call("network", "x")


# Without the binding


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the binding is not installed."""
    monkeypatch.setitem(sys.modules, "ubus", None)


@pytest.fixture
def served(alone: None, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """An object on a bus that is found by the environment."""
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(broker.path))
    made = Served(broker.path)
    with Caller(broker.path) as caller:
        caller.wait_for("demo")
    yield made
    made.close()


def test_by_octets_the_answer_is_the_methods(served: Served) -> None:
    sent = {"text": "grüezi", "on": True}
    assert call("demo", "echo", sent) == sent
    assert [each.arguments for each in served.calls] == [sent]


def test_by_octets_no_answer_is_an_empty_one(served: Served) -> None:
    assert call("demo", "nothing") == {} == call("demo", "echo")


def test_by_octets_a_great_answer_comes_whole(served: Served) -> None:
    sent = {"text": "x" * 500_000}
    assert call("demo", "echo", sent) == sent


def test_by_octets_many_calls_leave_nothing_behind(served: Served) -> None:
    for number in range(50):
        assert call("demo", "echo", {"text": str(number)}) == {"text": str(number)}


def test_by_octets_an_object_that_is_not_there_is_told_apart(served: Served) -> None:
    with pytest.raises(NotFoundError):
        call("network.x", "status")


def test_by_octets_a_method_that_fails_is_told(served: Served) -> None:
    with pytest.raises(UbusError) as refusal:
        call("demo", "refuse")
    assert type(refusal.value) is UbusError and "status 9" in str(refusal.value)


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_by_octets_a_bus_that_is_not_there_is_told(
    alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / place))
    with pytest.raises(NoUbusError):
        call("demo", "echo")


def test_by_octets_the_usual_sockets_are_tried_in_their_order(
    served: Served, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HAVEN_UBUS_SOCKET")
    monkeypatch.setattr(client, "SOCKETS", (str(tmp_path / "nowhere"), str(broker.path)))
    assert call("demo", "echo", {"on": False}) == {"on": False}
    monkeypatch.setattr(client, "SOCKETS", (str(tmp_path / "nowhere"),))
    with pytest.raises(NoUbusError):
        call("demo", "echo")


def test_by_octets_a_bus_that_goes_away_in_the_middle_is_told(served: Served, broker: Broker) -> None:
    killer = threading.Thread(
        target=lambda: (wait_until(lambda: served.calls, 10, "the call is there"), broker.kill())
    )
    killer.start()
    with pytest.raises(UbusError, match="hung up"):
        call("demo", "later")
    killer.join()


Play = Callable[[socket.socket], None]


@pytest.fixture
def liar(alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Play], None]]:
    """Somebody else at ubusd's socket, who does what the test says with the first who comes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "liar.sock"))
    listener.listen()
    listener.settimeout(30)
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "liar.sock"))
    threads: list[threading.Thread] = []

    def play(act: Play) -> None:
        def serve() -> None:
            with listener.accept()[0] as sock, contextlib.suppress(OSError):
                sock.settimeout(30)
                act(sock)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()

    yield play
    for each in threads:
        each.join()
    listener.close()


HELLO = UbusFrame(wire.HELLO, 0, 7).encode()


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        UbusFrame(wire.STATUS, 0, 7, status=0).encode(),
        b"",
    ],
    ids=["another", "no-greeting", "nothing"],
)
def test_by_octets_who_is_not_ubusd_is_said_not_to_be(liar: Callable[[Play], None], octets: bytes) -> None:
    liar(lambda sock: sock.sendall(octets))
    with pytest.raises(UbusError) as refusal:
        call("demo", "echo")
    assert type(refusal.value) is UbusError and "ubusd" in str(refusal.value)


@pytest.mark.parametrize("greeting", [b"", HELLO], ids=["no-greeting", "no-answer"])
def test_by_octets_who_does_not_answer_is_waited_for_only_so_long(
    liar: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch, greeting: bytes
) -> None:
    monkeypatch.setattr(client, "SECONDS", 1)
    given_up = threading.Event()

    def say_nothing(sock: socket.socket) -> None:
        sock.sendall(greeting)
        given_up.wait(30)

    liar(say_nothing)
    with pytest.raises(UbusError) as refusal:
        call("demo", "echo")
    given_up.set()
    assert str(refusal.value) == "ubus did not answer in 1 s"


def test_by_octets_what_is_others_is_passed_over_and_pieces_are_put_together(
    liar: Callable[[Play], None],
) -> None:
    def answer(sock: socket.socket) -> None:
        sock.sendall(HELLO)
        asked = _next(sock)
        others = UbusFrame(wire.DATA, asked.sequence + 100, 0, object=666).encode()
        others += UbusFrame(wire.STATUS, asked.sequence + 100, 0, status=4).encode()
        found = UbusFrame(wire.DATA, asked.sequence, 0, object=5000, path="demo").encode()
        for octet in others + found + UbusFrame(wire.STATUS, asked.sequence, 0, status=0).encode():
            sock.sendall(bytes([octet]))
        asked = _next(sock)
        assert (asked.kind, asked.number("object"), asked.attributes["method"]) == (wire.INVOKE, 5000, "echo")
        data = encode_table({"n": 1})
        sock.sendall(others + UbusFrame(wire.DATA, asked.sequence, 5000, object=5000, data=data).encode())
        sock.sendall(UbusFrame(wire.STATUS, asked.sequence, 5000, object=5000, status=0).encode())

    liar(answer)
    assert call("demo", "echo") == {"n": 1}


def test_by_octets_an_answer_that_is_no_table_is_said_to_be_none(liar: Callable[[Play], None]) -> None:
    def answer(sock: socket.socket) -> None:
        sock.sendall(HELLO)
        for attributes in ({"object": 5000}, {"object": 5000, "data": bytes.fromhex("83000100")}):
            asked = _next(sock)
            sock.sendall(UbusFrame(wire.DATA, asked.sequence, 0, **attributes).encode())
            sock.sendall(UbusFrame(wire.STATUS, asked.sequence, 0, status=0).encode())

    liar(answer)
    with pytest.raises(UbusError, match="not understood"):
        call("demo", "echo")


def _next(sock: socket.socket) -> UbusFrame:
    octets = b""
    while (found := next_frame(octets)) is None:
        more = sock.recv(1 << 16)
        assert more
        octets += more
    return found[0]


def test_a_limit_has_the_width_that_its_option_wants() -> None:
    # musl's number where a word has 32 bits; the kernel refuses anything shorter.
    assert timeval(67) == (5).to_bytes(8, sys.byteorder) + bytes(8)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval(socket.SO_SNDTIMEO))
