# SPDX-License-Identifier: GPL-2.0-or-later
"""The metrics over HTTP: asked by one, by a hundred at once, and by what is no request."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.agent.loop import Loop, Scope
from haven.agent.metrics import http_visitor, metrics_server
from haven.agent.metrics.part import MetricsPart
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.status import check_account
from tests.cli.fake_havend import FakeHavend
from tests.lab.wait import wait_until

STATUS = json.loads((Path(__file__).parents[1] / "cli/status/active.json").read_text())
LOADED = """
import sys
import haven.agent.main
print([name for name in sorted(sys.modules) if "metrics" in name])
"""


class Desk:
    """The part beside a havend that answers, in a loop of its own thread."""

    def __init__(self, tmp_path: Path) -> None:
        self.havend = FakeHavend(tmp_path, status=lambda _request: STATUS)
        self.failures: list[BaseException] = []
        self.loop = Loop()
        scope = Scope(self.loop, str(tmp_path), self.failures.append)
        places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
        self.around = Surroundings(scope, places, Roles(), lambda: None)
        self.part = MetricsPart(self.around)
        self.port = _free_port()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def plan(self, *addresses: str, port: int = 0) -> None:
        planned = {"addresses": list(addresses), "port": port or self.port}
        self.around.take_plan({"parts": {"metrics": planned} if addresses else {}})
        self.part.take_plan()

    def begin(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            self.loop.at(0, lambda: None)
            self.loop.turn()

    def close(self) -> None:
        self._ended.set()
        if self._thread.ident:
            self._thread.join(30)
        self.part.close()
        self.around.scope.close()
        self.havend.close()
        assert self.failures == []

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def ask(self, octets: bytes = b"GET /metrics HTTP/1.1\r\nHost: r1\r\n\r\n") -> tuple[str, str]:
        """Return the first line of the answer, and its body."""
        with self.connect() as sock:
            sock.sendall(octets)
            head, _, body = _rest(sock).partition("\r\n\r\n")
        assert f"Content-Length: {len(body)}\r\n" in head or octets.startswith(b"HEAD")
        return head.splitlines()[0], body


def _rest(sock: socket.socket) -> str:
    found = b""
    while octets := sock.recv(1 << 16):
        found += octets
    return found.decode()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def test_nothing_of_it_is_loaded_without_a_section() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    assert done.stdout.strip() == "['haven.agent.metrics', 'haven.agent.metrics.part']", done.stderr


def test_whoever_asks_gets_what_havend_says_now(desk: Desk) -> None:
    desk.plan("127.0.0.1")
    desk.begin()
    status, body = desk.ask()
    assert status == "HTTP/1.1 200 OK" and 'haven_node_state{state="active"} 1' in body
    assert desk.ask(b"HEAD /metrics HTTP/1.1\r\n\r\n") == (status, "")
    assert "/metrics" in desk.ask(b"GET / HTTP/1.0\r\n\r\n")[1]
    assert desk.ask(b"GET /metrics?x=1 HTTP/1.0\n\n")[0] == status


def test_a_hundred_at_once_get_their_answers_of_few_questions(desk: Desk) -> None:
    desk.plan("127.0.0.1")
    asking = [desk.connect() for _number in range(100)]
    for sock in asking:
        sock.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    # Now all of them are there before the first is served.
    desk.begin()
    answers = [_rest(sock) for sock in asking]
    for sock in asking:
        sock.close()
    assert {answer.splitlines()[0] for answer in answers} == {"HTTP/1.1 200 OK"}
    assert len({answer.partition("\r\n\r\n")[2] for answer in answers}) <= 3
    assert len(desk.havend.requests) <= 3


def test_who_says_nothing_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_visitor, "LIMIT_S", 1.0)
    desk.plan("127.0.0.1")
    desk.begin()
    silent = [desk.connect() for _number in range(metrics_server.MOST_VISITORS + 5)]
    assert desk.ask()[0] == "HTTP/1.1 200 OK"
    assert [sock.recv(1) for sock in silent] == [b""] * len(silent)


def test_who_says_nothing_keeps_nobody_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One machine can open more of them than end by themselves: whoever asks is worth more than these."""
    monkeypatch.setattr(http_visitor, "LIMIT_S", 1000.0)
    desk.plan("127.0.0.1")
    desk.begin()
    silent = [desk.connect() for _number in range(metrics_server.MOST_VISITORS + 5)]
    try:
        assert desk.ask()[0] == "HTTP/1.1 200 OK"
    finally:
        for sock in silent:
            sock.close()


@pytest.mark.parametrize(
    "octets, status",
    [
        (b"POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        (b"GET /other HTTP/1.1\r\n\r\n", "404 Not Found"),
        (b"\x16\x03\x01 garbage\r\n\r\n", "400 Bad Request"),
        (b"GET\r\n\r\n", "400 Bad Request"),
        (b"GET /metrics HTTP/1.1\r\nCookie: " + b"x" * 20000, "431 Request Header Fields Too Large"),
    ],
    ids=range(5),
)
def test_what_is_no_request_for_metrics_is_refused(desk: Desk, octets: bytes, status: str) -> None:
    desk.plan("127.0.0.1")
    desk.begin()
    assert desk.ask(octets) == (f"HTTP/1.1 {status}", "")
    assert desk.havend.requests == []


def test_without_havend_the_metrics_say_so(desk: Desk) -> None:
    desk.havend.close()
    desk.plan("127.0.0.1")
    desk.begin()
    assert desk.ask()[1].splitlines()[-1] == "haven_up 0"


def test_each_router_takes_the_addresses_that_it_has(desk: Desk) -> None:
    desk.plan("192.0.2.77", "127.0.0.1")
    assert desk.part.problems() == []
    account = check_account(desk.part.account())
    assert account == {"metrics": {"port": desk.port, "addresses": ["127.0.0.1"]}}
    desk.plan("192.0.2.77")
    (problem,) = desk.part.problems()
    assert problem["code"] == "metrics-unserved" and "192.0.2.77" in problem["message"]
    assert "Cannot assign requested address" in problem["message"]


def test_a_port_that_is_taken_is_named_and_taken_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(metrics_server, "RETRY_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other:
        desk.plan("127.0.0.1", port=other.getsockname()[1])
        (problem,) = desk.part.problems()
        assert problem["facts"]["error"] == "Address already in use"
        assert "metrics at 127.0.0.1: Address already in use" in capfd.readouterr().err
    desk.begin()
    wait_until(lambda: desk.part.problems() == [], 30, "it listens")


def test_a_plan_without_it_ends_it(desk: Desk) -> None:
    desk.plan("127.0.0.1")
    desk.plan()
    assert desk.part.account() == {}
    with pytest.raises(ConnectionRefusedError):
        desk.connect()
