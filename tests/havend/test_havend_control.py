# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket of a living Active that advertises every 10 ms: nothing may disturb the election."""

import contextlib
import json
import os
import random
import resource
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.contract.control import LONGEST_REQUEST, MOST_CLIENTS, REFUSALS, REQUESTS
from haven.contract.diagnostics import Diagnostic
from haven.contract.plan import LONGEST, VERSION
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
    b'{"command": "refuse", "problems": [' + b"[" * 700 + b"]" * 700 + b"]}\n",
    b"9" * 6000 + b"\n",
    b'{"command": "status"\n',
    b"GET / HTTP/1.1\r\n",
    # Not JSON, and what Python would go on to tell others in the status.
    b'{"command": "report", "in_sync": true, "problems": [], "conntrack": {"entries": NaN}}\n',
    b'{"command": "report", "in_sync": true, "problems": [], "conntrack": {"entries": -Infinity}}\n',
    b'{"command": "report", "in_sync": true, "problems": [], "conntrack": {"entries": 1e999}}\n',
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_answered_and_the_connection_lives_on(active: Havend, garbage: bytes) -> None:
    with active.connect() as line:
        line.sendall(garbage)
        answer = receive(line)
        text = "a request is one line of JSON with a command"
        assert answer == {"ok": False, "error": text, "code": "not-a-request", "facts": {}}
        assert exchange(line, {"command": "status"})["ok"]


REFUSED = [
    ({"command": "fly"}, "request-unknown", "there is no command 'fly'"),
    ({"command": ""}, "request-unknown", "there is no command ''"),
    # The first havends answered this one.
    ({"command": "plan"}, "request-unknown", "there is no command 'plan'"),
    ({"command": "load"}, "request-wrong", "load: path is missing"),
    ({"command": "load", "path": 7}, "request-wrong", "load: path is not a text"),
    (
        {"command": "load", "path": "/nowhere/plan"},
        "plan-refused",
        "/nowhere/plan: the plan cannot be read: No such file",
    ),
    ({"command": "load", "path": "\0"}, "plan-refused", "the plan is truncated or is not JSON"),
    ({"command": "refuse"}, "request-wrong", "refuse: problems is missing"),
    (
        {"command": "refuse", "problems": [7]},
        "request-wrong",
        "refuse: problems is not a list of which each is a diagnostic",
    ),
    ({"command": "maintenance"}, "request-wrong", "maintenance: on is missing"),
    ({"command": "maintenance", "on": "yes"}, "request-wrong", "maintenance: on is not true or false"),
    ({"command": "switchover", "group": "nobody"}, "no-group", "there is no group nobody"),
    ({"command": "switchover", "group": []}, "request-wrong", "switchover: group is not a text"),
    ({"command": "switchover", "group": {"a": 1}}, "request-wrong", "switchover: group is not a text"),
    ({"command": "switchover", "group": 7}, "request-wrong", "switchover: group is not a text"),
    ({"command": "events", "follow": "yes"}, "request-wrong", "events: follow is not true or false"),
    ({"command": "agent", "protocol": "2"}, "request-wrong", "agent: protocol is not a whole number"),
    ({"command": "agent", "version": 2}, "request-wrong", "agent: version is not a text"),
    ({"command": "report"}, "request-wrong", "report: in_sync is missing"),
    ({"command": "report", "in_sync": True}, "request-wrong", "report: problems is missing"),
    ({"command": "report", "in_sync": 1, "problems": []}, "request-wrong", "report: in_sync is not true"),
    ({"command": "report", "in_sync": True, "problems": {}}, "request-wrong", "problems is not a list"),
    ({"command": "note", "code": "stopped", "facts": {}}, "request-wrong", "note: code is not one of"),
    ({"command": "note", "code": "service-started", "facts": {}}, "request-wrong", "note: KeyError"),
    ({"command": "report", "in_sync": True, "problems": ["x"]}, "request-wrong", "each is an object"),
]


@pytest.mark.parametrize(("request_", "code", "error"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_request_is_refused_in_words(active: Havend, request_: dict, code: str, error: str) -> None:
    with active.connect() as line:
        answer = exchange(line, request_)
    assert not answer["ok"] and error in answer["error"]
    assert answer["code"] == code and set(answer) == {"ok", "error", "code", "facts"}
    # The facts are what the text names.
    assert all("{%s}" % name in REFUSALS[code] for name in answer["facts"])


NULLS = [
    {"command": "agent", "protocol": None, "version": None},
    {"command": "agent", "protocol": 2, "version": None},
    {"command": "events", "follow": None},
]


@pytest.mark.parametrize("request_", NULLS, ids=range(len(NULLS)))
def test_null_is_as_good_as_nothing(active: Havend, request_: dict) -> None:
    with active.connect() as line:
        assert exchange(line, request_)["ok"]


MOVING = {"stop", "switchover", "maintenance", "rehearse"}


@pytest.mark.parametrize("command", sorted(set(REQUESTS) - MOVING))
def test_a_request_may_say_more_than_is_known(active: Havend, command: str) -> None:
    # Of a newer program: what it says beside the rest is for a newer havend.
    words = {
        "report": {"in_sync": True, "problems": []},
        "refuse": {"problems": []},
        "load": {"path": "/x"},
        "vouch": {"members": []},
        "vouched": {"adverts": []},
        "lend": {"loans": []},
        "note": {"code": "service-started", "facts": {"service": "vpn"}},
    }
    plain = active.ask(command, **words.get(command, {}))
    more = active.ask(command, **words.get(command, {}), since="tomorrow")
    assert plain["ok"] == more["ok"] == (command != "load") and plain.get("code") == more.get("code")


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
            answer = receive(line)
            assert answer["error"] == "a request has at most %d octets" % LONGEST_REQUEST
            assert (answer["code"], answer["facts"]) == ("request-long", {"most": LONGEST_REQUEST})
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
        text = "%d connections are open already" % MOST_CLIENTS
        full = {"ok": False, "error": text, "code": "connections-many", "facts": {"most": MOST_CLIENTS}}
        assert answers.count(full) == 100 - MOST_CLIENTS
        assert sum(answer["ok"] for answer in answers) == MOST_CLIENTS
    finally:
        for line in lines:
            line.close()
    wait_until(lambda: active.ask("status")["ok"], "there is room again")


def test_one_for_which_there_is_no_descriptor_is_hung_up_on(active: Havend) -> None:
    """Where it waited, there would be something to read at every turn: all of a processor, in real time."""
    limits = resource.prlimit(active.process.pid, resource.RLIMIT_NOFILE)
    most = len(os.listdir(f"/proc/{active.process.pid}/fd")) + 2
    with contextlib.ExitStack() as lines:
        resource.prlimit(active.process.pid, resource.RLIMIT_NOFILE, (most, limits[1]))
        lines.callback(resource.prlimit, active.process.pid, resource.RLIMIT_NOFILE, limits)
        for _ in range(MOST_CLIENTS // 2):
            line = lines.enter_context(active.connect())
        assert line.recv(1) == b""
    assert active.status()["groups"][0]["state"] == "active"


def test_idle_connections_make_room_for_who_asks(active: Havend) -> None:
    with active.connect() as agent, active.connect() as follower:
        exchange(agent, {"command": "agent"})
        exchange(follower, {"command": "events", "follow": True})
        idle = [active.connect() for _ in range(3 * MOST_CLIENTS)]
        try:
            # The first that was idle is gone, and was told why.
            assert receive(idle[0])["code"] == "connections-many" and idle[0].recv(1) == b""
            for _ in range(MOST_CLIENTS):
                assert active.ask("status")["ok"]
            active.ask("refuse", problems=["a word"])
            for line in (agent, follower):
                assert receive(line)["event"]["text"] == "refused: a word"
        finally:
            for line in idle:
                line.close()


def test_among_followers_alone_the_oldest_makes_room_and_never_the_agent(active: Havend) -> None:
    with active.connect() as agent:
        exchange(agent, {"command": "agent"})
        followers = [active.connect() for _ in range(MOST_CLIENTS - 1)]
        try:
            for line in followers:
                exchange(line, {"command": "events", "follow": True})
            assert active.ask("status")["ok"]
            assert receive(followers[0])["code"] == "connections-many"
            active.ask("refuse", problems=["a word"])
            for line in (agent, followers[-1]):
                assert receive(line)["event"]["text"] == "refused: a word"
        finally:
            for line in followers:
                line.close()


def test_who_refuses_with_codes_is_shown_with_codes(active: Havend) -> None:
    place = ("virtual_router 'lan'", "virtual_router", "lan")
    found = Diagnostic("value-whole", {"value": "x", "low": 1, "high": 255}, "haven", 3, place, "vrid")
    assert active.ask("refuse", problems=[found.as_dict(), "in words", {"neither": "this nor that"}])["ok"]
    shown = [each for each in active.status()["problems"] if each["code"] == "reload-refused"]
    assert shown[0]["facts"]["diagnostic"] == found.as_dict()
    assert shown[0]["message"] == "The new configuration was refused: %s" % found
    assert shown[1]["message"] == "The new configuration was refused: in words"
    assert len(shown) == 3 and "neither" in shown[2]["message"]
    events = [each for each in active.ask("events")["result"] if each["kind"] == "refused"]
    assert events[-3]["text"] == "refused: %s" % found
    assert events[-3]["facts"]["diagnostic"] == found.as_dict()


PLACE = ("virtual_router 'lan'", "virtual_router", "lan")
WHOLE = Diagnostic("value-whole", {"value": "x", "low": 1, "high": 255}, "haven", 3, PLACE, "vrid").as_dict()


@pytest.mark.parametrize("key", sorted(WHOLE))
@pytest.mark.parametrize("value", ["missing", [1], {"a": 1}], ids=repr)
def test_what_is_nearly_a_diagnostic_is_shown_by_its_words(active: Havend, key: str, value: object) -> None:
    found = {name: fact for name, fact in {**WHOLE, key: value}.items() if name != key or value != "missing"}
    assert active.ask("refuse", problems=[found])["ok"]
    (shown,) = [each for each in active.status()["problems"] if each["code"] == "reload-refused"]
    if key == "facts" and isinstance(value, dict):
        assert shown["facts"]["diagnostic"] == found
    else:
        words = WHOLE["message" if key == "text" else "text"]
        assert shown["facts"]["diagnostic"]["facts"] == {"words": words}
        assert shown["message"] == "The new configuration was refused: %s" % words


def test_followers_get_each_event_as_it_happens(active: Havend) -> None:
    with active.connect() as line, active.connect() as other:
        past = exchange(line, {"command": "events", "follow": True})["result"]
        numbers = [event["seq"] for event in past]
        # Of very many, as a busy machine may have them, those in between are left out.
        assert numbers == sorted(set(numbers)) and numbers[0] == 1
        exchange(other, {"command": "refuse", "problems": ["one", "two"]})
        # What else comes up on a slow machine, such as the agent's absence, comes in between.
        told = (receive(line)["event"] for _ in range(9))
        refused = (event["text"] for event in told if event["kind"] == "refused")
        assert [next(refused), next(refused)] == ["refused: one", "refused: two"]
        assert exchange(line, {"command": "status"})["ok"]


def test_a_follower_that_never_reads_is_dropped_in_the_end(active: Havend) -> None:
    with active.connect() as idle, active.connect() as line:
        exchange(idle, {"command": "events", "follow": True})
        # What is told of each is cut short.
        long = {"command": "refuse", "problems": ["x" * 5000] * 100}
        for _ in range(100):
            assert exchange(line, long)["ok"]
        idle.settimeout(60)
        with contextlib.suppress(ConnectionResetError):
            while idle.recv(1 << 20):
                pass


def test_followers_that_never_read_cost_little(active: Havend) -> None:
    def memory() -> int:
        return int(Path("/proc/%d/statm" % active.process.pid).read_text().split()[1]) * 4096

    lines = [active.connect() for _ in range(20)]
    try:
        for line in lines:
            line.sendall(b'{"command": "events", "follow": true}\n')
        before = memory()
        with active.connect() as asking:
            for _ in range(30):
                assert exchange(asking, {"command": "refuse", "problems": ["x" * 5000] * 100})["ok"]
        # A quarter of a megabyte for each of them, and what was kept for all.
        assert memory() - before < 20 << 20
    finally:
        for line in lines:
            line.close()


def test_a_refused_reload_is_shown_and_the_plan_stays(active: Havend) -> None:
    exchanged = active.ask("refuse", problems=["haven:3: this is wrong"])
    assert exchanged["ok"]
    found = [each for each in active.status()["problems"] if each["code"] == "reload-refused"]
    assert found[0]["message"] == "The new configuration was refused: haven:3: this is wrong"
    assert found[0]["severity"] == "warning" and found[0]["facts"]["diagnostic"]["code"] == "words"
    status = active.status()
    assert [each["name"] for each in status["virtual_routers"]] == ["lan"]
    assert status["plan"]["virtual_routers"] == 1


@pytest.mark.parametrize(
    "damage", ["", "{", "null", '{"version": 1}', '{"version": 2}', '{"version": %d}' % VERSION]
)
def test_a_damaged_plan_changes_nothing(active: Havend, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "plan"
    path.write_text(damage)
    before = active.status()
    answer = active.ask("load", path=str(path))
    assert not answer["ok"] and answer["facts"]["diagnostic"]["file"] == str(path)
    assert answer["code"] == "plan-refused" and answer["facts"]["diagnostic"]["text"] == answer["error"]
    after = active.status()
    assert after["plan"] == pytest.approx(before["plan"]) and active.same_since(before["since"])
    assert "reload-refused" in {each["code"] for each in after["problems"]}


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "endless"])
def test_what_is_no_file_is_not_waited_for(active: Havend, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "plan"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
    else:
        with open(path, "wb") as file:
            file.truncate(LONGEST + 1)
    found = active.ask("load", path=str(path))["facts"]["diagnostic"]
    assert (found["code"], found["file"]) == ("plan-unreadable", str(path))
    more = "it has more than %d octets" % LONGEST if kind == "endless" else "it is not a regular file"
    assert found["facts"]["error"] == more


def test_a_good_plan_clears_what_was_refused(active: Havend) -> None:
    active.ask("refuse", problems=["something"])
    assert active.ask("load", path=active.compile())["result"]["virtual_routers"] == 1
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
