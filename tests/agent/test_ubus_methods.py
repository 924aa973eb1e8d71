# SPDX-License-Identifier: GPL-2.0-or-later
"""The methods beside a havend that is slow, silent or strange, and programs that are."""

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.ubus import methods
from haven.agent.ubus.methods import MOST_CALLS, MOST_COMPILED, UbusMethods
from haven.agent.ubus.pair_methods import AT_ONCE, WAITING
from haven.agent.vrid_scan import LISTEN_S
from haven.contract.control import ANSWER_PATIENCE_S, HANDOVER_PATIENCE_S, REFUSALS, Refusal, encode, refused
from haven.reload_time import RELOAD_S
from haven.ubus.server import CONNECTION_FAILED, INVALID_ARGUMENT, OK, TIMEOUT, UNKNOWN_ERROR
from tests.agent.processes import lives
from tests.agent.test_channel_orders import RUN
from tests.agent.turns import Turns
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

    def __init__(self, run_dir: Path, turns: Turns) -> None:
        self.turns = turns
        self.methods = UbusMethods(turns.scope, str(run_dir), str(run_dir / "haven"))

    def call(self, method: str, **arguments: object) -> Asked:
        asked = Asked(method, **arguments)
        self.methods.called(asked)
        return asked

    def turn(self) -> None:
        self.turns.turn()

    def advance(self, seconds: float) -> None:
        self.turns.advance(seconds)

    def until(self, condition: Callable[[], object], what: str) -> None:
        self.turns.until(condition, what)


@pytest.fixture
def desk(tmp_path: Path, turns: Turns) -> Desk:
    return Desk(tmp_path, turns)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Where havend listens."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "havend.sock"))
        made.listen()
        made.settimeout(60)
        yield made


def test_a_havend_that_is_not_there_is_said_at_once(desk: Desk):
    asked = desk.call("status")
    document = {"error": "havend is not running", "kind": "havend", "code": "not-running", "facts": {}}
    assert asked.answers == [(CONNECTION_FAILED, document)]


def test_a_group_without_a_name_is_a_wrong_argument(desk: Desk, listener: socket.socket):
    asked = desk.call("switchover", group="")
    assert asked.answers == [(INVALID_ARGUMENT, {})]


def test_of_many_who_listen_one_does_one_waits_and_the_others_are_told(desk: Desk):
    first, second, third = (desk.call("heard", devices=["lo"]) for _ in range(3))
    busy = {"error": REFUSALS["busy"], "kind": "refused", "code": "busy", "facts": {}}
    assert third.answers == [(UNKNOWN_ERROR, busy)] and desk.turns.watched == 1
    desk.advance(LISTEN_S)
    assert first.answers == [(OK, {"heard": {"lo": []}})] and second.answers == []
    desk.advance(LISTEN_S)
    assert second.answers == first.answers and desk.turns.watched == 0


def test_who_listens_stops_at_the_end(desk: Desk):
    asked = desk.call("heard", devices=["lo"])
    desk.methods.close()
    assert desk.turns.watched == 0
    desk.advance(LISTEN_S)
    assert asked.answers == []


@pytest.mark.parametrize("arguments", [{}, {"devices": "lo"}, {"devices": [1]}, {"devices": None}])
def test_devices_are_a_list_of_names(desk: Desk, arguments: dict):
    assert desk.call("heard", **arguments).answers == [(INVALID_ARGUMENT, {})]


def test_a_long_request_is_sent_whole(desk: Desk, listener: socket.socket):
    asked = desk.call("switchover", group="x" * 900_000)
    heard = b""
    with listener.accept()[0] as line:
        line.setblocking(False)

        def has_heard() -> bool:
            nonlocal heard
            with contextlib.suppress(BlockingIOError):
                heard += line.recv(1 << 16)
            return heard.endswith(b"\n")

        desk.until(has_heard, "the request is there")
        assert len(json.loads(heard)["group"]) == 900_000
        line.send(json.dumps(refused(Refusal("no-group", group="x"))).encode() + b"\n")
        desk.until(lambda: asked.answers, "it is answered")
    assert asked.answers[0][1]["code"] == "no-group"


def test_one_that_is_too_long_is_refused_in_havends_words(desk: Desk, listener: socket.socket):
    asked = desk.call("switchover", group="x" * 900_000)
    with listener.accept()[0] as line:
        line.send(json.dumps(refused(Refusal("request-long", most=1))).encode() + b"\n")
        line.recv(1 << 20)
    desk.until(lambda: asked.answers, "it is answered")
    assert asked.answers[0][1]["code"] == "request-long"


def test_a_silent_havend_is_waited_for_only_so_long(desk: Desk, listener: socket.socket):
    asked = desk.call("events")
    desk.advance(ANSWER_PATIENCE_S - 0.5)
    assert asked.answers == []
    desk.advance(0.5)
    document = {"error": "havend does not answer", "kind": "late", "code": "silent", "facts": {}}
    assert asked.answers == [(TIMEOUT, document)]
    desk.advance(HANDOVER_PATIENCE_S)
    assert len(asked.answers) == 1 and desk.turns.watched == 0


def test_a_handover_may_last(desk: Desk, listener: socket.socket):
    asked = desk.call("switchover", group="gateway")
    client, _address = listener.accept()
    with client:
        assert client.recv(4096) == b'{"command": "switchover", "group": "gateway"}\n'
        desk.advance(HANDOVER_PATIENCE_S - 1)
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
    assert (document["kind"], document["code"]) == ("havend", "unintelligible")


@pytest.mark.parametrize(
    ("octets", "error", "code", "facts"),
    [
        # With a code that we know it is our text; it is the same in every language.
        (
            b'{"ok": false, "error": "?", "code": "no-group", "facts": {"group": "wan"}}\n',
            "there is no group wan",
            "no-group",
            {"group": "wan"},
        ),
        # Of a havend that is older, or younger, and says it in another way.
        (b'{"ok": false, "error": "no"}\n', "no", "request-wrong", {"error": "no"}),
        (b'{"ok": false, "error": "no", "code": "x", "facts": {}}\n', "no", "x", {}),
        (
            b'{"ok": false, "error": "no", "code": "no-group", "facts": 7}\n',
            "no",
            "request-wrong",
            {"error": "no"},
        ),
        (
            b'{"ok": false, "error": "no", "code": "no-group", "facts": {}}\n',
            "no",
            "no-group",
            {},
        ),
        (
            b'{"ok": false, "error": "no", "code": ["no-group"], "facts": {}}\n',
            "no",
            "request-wrong",
            {"error": "no"},
        ),
    ],
)
def test_a_refusal_has_its_reason(
    desk: Desk, listener: socket.socket, octets: bytes, error: str, code: str, facts: dict
):
    asked = desk.call("switchover")
    client, _address = listener.accept()
    with client:
        client.sendall(octets)
        desk.until(lambda: asked.answers, "the answer")
    document = {"error": error, "kind": "refused", "code": code, "facts": facts}
    assert asked.answers == [(UNKNOWN_ERROR, document)]


def test_a_havend_that_hangs_up_is_said_to_have(desk: Desk, listener: socket.socket):
    asked = desk.call("status")
    listener.accept()[0].close()
    desk.until(lambda: asked.answers, "the answer")
    assert asked.answers[0][0] == CONNECTION_FAILED and "hung up" in asked.answers[0][1]["error"]
    assert asked.answers[0][1]["code"] == "hung-up"


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


def test_whoever_asks_for_many_plans_keeps_the_state_from_nobody(
    desk: Desk, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
):
    _replace_command(desk, monkeypatch, "sleep 60")
    plans = [desk.call("plan") for _ in range(2 * MOST_CALLS)]
    told = [each.answers[0][1]["code"] for each in plans if each.answers]
    assert set(told) == {"busy"} and len(plans) - len(told) == 1 + MOST_COMPILED
    assert desk.call("status").answers == []


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


def test_a_plan_says_no_arguments_of_what_a_user_has_others_run(desk: Desk):
    Path(desk.methods._config).write_text(RUN)
    asked = desk.call("plan")
    desk.until(lambda: asked.answers, "the answer")
    ((status, document),) = asked.answers
    assert status == OK and [each["name"] for each in document["parts"]["services"]["services"]]
    assert "opensesame" not in json.dumps(document)


def test_a_program_that_does_not_end_is_ended_with_its_children(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    pids = Path(desk.methods._run_dir, "pids")
    _replace_command(desk, monkeypatch, f"sleep 1000 & echo $$ $! >{pids}.new; mv {pids}.new {pids}; wait")
    asked, after = desk.call("plan"), desk.call("status")
    desk.until(pids.exists, "the program runs")
    assert after.answers and not asked.answers
    desk.advance(HANDOVER_PATIENCE_S)
    assert asked.answers[0][0] == TIMEOUT and asked.answers[0][1]["kind"] == "late"
    wait_until(lambda: not any(lives(pid) for pid in pids.read_text().split()), 10, "both have ended")


def test_a_reload_that_waits_for_another_slow_one_is_not_killed_half_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    folder = Path(desk.methods._run_dir)
    script = f"cd {folder}; touch begun; until [ -e go ]; do sleep 0.05; done; touch done; echo '{{}}'"
    _replace_command(desk, monkeypatch, script)
    asked = desk.call("reload")
    desk.until((folder / "begun").exists, "it runs")
    desk.advance(2 * RELOAD_S)
    (folder / "go").touch()
    desk.until(lambda: asked.answers, "the answer")
    assert asked.answers[0][0] == OK and (folder / "done").exists()


def test_a_reload_that_was_begun_is_asked_how_it_does(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    folder = Path(desk.methods._run_dir)
    script = f'cd {folder}; until [ -e go ]; do sleep 0.05; done; echo \'{{"text": "taken"}}\''
    _replace_command(desk, monkeypatch, script)
    nothing = (OK, {"running": False, "answer": None})
    assert desk.call("reload", begin=False).answers == [nothing]
    goes_on = (OK, {"running": True, "answer": None})
    assert desk.call("reload", begin=True).answers == [goes_on]
    # What was saved since belongs to another one, which waits for its turn.
    assert desk.call("reload", begin=True).answers == [goes_on]
    desk.advance(HANDOVER_PATIENCE_S)
    assert desk.call("reload", begin=False).answers == [goes_on]
    (folder / "go").touch()
    ended = (OK, {"running": False, "answer": {"text": "taken"}})
    desk.until(lambda: desk.call("reload", begin=False).answers == [ended], "both have ended")


def test_a_reload_that_was_begun_and_refused_says_why(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    _replace_command(desk, monkeypatch, "echo 'haven: no room' >&2; exit 1")
    desk.call("reload", begin=True)
    said = {"error": "haven: no room", "kind": "refused"}
    ended = (OK, {"running": False, "answer": said})
    desk.until(lambda: desk.call("reload", begin=False).answers == [ended], "it has ended")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'haven: no room' >&2; exit 1", "haven: no room"),
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


def test_what_a_program_was_refused_is_told_with_its_code(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    said = encode(refused(Refusal("unreachable", run_dir="/run", error="no room"))).decode()
    _replace_command(desk, monkeypatch, f"echo '{said.strip()}'; echo 'haven: in words' >&2; exit 1")
    for method in ("plan", "reload"):
        asked = desk.call(method)
        desk.until(lambda asked=asked: asked.answers, "the answer")
        facts = {"run_dir": "/run", "error": "no room"}
        answer = {"error": "/run: no room", "kind": "refused", "code": "unreachable", "facts": facts}
        assert asked.answers == [(UNKNOWN_ERROR, answer)]


def test_a_program_that_is_not_there_is_said_to_be_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(methods, "argv_of", lambda _program: ["/nowhere/haven"])
    asked = desk.call("validate")
    desk.until(lambda: asked.answers, "the answer")
    assert asked.answers == [
        (UNKNOWN_ERROR, {"error": "/nowhere/haven: No such file or directory", "kind": "refused"})
    ]


def _end_of(turns: Turns, script: str, stdin: str | None = None) -> ChildEnd:
    outcomes: list[ChildEnd | CallFailure] = []
    program = turns.scope.run(["sh", "-c", script], outcomes.append, 1000, stdin)
    turns.until(lambda: program.ended, "it has ended")
    assert not turns.watched and isinstance(outcomes[0], ChildEnd) and len(outcomes) == 1
    return outcomes[0]


def test_all_that_a_program_says_is_kept_to_its_last_word(turns: Turns):
    assert _end_of(turns, "echo one; read line; echo $line", "two\n").output == "one\ntwo\n"
    ended = _end_of(turns, "seq 100000; seq 50000 >&2; exit 7")
    assert (len(ended.output), len(ended.complaint), ended.status) == (588895, 288894, 7)


def test_a_program_that_closes_its_output_has_not_ended(tmp_path: Path, turns: Turns):
    (tmp_path / "go").touch()
    script = f"exec >&- 2>&-; until [ ! -e {tmp_path}/go ]; do sleep 0.05; done; exit 5"
    outcomes: list[ChildEnd | CallFailure] = []
    program = turns.scope.run(["sh", "-c", script], outcomes.append, 1000)
    # What is left is the descriptor of its end.
    turns.until(lambda: turns.watched == 1, "the output is closed")
    # Whoever waited for it here would wait for ever.
    assert not program.ended
    (tmp_path / "go").unlink()
    turns.until(lambda: program.ended, "it has ended")
    assert isinstance(outcomes[0], ChildEnd) and outcomes[0].status == 5


def test_what_a_program_leaves_running_is_not_waited_for(turns: Turns):
    ended = _end_of(turns, "sleep 1000 & echo $!")
    assert lives(ended.output.strip())
    os.kill(int(ended.output), signal.SIGKILL)


def _replace_command(desk: Desk, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(methods, "argv_of", lambda _program: ["sh", "-c", script])


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[socket.socket]:
    """Where the part for the channel listens."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "agent.sock"))
        made.listen()
        made.settimeout(60)
        yield made


def _is_asked(desk: Desk, agent: socket.socket, asked: Asked, document: object) -> dict:
    """Let the agent's socket answer a call, and return what it was asked."""
    with agent.accept()[0] as line:
        heard = json.loads(line.recv(1 << 16))
        line.send(json.dumps(document).encode() + b"\n")
        desk.until(lambda: asked.answers, "it is answered")
    return dict(heard)


@pytest.mark.parametrize(
    ("method", "arguments", "request_sent"),
    [
        ("status", {}, {"command": "status"}),
        ("switchover", {"group": "lan"}, {"command": "switchover", "group": "lan"}),
        ("maintenance", {"on": True}, {"command": "maintenance", "on": True}),
        ("plan", {}, {"command": "plan"}),
    ],
)
def test_another_router_is_asked_by_its_name(
    desk: Desk, agent: socket.socket, method: str, arguments: dict, request_sent: dict
):
    asked = desk.call(method, node="r2", **arguments)
    heard = _is_asked(desk, agent, asked, {"ok": True, "result": {"node": "r2"}})
    sent = {key: value for key, value in heard["request"].items() if value is not None}
    assert (heard["command"], heard["node"], sent) == ("ask", "r2", request_sent)
    assert asked.answers == [(OK, {"node": "r2"})]


def test_what_is_a_list_there_stands_under_a_name(desk: Desk, agent: socket.socket):
    for method, name in (("peers", "peers"), ("sync_diff", "rows"), ("sync_history", "changes")):
        asked = desk.call(method)
        heard = _is_asked(desk, agent, asked, {"ok": True, "result": [{"a": 1}]})
        assert heard == {"command": method.replace("_", "-")}
        assert asked.answers == [(OK, {name: [{"a": 1}]})]
    asked = desk.call("events", node="r2")
    _is_asked(desk, agent, asked, {"ok": True, "result": []})
    assert asked.answers == [(OK, {"events": []})]


def test_a_decision_is_sent_as_it_was_made(desk: Desk, agent: socket.socket):
    asked = desk.call("sync_take", node="r2", path="network.lan")
    heard = _is_asked(desk, agent, asked, {"ok": True, "result": {}})
    assert heard == {"command": "sync-take", "node": "r2", "path": "network.lan"}


def test_a_refusal_comes_with_its_code(desk: Desk, agent: socket.socket):
    asked = desk.call("sync")
    refusal = {"ok": False, "error": "it is off", "code": "sync-off", "facts": {}}
    _is_asked(desk, agent, asked, refusal)
    document = {"error": "it is off", "kind": "refused", "code": "sync-off", "facts": {}}
    assert asked.answers == [(UNKNOWN_ERROR, document)]


def test_what_no_status_is_comes_from_no_other_router(desk: Desk, agent: socket.socket):
    asked = desk.call("status", node="r2")
    _is_asked(desk, agent, asked, {"ok": True, "result": ["?"]})
    assert asked.answers[0][1]["code"] == "unintelligible"


def test_without_the_part_for_the_channel_it_is_said(desk: Desk):
    ((status, document),) = desk.call("peers").answers
    assert (status, document["code"]) == (UNKNOWN_ERROR, "agent-not-running")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("plan", {"node": "r2", "text": "config haven"}),
        ("status", {"node": ""}),
        ("unpair", {}),
        ("sync_take", {"node": "r2"}),
        ("sync_undo", {"number": "1"}),
        ("sync_undo", {"number": 0}),
        ("pair", {"node": "r2"}),
    ],
)
def test_what_nobody_could_be_asked_is_refused(desk: Desk, method: str, arguments: dict):
    assert desk.call(method, **arguments).answers == [(INVALID_ARGUMENT, {})]


def test_who_asks_without_end_takes_half_of_the_socket(desk: Desk, agent: socket.socket):
    calls = [desk.call("peers") for _ in range(AT_ONCE + WAITING + 1)]
    agent.setblocking(False)
    lines = []
    with contextlib.suppress(BlockingIOError):
        while True:
            lines.append(agent.accept()[0])
    assert len(lines) == AT_ONCE and calls[-1].answers[0][1]["code"] == "busy"
    for line in lines:
        line.close()
