# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket of a living Active that advertises every 10 ms: nothing may disturb the election."""

import contextlib
import json
import random
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.havend.control_server import LONGEST_REQUEST, MOST_CLIENTS
from tests.havend.machines import Havend, Machine, cable, exchange, receive, wait_until
from tests.havend.plans import lan
from tests.havend.wire import Tap


@pytest.fixture(scope="module")
def machines() -> Iterator[tuple[Machine, Machine]]:
    made = Machine(), Machine()
    cable(*made)
    yield made
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def tap(machines: tuple[Machine, Machine]) -> Iterator[Tap]:
    with Tap(machines[1]) as made:
        yield made


@pytest.fixture(scope="module")
def node(machines: tuple[Machine, Machine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Havend]:
    made = Havend(machines[0], tmp_path_factory.mktemp("control"), lan(advert_interval=10))
    made.prepare().start().until("active")
    yield made
    made.close()


def _wait_for_adverts(tap: Tap) -> None:
    count = len(tap.of(51))
    wait_until(lambda: len(tap.of(51)) > count + 5, "ADVERTISEMENTs keep flowing")


@pytest.fixture
def active(node: Havend, tap: Tap) -> Iterator[Havend]:
    """The Active; afterwards it must still be the same, and advertise."""
    since = node.router()["since"]
    yield node
    assert node.same_since(since)
    _wait_for_adverts(tap)
    assert all(heard.priority == 100 for heard in tap.of(51))


def test_the_socket_is_roots_alone(active: Havend) -> None:
    mode = (active.run_dir / "havend.sock").stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


GARBAGE = [
    b"\n",
    b"hello\n",
    b"\xff\xfe\x00\n",
    b"[" * 100000 + b"\n",
    b'{"command": 7}\n',
    b'{"command": null}\n',
    b'["status"]\n',
    b"9" * 6000 + b"\n",
    b'{"command": "status"\n',
    b"GET / HTTP/1.1\r\n",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_answered_and_the_connection_lives_on(active: Havend, garbage: bytes) -> None:
    with active.connect() as line:
        line.sendall(garbage)
        answer = receive(line)
        assert answer == {"ok": False, "error": "a request is one line of JSON with a command"}
        assert exchange(line, {"command": "status"})["ok"]


REFUSED = [
    ({"command": "fly"}, "there is no command 'fly'"),
    ({"command": ""}, "there is no command ''"),
    ({"command": "load"}, "load needs the path of a plan"),
    ({"command": "load", "path": 7}, "load needs the path of a plan"),
    ({"command": "load", "path": "/nowhere/plan"}, "/nowhere/plan: the plan cannot be read: No such file"),
    ({"command": "load", "path": "\0"}, "the plan is truncated or is not JSON"),
    ({"command": "refuse"}, "refuse needs a list of problems"),
    ({"command": "refuse", "problems": [7]}, "refuse needs a list of problems"),
    ({"command": "maintenance"}, "maintenance needs on or off"),
    ({"command": "maintenance", "on": "yes"}, "maintenance needs on or off"),
    ({"command": "switchover", "group": "nobody"}, "there is no group nobody"),
    ({"command": "switchover", "group": []}, "there is no group []"),
    ({"command": "switchover", "group": {"a": 1}}, "there is no group"),
    ({"command": "switchover", "group": 7}, "there is no group 7"),
]


@pytest.mark.parametrize(("request_", "error"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_request_is_refused_in_words(active: Havend, request_: dict, error: str) -> None:
    with active.connect() as line:
        answer = exchange(line, request_)
    assert not answer["ok"] and error in answer["error"]


def test_random_octets_do_no_harm(active: Havend) -> None:
    luck = random.Random(1)
    for _ in range(30):
        with active.connect() as line, contextlib.suppress(OSError):
            line.sendall(luck.randbytes(luck.randrange(5000)))
    assert active.ask("status")["ok"]


def test_a_request_may_come_in_pieces(active: Havend) -> None:
    with active.connect() as line:
        for octet in b'{"command": "status"}\n':
            line.sendall(bytes((octet,)))
        assert receive(line)["result"]["node"] == "r1"


def test_several_requests_in_one_write_are_answered_in_order(active: Havend) -> None:
    names = ["status", "fly", "events", "status"] * 5
    with active.connect() as line:
        line.sendall(b"".join(json.dumps({"command": name}).encode() + b"\n" for name in names))
        answers = [receive(line) for _ in names]
    kinds = [type(answer.get("result")) for answer in answers]
    assert kinds == [dict, type(None), list, dict] * 5


def test_who_has_said_all_is_answered_all_the_same(active: Havend) -> None:
    with active.connect() as line:
        line.sendall(b'{"command": "status"}\n{"command": "events"}\n')
        line.shutdown(socket.SHUT_WR)
        assert receive(line)["ok"] and receive(line)["ok"]
        assert line.recv(1) == b""


def test_a_line_without_end_is_cut_off(active: Havend) -> None:
    with active.connect() as line:
        with contextlib.suppress(OSError):
            for _ in range(LONGEST_REQUEST // 65536 + 2):
                line.sendall(b"x" * 65536)
        with contextlib.suppress(ConnectionResetError):
            assert receive(line)["error"] == "a request has at most %d octets" % LONGEST_REQUEST
    assert active.ask("status")["ok"]


def test_a_flood_from_one_that_never_reads_disturbs_nobody(active: Havend, tap: Tap) -> None:
    with active.connect() as line:
        line.setblocking(False)
        pushed = 0
        with contextlib.suppress(BlockingIOError):
            while pushed < 64 << 20:
                pushed += line.send(b'{"command": "events"}\n' * 1000)
        assert pushed < 64 << 20, "havend takes in what it cannot answer"
        _wait_for_adverts(tap)
        assert active.ask("status")["ok"]


def test_a_flood_of_empty_lines_disturbs_nobody(active: Havend, tap: Tap) -> None:
    with active.connect() as line:
        line.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                line.send(b"\n" * 65536)
        _wait_for_adverts(tap)


def test_a_hundred_connections_are_borne(active: Havend) -> None:
    lines = [active.connect() for _ in range(100)]
    try:
        answers = []
        for line in lines:
            with contextlib.suppress(OSError):
                line.sendall(b'{"command": "status"}\n')
            with contextlib.suppress(OSError):
                answers.append(receive(line))
        full = {"ok": False, "error": "%d connections are open already" % MOST_CLIENTS}
        assert answers.count(full) == 100 - MOST_CLIENTS
        assert sum(answer["ok"] for answer in answers) == MOST_CLIENTS
    finally:
        for line in lines:
            line.close()
    wait_until(lambda: active.ask("status")["ok"], "there is room again")


def test_followers_get_each_event_as_it_happens(active: Havend) -> None:
    with active.connect() as line, active.connect() as other:
        past = exchange(line, {"command": "events", "follow": True})["result"]
        assert [event["seq"] for event in past] == list(range(1, len(past) + 1))
        exchange(other, {"command": "refuse", "problems": ["one", "two"]})
        texts = [receive(line)["event"]["text"] for _ in range(2)]
        assert texts == ["refused: one", "refused: two"]
        assert exchange(line, {"command": "status"})["ok"]


def test_a_follower_that_never_reads_is_dropped_in_the_end(active: Havend) -> None:
    with active.connect() as idle, active.connect() as line:
        exchange(idle, {"command": "events", "follow": True})
        long = {"command": "refuse", "problems": ["x" * 5000] * 100}
        for _ in range(40):
            assert exchange(line, long)["ok"]
        idle.settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            while idle.recv(1 << 20):
                pass


def test_a_refused_reload_is_shown_and_the_plan_stays(active: Havend) -> None:
    exchanged = active.ask("refuse", problems=["haven:3: this is wrong"])
    assert exchanged["ok"]
    found = [each for each in active.status()["problems"] if each["code"] == "reload-refused"]
    assert found[0]["message"] == "The new configuration was refused: haven:3: this is wrong"
    assert active.ask("plan")["result"]["virtual_routers"][0]["name"] == "lan"


@pytest.mark.parametrize("damage", ["", "{", "null", '{"version": 1}', '{"version": 2}'])
def test_a_damaged_plan_changes_nothing(active: Havend, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "plan"
    path.write_text(damage)
    before = active.status()
    answer = active.ask("load", path=str(path))
    assert not answer["ok"] and answer["error"].startswith("%s: " % path)
    after = active.status()
    assert after["plan"] == pytest.approx(before["plan"]) and active.same_since(before["since"])
    assert "reload-refused" in {each["code"] for each in after["problems"]}


def test_a_good_plan_clears_what_was_refused(active: Havend) -> None:
    active.ask("refuse", problems=["something"])
    assert active.ask("load", path=active.compile())["result"] == {"virtual_routers": 1}
    assert "reload-refused" not in active.codes()


def test_connections_leave_nothing_behind(active: Havend) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/%d/fd" % active.process.pid).iterdir()))

    active.ask("status")
    before = descriptors()
    for number in range(200):
        # A busy havend that has not yet closed 32 of them hangs up on the next.
        with active.connect() as line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if number % 3:
                line.sendall(b'{"command": "status"}\n'[: number % 40])
            if number % 3 == 2:
                line.shutdown(socket.SHUT_WR)
    wait_until(lambda: active.ask("status") and descriptors() <= before, "everything is closed again")
