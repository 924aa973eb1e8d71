# SPDX-License-Identifier: GPL-2.0-or-later
"""The methods beside a havend that is slow, silent or strange, and programs that are."""

import os
import selectors
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.agent.calls import CallFailure, ChildCall, ChildEnd
from haven.agent.ubus import methods
from haven.agent.ubus.methods import LONG_PATIENCE_S, MOST_CALLS, PATIENCE_S, UbusMethods
from haven.ubus.server import CONNECTION_FAILED, OK, TIMEOUT, UNKNOWN_ERROR
from tests.lab.wait import wait_until


class Asked:
    """A call, as the connection would hand it over."""

    def __init__(self, method: str, **arguments: object) -> None:
        self.method, self.arguments = method, arguments
        self.answers: list[tuple[int, dict]] = []

    def answer(self, document: dict, status: int = OK) -> None:
        self.answers.append((status, document))

    def refuse(self, status: int) -> None:
        self.answer({}, status)


class Desk:
    """The methods, with a time that only moves when it is told to."""

    def __init__(self, run_dir: Path) -> None:
        self.selector = selectors.EpollSelector()
        self.methods = UbusMethods(self.selector, str(run_dir), str(run_dir / "haven"))
        self.now = 1000.0

    def call(self, method: str, **arguments: object) -> Asked:
        asked = Asked(method, **arguments)
        self.methods.called(asked)
        return asked

    def turn(self) -> None:
        for key, events in self.selector.select(0.01):
            key.data(events)
        self.methods.drive(self.now)

    def until(self, condition: Callable[[], object], what: str) -> None:
        def turned() -> object:
            self.turn()
            return condition()

        wait_until(turned, 30, what)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    made.turn()
    yield made
    made.methods.close()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Where havend listens."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "havend.sock"))
        made.listen()
        made.settimeout(10)
        yield made


def test_a_havend_that_is_not_there_is_said_at_once(desk: Desk):
    asked = desk.call("status")
    assert asked.answers == [(CONNECTION_FAILED, {"error": "havend is not running", "kind": "havend"})]


def test_a_silent_havend_is_waited_for_only_so_long(desk: Desk, listener: socket.socket):
    asked = desk.call("events")
    assert desk.methods.next_deadline() == desk.now + PATIENCE_S
    desk.turn()
    assert asked.answers == []
    desk.now += PATIENCE_S
    desk.turn()
    assert asked.answers == [(TIMEOUT, {"error": "havend does not answer", "kind": "late"})]
    assert desk.methods.next_deadline() is None


def test_a_handover_may_last(desk: Desk, listener: socket.socket):
    asked = desk.call("switchover", group="gateway")
    client, _address = listener.accept()
    with client:
        assert client.recv(4096) == b'{"command": "switchover", "group": "gateway"}\n'
        desk.now += LONG_PATIENCE_S - 1
        desk.turn()
        assert asked.answers == []
        client.sendall(b'{"ok": true, "result": {"handed_over": ["gateway"]}}\n')
        desk.until(lambda: asked.answers, "the answer")
    assert asked.answers == [(OK, {"handed_over": ["gateway"]})]


@pytest.mark.parametrize(
    "octets", [b"\n", b"[]\n", b'{"ok": true}\n', b'{"ok": false}\n', b"\xff\xfe\n", b"{" * 5000 + b"\n"]
)
def test_an_answer_that_is_not_understood_is_said_to_be_so(
    desk: Desk, listener: socket.socket, octets: bytes
):
    asked = desk.call("status")
    client, _address = listener.accept()
    with client:
        client.sendall(octets)
        desk.until(lambda: asked.answers, "the answer")
    ((status, document),) = asked.answers
    assert status == CONNECTION_FAILED and "not understood" in document["error"]


def test_a_havend_that_hangs_up_is_said_to_have(desk: Desk, listener: socket.socket):
    asked = desk.call("status")
    listener.accept()[0].close()
    desk.until(lambda: asked.answers, "the answer")
    assert asked.answers[0][0] == CONNECTION_FAILED and "hung up" in asked.answers[0][1]["error"]


def test_an_answer_in_pieces_is_an_answer(desk: Desk, listener: socket.socket):
    asked = desk.call("status")
    client, _address = listener.accept()
    with client:
        for piece in (b'{"ok": true, ', b'"result": ', b'{"n": 1}}', b"\n"):
            assert asked.answers == []
            client.sendall(piece)
            desk.turn()
    assert asked.answers == [(OK, {"n": 1})]


def test_too_many_calls_are_refused_and_those_before_are_not(desk: Desk, listener: socket.socket):
    waiting = [desk.call("status") for _ in range(MOST_CALLS)]
    ((status, document),) = desk.call("status").answers
    assert status == UNKNOWN_ERROR and "wait for their answers" in document["error"]
    assert [each.answers for each in waiting] == [[]] * MOST_CALLS


def test_programs_run_one_after_the_other_and_are_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    folder = Path(desk.methods._run_dir)
    script = 'n=$(ls | wc -l); touch $$; until [ -e go ]; do sleep 0.05; done; echo "{\\"n\\": $n}"'
    _replace_command(desk, monkeypatch, f"mkdir -p {folder}/here && cd {folder}/here && {script}")
    asked = [desk.call("validate") for _ in range(3)]
    desk.until(lambda: list(folder.glob("here/*")), "the first one runs")
    for _ in range(10):
        desk.turn()
    assert [each.answers for each in asked] == [[]] * 3 and len(list(folder.glob("here/*"))) == 1
    (folder / "here/go").touch()
    desk.until(lambda: all(each.answers for each in asked), "all have ended")
    # Each found what those before it had left, and the first nothing.
    assert [each.answers[0][1]["n"] for each in asked] == [0, 2, 3]


def test_a_program_that_does_not_end_is_ended_with_its_children(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    pids = Path(desk.methods._run_dir, "pids")
    _replace_command(desk, monkeypatch, f"sleep 1000 & echo $$ $! >{pids}.new; mv {pids}.new {pids}; wait")
    asked, after = desk.call("plan"), desk.call("status")
    desk.until(pids.exists, "the program runs")
    assert after.answers and not asked.answers
    desk.now += LONG_PATIENCE_S
    desk.turn()
    assert asked.answers[0][0] == TIMEOUT and asked.answers[0][1]["kind"] == "late"
    wait_until(lambda: not any(_lives(pid) for pid in pids.read_text().split()), 10, "both have ended")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'haven: no room' >&2; exit 1", "no room"),
        ("exit 3", "it ended with 3"),
        ("echo '[1]'", "it ended with 0"),
        ("yes", "it says too much"),
    ],
)
def test_a_program_that_fails_is_said_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
):
    _replace_command(desk, monkeypatch, script)
    asked = desk.call("plan")
    desk.until(lambda: asked.answers, "the answer")
    assert asked.answers == [(UNKNOWN_ERROR, {"error": reason, "kind": "refused"})]


def test_a_program_that_is_not_there_is_said_to_be_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(methods, "_haven", lambda: ["/nowhere/haven"])
    asked = desk.call("validate")
    desk.until(lambda: asked.answers, "the answer")
    assert asked.answers == [
        (UNKNOWN_ERROR, {"error": "/nowhere/haven: No such file or directory", "kind": "refused"})
    ]


def _end_of(script: str, stdin: str | None = None) -> ChildEnd:
    selector = selectors.EpollSelector()
    outcomes: list[ChildEnd | CallFailure] = []
    program = ChildCall(selector, ["sh", "-c", script], stdin, outcomes.append)
    while not program.ended:
        for key, events in selector.select(1):
            if selector.get_map().get(key.fd) is key:
                key.data(events)
    assert not selector.get_map() and isinstance(outcomes[0], ChildEnd)
    return outcomes[0]


def test_all_that_a_program_says_is_kept_to_its_last_word():
    assert _end_of("echo one; read line; echo $line", "two\n").output == "one\ntwo\n"
    ended = _end_of("seq 100000; seq 50000 >&2; exit 7")
    assert (len(ended.output), len(ended.complaint), ended.status) == (588895, 288894, 7)


def test_a_program_that_closes_its_output_has_not_ended(tmp_path: Path):
    (tmp_path / "go").touch()
    script = f"exec >&- 2>&-; until [ ! -e {tmp_path}/go ]; do sleep 0.05; done; exit 5"
    selector = selectors.EpollSelector()
    outcomes: list[ChildEnd | CallFailure] = []
    program = ChildCall(selector, ["sh", "-c", script], None, outcomes.append)
    wait_until(lambda: [key.data(events) for key, events in selector.select(0)], 10, "the output is closed")
    # Whoever waited for it here would wait for ever.
    (tmp_path / "go").unlink()
    while not program.ended:
        for key, events in selector.select(1):
            key.data(events)
    assert isinstance(outcomes[0], ChildEnd) and outcomes[0].status == 5


def test_what_a_program_leaves_running_is_not_waited_for():
    ended = _end_of("sleep 1000 & echo $!")
    assert _lives(ended.output.strip())
    os.kill(int(ended.output), signal.SIGKILL)


def _replace_command(desk: Desk, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(methods, "_haven", lambda: ["sh", "-c", script])


def _lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
