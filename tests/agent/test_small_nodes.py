# SPDX-License-Identifier: GPL-2.0-or-later
"""Who asks the agent for a plan: a node with a key gets one, and nobody else gets anything."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from haven.agent.calls import CallFailure
from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.small_nodes import plan_maker, plan_server, visitor
from haven.agent.small_nodes.compile_queue import CompileQueue
from haven.agent.small_nodes.part import SmallNodesPart
from haven.contract.machine_facts import VERSION as FACTS_VERSION
from haven.contract.small_nodes import BEGIN, HELLO, KEY, KEY_ID, LONGEST_QUESTION, MOST_VISITORS, NONCE
from haven.contract.status import check_account
from haven.core.auth.sealed_line import SealedLine, digest, key_id
from haven.peers import small_keys
from tests.machines.device_facts import bridge

CONFIG = """config haven 'main'
\toption node 'r1'

config virtual_router 'lan'
\toption interface 'lan'
\toption vrid '51'
\toption priority '200'
\toption auth_pass 'secret'
\toption version '2'
\tlist address '192.0.2.1/24'
"""
DEVICE = bridge("br-lan", "020000000001", "192.0.2.3", index=2)
FACTS = {
    "version": FACTS_VERSION,
    "node": "shed",
    "byte_order": "little",
    "devices": [DEVICE],
    "interfaces": {"lan": "br-lan"},
}
QUESTION = {"version": 1, "facts": FACTS, "have": ""}


class Desk:
    """The part on a loop of its own, and a way to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "etc/haven/small"
        self.config = folder / "haven.conf"
        self.config.write_text(CONFIG)
        self._loop = Loop()
        self.failures: list[BaseException] = []
        scope = Scope(self._loop, str(folder), self.failures.append)
        places = Places(str(folder), str(self.config), str(folder))
        self.part = SmallNodesPart(Surroundings(scope, places, Roles(), lambda: None))

    def add(self, name: str) -> bytes:
        key = bytes.fromhex(small_keys.add(str(self.folder), name))
        self.part.account()
        return key

    def connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", plan_server.PORT))
        sock.setblocking(False)
        return sock

    def turn(self) -> None:
        self._loop.turn()

    def read(self, sock: socket.socket, enough, budget: float = 30) -> bytes:
        """Return what comes until there is enough of it, or the other end hangs up."""
        found, end = b"", time.monotonic() + budget
        while not enough(found):
            assert time.monotonic() < end, "nothing comes"
            self.turn()
            try:
                octets = sock.recv(65536)
            except BlockingIOError:
                continue
            except ConnectionError:
                octets = b""
            if not octets:
                break
            found += octets
        return found

    def greet(self, sock: socket.socket, key: bytes) -> SealedLine:
        own = os.urandom(NONCE)
        sock.sendall(BEGIN + key_id(key, KEY_ID) + own)
        other = self.read(sock, lambda found: len(found) >= NONCE)
        return SealedLine(key, own, other, asks=True)

    def ask(self, key: bytes, question: dict) -> list[bytes]:
        """Return the documents of the answer; none for whoever is hung up on."""
        with self.connect() as sock:
            line = self.greet(sock, key)
            sock.sendall(line.document(json.dumps(question).encode()))
            pieces = line.take(self.read(sock, lambda _found: False))
        documents, document = [], b""
        for piece in pieces:
            document += piece
            if not piece:
                documents, document = [*documents, document], b""
        return documents


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(plan_server, "PORT", free.getsockname()[1])
    made = Desk(tmp_path)
    yield made
    made.part.close()
    assert made.failures == []


def test_who_has_a_key_gets_the_plan_of_a_standby(desk: Desk) -> None:
    key = desk.add("shed")
    answer, plan = desk.ask(key, QUESTION)
    assert json.loads(answer) == {"answer": "plan", "problems": []}
    document = json.loads(plan)
    (router,) = document["virtual_routers"]
    assert (document["node"], router["device"], router["priority"]) == ("shed", "br-lan", 100)
    (told,) = check_account(desk.part.account())["small_nodes"]
    assert (told["name"], told["address"], told["virtual_routers"]) == ("shed", "127.0.0.1", 1)
    # Nothing of it is left in the run directory, where it holds a password.
    assert not [each for each in desk.folder.parents[2].iterdir() if each.name.startswith("small-")]


def test_who_has_the_plan_already_waits_for_news(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key = desk.add("shed")
    _answer, plan = desk.ask(key, QUESTION)
    known = {**QUESTION, "have": digest(plan)}
    with monkeypatch.context() as soon:
        soon.setattr(plan_server, "HOLD_S", 0.3)
        assert [json.loads(each)["answer"] for each in desk.ask(key, known)] == ["same"]
    desk.config.write_text(CONFIG.replace("192.0.2.1/24", "192.0.2.9/24"))
    desk.part.take_plan()
    assert json.loads(desk.ask(key, known)[1])["virtual_routers"][0]["addresses"] == ["192.0.2.9/24"]


class _Compiler:
    """In place of the scope of plan makers: programs that end when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.queue, self._folder = CompileQueue(), folder
        self.running: list = []

    def run(self, _argv: list[str], done, _limit: float) -> None:
        self.running.append(done)

    def maker(self, name: str) -> plan_maker.PlanMaker:
        config = (str(self._folder / "haven.conf"), True)
        return plan_maker.PlanMaker(self, self.queue, name, str(self._folder / name), lambda: config)

    def end(self, status: int, said: str) -> None:
        self.running.pop(0)(plan_maker.ChildEnd(status, "", said))


def test_what_is_made_of_an_older_configuration_is_made_again(tmp_path: Path) -> None:
    compiler, told = _Compiler(tmp_path), []
    maker = compiler.maker("shed")
    maker.make(FACTS, lambda: told.append(maker.problems))
    maker.forget()
    compiler.end(1, "the old one")
    assert told == []
    compiler.end(1, "the new one")
    assert told == [["the new one"]]
    # Asked again, it is known.
    maker.make(FACTS, lambda: told.append(maker.problems))
    assert told == [["the new one"]] * 2 and not compiler.running


def test_a_compiler_that_was_killed_is_tried_again(tmp_path: Path) -> None:
    compiler, told = _Compiler(tmp_path), []
    maker = compiler.maker("shed")
    for _ in range(2):
        maker.make(FACTS, lambda: told.append(maker.problems))
        compiler.running.pop(0)(CallFailure("late", "it takes too long"))
    assert told == [["it takes too long"]] * 2


def test_one_compiler_runs_at_a_time_and_only_who_asked_last_is_told(tmp_path: Path) -> None:
    compiler, told = _Compiler(tmp_path), []
    makers = [compiler.maker(name) for name in ("shed", "barn")]
    for maker in makers:
        for count in range(3):
            maker.make({**FACTS, "node": str(count)}, lambda count=count: told.append(count))
    while compiler.running:
        assert len(compiler.running) == 1
        compiler.end(1, "no")
    assert told == [2, 2]


def test_what_keeps_a_plan_from_being_made_is_told_to_both(desk: Desk) -> None:
    key = desk.add("shed")
    (answer,) = desk.ask(key, {**QUESTION, "facts": {**FACTS, "interfaces": {}}})
    found = json.loads(answer)
    assert found["answer"] == "refused"
    assert "lan" in found["problems"][0]
    assert [each["code"] for each in desk.part.problems()] == ["small-refused"]
    # A configuration of its own is taken instead.
    own = Path(small_keys.config_of(str(desk.folder), "shed"))
    own.write_text(CONFIG.replace("interface 'lan'", "device 'br-lan'").replace("200", "7"))
    assert json.loads(desk.ask(key, QUESTION)[1])["virtual_routers"][0]["priority"] == 7
    assert desk.part.problems() == []


def test_unicast_asks_for_a_configuration_of_its_own(desk: Desk) -> None:
    desk.config.write_text(CONFIG + "\tlist unicast_peer '192.0.2.3'\n")
    (answer,) = desk.ask(desk.add("shed"), QUESTION)
    assert "a configuration of its own" in json.loads(answer)["problems"][0]


@pytest.mark.parametrize("question", [{}, {**QUESTION, "facts": {}}, {**QUESTION, "version": 2}, []])
def test_a_question_that_is_none_is_refused(desk: Desk, question: object) -> None:
    (answer,) = desk.ask(desk.add("shed"), question)
    assert "not understood" in json.loads(answer)["problems"][0]


def test_strangers_learn_nothing_and_keep_nobody_out(desk: Desk) -> None:
    key = desk.add("shed")
    assert desk.ask(os.urandom(KEY), QUESTION) == []
    for said in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01" * 30, bytes(HELLO), BEGIN + bytes(HELLO)):
        with desk.connect() as sock:
            sock.sendall(said)
            # A number by chance at most, whatever they say.
            assert len(desk.read(sock, lambda _found: False)) in (0, NONCE)
    crowd = []
    for _ in range(MOST_VISITORS + 4):
        crowd.append(desk.connect())
        desk.turn()
    assert len(desk.ask(key, QUESTION)) == 2
    for each in crowd:
        each.close()


def test_a_question_without_an_end_is_hung_up_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor, "QUESTION_S", 2.0)
    key = desk.add("shed")
    with desk.connect() as sock:
        line = desk.greet(sock, key)
        sock.setblocking(True)
        sock.settimeout(0.05)
        sealed = memoryview(line.document(bytes(LONGEST_QUESTION + 1))[:-20])
        while sealed:
            try:
                sealed = sealed[sock.send(sealed) :]
            except (TimeoutError, ConnectionError) as why:
                if isinstance(why, ConnectionError):
                    break
            desk.turn()
        sock.setblocking(False)
        assert desk.read(sock, lambda _found: False) == b""


def test_a_recorded_question_opens_nothing(desk: Desk) -> None:
    key = desk.add("shed")
    own = os.urandom(NONCE)
    hello = BEGIN + key_id(key, KEY_ID) + own
    with desk.connect() as sock:
        sock.sendall(hello)
        other = desk.read(sock, lambda found: len(found) >= NONCE)
        words = SealedLine(key, own, other, asks=True).document(json.dumps(QUESTION).encode())
        sock.sendall(words)
        assert desk.read(sock, lambda _found: False)
    with desk.connect() as sock:
        sock.sendall(hello + words)
        assert len(desk.read(sock, lambda _found: False)) in (0, NONCE)


def test_a_key_that_is_taken_away_is_none_any_more(desk: Desk) -> None:
    key = desk.add("shed")
    desk.add("barn")
    small_keys.remove(str(desk.folder), "shed")
    desk.part.account()
    assert desk.ask(key, QUESTION) == []
    small_keys.remove(str(desk.folder), "barn")
    desk.part.account()
    with pytest.raises(ConnectionRefusedError):
        desk.connect()


def test_a_key_that_is_taken_away_while_it_is_proven_is_none(desk: Desk) -> None:
    key = desk.add("shed")
    with desk.connect() as sock:
        line = desk.greet(sock, key)
        desk.add("barn")
        small_keys.remove(str(desk.folder), "shed")
        desk.part.account()
        assert desk.read(sock, lambda _found: False) == b""
        with pytest.raises(ConnectionError):
            # The first one is what is answered by a reset.
            for _ in range(600):
                sock.sendall(line.document(json.dumps(QUESTION).encode()))
                time.sleep(0.05)


def test_a_port_that_was_taken_is_not_opened_after_the_last_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_server, "RETRY_S", 0.1)
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::", plan_server.PORT))
        other.listen()
        desk.add("shed")
        assert [each["code"] for each in desk.part.problems()] == ["small-unserved"]
        small_keys.remove(str(desk.folder), "shed")
        desk.part.account()
        assert desk.part.problems() == []
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        desk.turn()
    with pytest.raises(ConnectionRefusedError):
        desk.connect()


def test_without_keys_nothing_is_there(desk: Desk) -> None:
    assert desk.part.account() == {}
    with pytest.raises(ConnectionRefusedError):
        desk.connect()
