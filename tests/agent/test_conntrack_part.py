# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the agent that copies connections, beside a conntrackd that takes its time; time injected."""

import contextlib
import json
import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.agent.conntrack import clock_setback, conntrackd_socket, drain, table_sync
from haven.agent.conntrack import conntrackd as conntrackd_module
from haven.agent.conntrack import guard as guard_module
from haven.agent.conntrack.conntrackd import LONGEST_WAIT_S, LOOK_S, STARTING_S
from haven.agent.conntrack.kernel_tracking import has_tracking
from haven.agent.conntrack.part import ConntrackPart
from haven.agent.conntrack.peer_accounts import PeerAccounts
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from tests.agent.plans import CONNTRACK
from tests.agent.processes import lives
from tests.agent.turns import Turns
from tests.lab.wait import wait_until

QUEUE = conntrackd_socket.STATISTICS["queue"]
RESEND = conntrackd_socket.STATISTICS["resend"]
FORGET = conntrackd_socket.ORDERS["forget what was told"]


class Desk:
    """The part, what havend tells it, and what it says."""

    def __init__(self, run_dir: Path, turns: Turns) -> None:
        self.run_dir, self.turns = run_dir, turns
        self.reports: list[dict[str, Any]] = []
        self.prepared = self.ended = 0
        self._scope = turns.another_scope(run_dir)
        self.make({"conntrack": CONNTRACK})

    def make(self, plan: dict[str, Any]) -> None:
        """Make the part as the agent does when it starts."""
        self._scope = self.turns.another_scope(self.run_dir)
        self.around = Surroundings(self._scope, Places(str(self.run_dir), "", "/"), Roles(), self._report)
        self.around.node, self.around.plan = "r1", plan
        self.part = ConntrackPart(self.around)
        self.part.take_plan()
        self.part.take_roles()

    def close(self) -> None:
        """End the part as the agent does."""
        self.part.close()
        self._scope.close()

    def make_again(self, plan: dict[str, Any]) -> None:
        """End the part, and make another."""
        self.close()
        self.make(plan)

    def _report(self) -> None:
        about = {"in_sync": self.part.is_in_sync(), "problems": self.part.problems()}
        self.reports.append({**about, **self.part.account()})

    def roles(self, **groups: str) -> None:
        self.around.roles.compare(groups)
        self.part.take_roles()

    def plan(self, part: dict[str, Any] | None, node: str = "r1") -> None:
        """Tell of another plan."""
        self.around.node, self.around.plan = node, {} if part is None else {"conntrack": part}
        self.part.take_plan()

    def prepare(self) -> None:
        def done() -> None:
            self.prepared += 1

        self.part.prepare(done)

    def end(self) -> None:
        def done() -> None:
            self.ended += 1

        self.part.end(done)

    def advance(self, seconds: float) -> None:
        self.turns.advance(seconds)

    def codes(self) -> list[str]:
        """Return the codes of the problems in the last report."""
        return [each["code"] for each in self.reports[-1]["problems"]]

    def wait_report(self) -> dict[str, Any]:
        """Wait until the answer that has been given is reported."""
        before = len(self.reports)
        self.turns.until(lambda: len(self.reports) > before, "there is a report")
        return self.reports[-1]

    @property
    def pids(self) -> list[int]:
        """The processes that were started as conntrackd."""
        return [int(line) for line in (self.run_dir / "pids").read_text().split()]


@pytest.fixture
def desk(tmp_path: Path, turns: Turns, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """With a child that lives and does nothing."""
    program = tmp_path / "conntrackd"
    program.write_text(f"#!/bin/sh\necho $$ >>{tmp_path}/pids\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "pids").touch()
    made = Desk(tmp_path, turns)
    wait_until(lambda: made.pids, 10, "the child lives")
    yield made
    made.close()
    for pid in made.pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def peer_agent(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """The agent of the other router, which is heard or not."""
    is_heard = {"": True}
    monkeypatch.setattr(PeerAccounts, "hears_any", lambda _self, _now: is_heard[""])
    return is_heard


@pytest.fixture
def control(desk: Desk) -> Iterator[socket.socket]:
    """The control socket of the child, which has just been started."""
    with listen(desk.run_dir) as listener:
        desk.advance(LOOK_S)
        yield listener


def listen(run_dir: Path) -> socket.socket:
    """Take orders as the child would."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(run_dir / "conntrackd.ctl"))
    listener.listen()
    listener.settimeout(60)
    return listener


def question(control: socket.socket, number: int = conntrackd_socket.STATISTICS[""]) -> socket.socket:
    """Take what is asked until it is the statistics."""
    while True:
        asked, _address = control.accept()
        if asked.recv(4) == struct.pack("=i", number):
            return asked
        asked.close()


def next_question(desk: Desk, control: socket.socket, number: int) -> socket.socket:
    """Wait until something is asked, while little time passes."""

    def asked() -> object:
        desk.advance(drain.STEP_S)
        return select.select([control], [], [], 0)[0]

    desk.turns.until(asked, "something is asked")
    return question(control, number)


def asked_so_far(control: socket.socket) -> list[int]:
    """List the numbers of all that was asked."""
    control.setblocking(False)
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            asked, _address = control.accept()
            found.append(struct.unpack("=i", asked.recv(4))[0])
            asked.close()
    control.settimeout(60)
    return found


def received(packets: int, malformed: int = 0) -> bytes:
    text = b"multicast traffic:\n   0 Pckts sent   %d Pckts recv\n%d Malformed msgs\n"
    return text % (packets, malformed)


def bring_in_sync(desk: Desk, control: socket.socket) -> None:
    """Let a standby hear its peer for long enough."""
    desk.roles(gateway="backup")
    for packets in range(8):
        desk.advance(1)
        with question(control) as asked:
            asked.sendall(received(packets))
        desk.wait_report()
    assert desk.reports[-1]["in_sync"] is True


def test_nothing_waits_for_a_conntrackd_that_does_not_answer(desk: Desk, control: socket.socket) -> None:
    desk.advance(1)
    before = len(desk.reports)
    with question(control):
        desk.advance(conntrackd_socket.ANSWER_LIMIT_S - 0.5)
        assert len(desk.reports) == before
        desk.advance(0.5)
        assert len(desk.reports) == before + 1
    assert desk.reports[-1]["conntrack"]["state"] == "running"
    assert "received_packets" not in desk.reports[-1]["conntrack"]


def test_what_conntrackd_answers_is_reported(desk: Desk, control: socket.socket) -> None:
    desk.advance(1)
    with question(control) as asked:
        asked.sendall(b"multicast traffic:\n   17 Pckts sent   23 Pckts recv\n")
    assert desk.wait_report()["conntrack"]["received_packets"] == 23


def test_a_new_backup_says_at_once_that_it_is_not_in_sync(desk: Desk, control: socket.socket) -> None:
    desk.roles(gateway="active")
    desk.advance(1)
    question(control).close()
    desk.wait_report()
    desk.advance(1)
    with question(control):
        assert desk.reports[-1]["in_sync"] is True
        desk.roles(gateway="backup")
        assert desk.reports[-1]["in_sync"] is False


def test_a_plan_that_comes_after_the_start_is_taken(desk: Desk, tmp_path: Path) -> None:
    desk.make_again({})
    assert desk.part.account() == {} and desk.part.problems() == [] and desk.part.is_in_sync()
    desk.plan(CONNTRACK)
    desk.roles(gateway="backup")
    assert desk.reports[-1]["conntrack"]["state"] == "starting"
    assert desk.reports[-1]["in_sync"] is False


def test_a_node_in_maintenance_says_so_to_its_peers(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(PeerAccounts, "exchange", lambda _self, account, _now: told.append(account["state"]))

    def tell(state: str) -> str:
        desk.roles(gateway=state)
        desk.advance(1)
        return told[-1]

    assert tell("backup") == "backup"
    (tmp_path / "maintenance").touch()
    assert (tell("backup"), tell("active")) == ("maintenance", "active")


def test_the_state_that_counts_is_that_of_the_gateway(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(PeerAccounts, "exchange", lambda _self, account, _now: told.append(account["state"]))
    desk.advance(1)
    # Before the first word of havend nothing is known.
    assert told == []
    for states in (("backup", "active"), ("backup", "fault"), ("initialize", "backup"), ("initialize",) * 2):
        desk.roles(lan=states[0], wan=states[1])
        desk.advance(1)
    assert told == ["active", "fault", "backup", "initialize"]


# Handovers


def test_a_handover_waits_for_no_conntrackd_that_does_not_answer(desk: Desk, control: socket.socket) -> None:
    desk.roles(gateway="active")
    desk.advance(1)
    desk.prepare()
    desk.advance(drain.LIMIT_S - 0.5)
    assert desk.prepared == 0
    desk.advance(0.5)
    assert desk.prepared == 1
    # Asked once for what waits to be sent, and told to forget at the end.
    asked = [number for number in asked_so_far(control) if number != conntrackd_socket.STATISTICS[""]]
    assert asked[-2:] == [QUEUE, FORGET] and asked.count(QUEUE) == 1


def test_a_handover_waits_until_the_peer_has_acknowledged_what_was_sent_by_then(
    desk: Desk, control: socket.socket
) -> None:
    desk.roles(gateway="active")
    desk.prepare()
    answers = [
        (QUEUE, "queue txqueue:\ncurrent elements:  2\n"),
        (QUEUE, "queue txqueue:\ncurrent elements:  0\n"),
        (RESEND, "object -> seq:8\nobject -> seq:9\n"),
        (RESEND, "object -> seq:9\nobject -> seq:10\n"),
        # What is newer than what there was at the beginning is not waited for.
        (RESEND, "object -> seq:10\nobject -> seq:11\n"),
    ]
    for number, text in answers:
        assert desk.prepared == 0
        with next_question(desk, control, number) as asked:
            asked.sendall(text.encode())
    desk.turns.until(lambda: desk.prepared, "it is ready")
    assert desk.prepared == 1
    assert asked_so_far(control) == [FORGET]


@pytest.mark.parametrize("answered", [0, 1])
def test_a_handover_waits_for_no_conntrackd_that_hangs_up(
    desk: Desk, control: socket.socket, answered: int
) -> None:
    desk.roles(gateway="active")
    desk.prepare()
    if answered:
        with next_question(desk, control, QUEUE) as asked:
            asked.sendall(b"queue txqueue:\ncurrent elements:  0\n")
    next_question(desk, control, RESEND if answered else QUEUE).close()
    desk.turns.until(lambda: desk.prepared, "it is ready")
    assert desk.prepared == 1


def test_a_handover_waits_for_none_that_does_not_take_orders(desk: Desk) -> None:
    desk.roles(gateway="active")
    desk.prepare()
    assert desk.prepared == 1


def test_where_nothing_is_copied_a_handover_waits_for_nothing(desk: Desk) -> None:
    desk.make_again({})
    desk.prepare()
    desk.end()
    assert (desk.prepared, desk.ended) == (1, 1)


# conntrackd ends


def test_a_standby_without_conntrackd_is_not_in_sync(desk: Desk, control: socket.socket) -> None:
    bring_in_sync(desk, control)
    desk.advance(1)
    with question(control) as asked:
        os.kill(desk.pids[0], signal.SIGKILL)
        desk.turns.until(lambda: not desk.part.is_in_sync(), "it is noticed")
        # What it had begun to say is of no more use.
        asked.sendall(received(1000))
    desk.wait_report()
    assert desk.reports[-1]["in_sync"] is False
    assert desk.reports[-1]["conntrack"]["state"] == "starting"
    assert "received_packets" not in desk.reports[-1]["conntrack"]


def test_one_that_is_started_again_is_in_sync_when_it_has_heard_its_peer_again(
    desk: Desk, control: socket.socket
) -> None:
    bring_in_sync(desk, control)
    os.kill(desk.pids[0], signal.SIGKILL)
    desk.turns.until(lambda: not desk.part.is_in_sync(), "it is noticed")
    control.close()
    desk.turns.step_until(lambda: desk.part.account()["conntrack"]["restarts"] == 1)
    wait_until(lambda: len(desk.pids) == 2, 10, "it lives")
    with listen(desk.run_dir) as again:
        desk.advance(LOOK_S)
        desk.roles(gateway="backup")
        assert desk.reports[-1]["conntrack"]["state"] == "running"
        assert desk.reports[-1]["conntrack"]["restarts"] == 1 and desk.reports[-1]["in_sync"] is False
        bring_in_sync(desk, again)


def test_what_is_heard_of_the_peer_is_told(desk: Desk, control: socket.socket) -> None:
    desk.roles(gateway="backup")
    desk.advance(1)
    question(control).close()
    desk.wait_report()
    assert desk.reports[-1]["conntrack"]["connected"] is False
    assert desk.reports[-1]["conntrack"]["heard_ms"] is None
    bring_in_sync(desk, control)
    assert desk.reports[-1]["conntrack"]["connected"] is True
    for _ in range(7):
        desk.advance(1)
        with question(control) as asked:
            asked.sendall(received(7))
        desk.wait_report()
    assert desk.reports[-1]["conntrack"]["connected"] is False
    assert desk.reports[-1]["conntrack"]["heard_ms"] == 7000
    assert desk.codes() == ["conntrack-peer-silent"]


def test_malformed_messages_are_not_the_peer(desk: Desk, control: socket.socket) -> None:
    bring_in_sync(desk, control)
    for malformed in range(1, 8):
        desk.advance(1)
        with question(control) as asked:
            asked.sendall(received(7 + malformed, malformed))
        desk.wait_report()
    assert desk.reports[-1]["in_sync"] is False
    assert desk.codes() == ["conntrack-peer-silent"]


def test_without_the_peers_agent_a_standby_is_not_in_sync_and_says_so(
    desk: Desk, control: socket.socket, peer_agent: dict[str, bool]
) -> None:
    bring_in_sync(desk, control)
    peer_agent[""] = False
    desk.advance(1)
    with question(control) as asked:
        asked.sendall(received(8))
    desk.wait_report()
    assert desk.reports[-1]["in_sync"] is False
    assert desk.reports[-1]["conntrack"]["connected"] is True
    assert desk.codes() == ["conntrack-agent-silent"]
    desk.roles(gateway="active")
    assert desk.part.is_in_sync()


def test_a_conntrackd_that_answers_nobody_is_named_and_ended(
    desk: Desk, control: socket.socket, capfd: pytest.CaptureFixture[str]
) -> None:
    bring_in_sync(desk, control)
    (stuck,) = desk.pids
    os.kill(stuck, signal.SIGSTOP)
    desk.turns.step_until(lambda: "conntrack-unanswered" in desk.codes(), 1)
    # It is not the peer that says nothing.
    assert desk.codes() == ["conntrack-unanswered"] and lives(stuck)
    desk.turns.step_until(lambda: "conntrackd is ended" in capfd.readouterr().err, 1)
    desk.turns.until(lambda: not lives(stuck), "it is gone")
    control.close()
    desk.turns.step_until(lambda: len(desk.pids) == 2, 1)


def test_one_whose_timers_stand_still_as_the_clock_was_set_back_is_started_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before, ahead_s, words = desk.pids, clock_setback.ahead_s(), []

    def told() -> str:
        words.append(capfd.readouterr().err)
        return "".join(words)

    # It is slewed, or set forward: conntrackd goes on, and says what it has to say sooner.
    for ahead in (ahead_s - 1, ahead_s + 3600):
        monkeypatch.setattr(clock_setback, "ahead_s", lambda ahead=ahead: ahead)
        desk.advance(2)
    assert lives(before[0])
    monkeypatch.setattr(clock_setback, "ahead_s", lambda: ahead_s)
    desk.advance(2)
    desk.turns.until(lambda: "conntrackd has ended" in told(), "the one that stands still is ended")
    desk.advance(LONGEST_WAIT_S)
    desk.turns.until(lambda: len(desk.pids) == 2, "another one is started")
    desk.advance(5)
    assert len(desk.pids) == 2 and lives(desk.pids[1])
    assert told().count("the clock was set back") == 1


def test_a_conntrackd_that_has_just_started_is_no_problem(desk: Desk) -> None:
    desk.advance(1)
    desk.advance(1)
    assert desk.reports and not any(each["problems"] for each in desk.reports)
    desk.advance(STARTING_S - 2)
    desk.advance(1)
    assert desk.codes() == ["conntrack-down"]


def test_one_that_takes_orders_before_anybody_looks_is_told_what_it_has_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, listeners = conntrackd_module.LightChild, []

    def start(*what: Any, **more: Any) -> Any:
        # Where we do not get the processor for a while, it may have come so far.
        child = real(*what, **more)
        listeners.append(listen(desk.run_dir))
        return child

    monkeypatch.setattr(conntrackd_module, "LightChild", start)
    desk.make_again({"conntrack": CONNTRACK})
    desk.advance(LOOK_S)
    with listeners[0] as control:
        orders = ("forget what was told", "ask for everything")
        assert asked_so_far(control)[:2] == [conntrackd_socket.ORDERS[name] for name in orders]


def test_a_program_that_is_not_there_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HAVEN_SBIN", "")
    desk.advance(1)
    assert desk.codes() == ["conntrack-missing"]
    assert desk.reports[-1]["conntrack"]["state"] == "not installed" and desk.reports[-1]["in_sync"] is False


# Plans


def test_another_name_of_the_node_restarts_nothing(
    desk: Desk, control: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(PeerAccounts, "exchange", lambda _self, account, _now: told.append(account["node"]))
    desk.roles(gateway="backup")
    desk.advance(1)
    with question(control) as asked:
        desk.plan({**CONNTRACK}, node="r7")
        asked.sendall(received(23))
    assert desk.wait_report()["conntrack"]["received_packets"] == 23
    assert len(desk.pids) == 1 and desk.reports[-1]["conntrack"]["state"] == "running"
    desk.advance(1)
    assert told == ["r1", "r7"]


def test_another_plan_ends_conntrackd_before_the_next_begins(desk: Desk, control: socket.socket) -> None:
    desk.roles(gateway="active")
    control.close()
    (desk.run_dir / "conntrackd.ctl").unlink()
    desk.plan({**CONNTRACK, "conf": "another"})
    assert desk.part.account() == {} and not desk.part.is_in_sync()
    desk.turns.until(lambda: len(desk.pids) == 2, "another is started")
    assert not lives(desk.pids[0]) and lives(desk.pids[1])
    assert (desk.run_dir / "conntrackd.conf").read_text() == "another"
    desk.advance(1)
    assert desk.reports[-1]["conntrack"]["state"] == "starting"


def test_a_plan_without_connections_ends_conntrackd(desk: Desk, control: socket.socket) -> None:
    desk.plan(None)
    assert desk.part.is_in_sync() and desk.part.account() == {} and desk.part.problems() == []
    desk.turns.settle()
    assert not lives(desk.pids[0])
    desk.advance(100)
    assert len(desk.pids) == 1


def start_stubborn(desk: Desk) -> Path:
    """Let there be a child that ends only when there is a file as well; return its path."""
    program = desk.run_dir / "conntrackd"
    gate, ready = desk.run_dir / "gate", desk.run_dir / "ready"
    stubborn = f"trap 'until [ -e {gate} ]; do sleep 0.02; done; exit' TERM; touch {ready}"
    program.write_text(
        f"#!/bin/sh\necho $$ >>{desk.run_dir}/pids\n{stubborn}\nwhile :; do sleep 0.02; done\n"
    )
    desk.make_again({"conntrack": {**CONNTRACK, "conf": "first"}})
    wait_until(ready.exists, 10, "it runs")
    return gate


def test_the_last_of_several_plans_counts_and_none_begins_before_the_first_has_ended(
    desk: Desk, turns: Turns
) -> None:
    gate = start_stubborn(desk)
    first, started = desk.pids[-1], len(desk.pids)
    for name in ("second", "third"):
        desk.plan({**CONNTRACK, "conf": name})
    for _ in range(5):
        turns.turn()
    assert len(desk.pids) == started and lives(first)
    gate.touch()
    turns.until(lambda: len(desk.pids) > started, "the next is started")
    assert len(desk.pids) == started + 1 and not lives(first)
    assert (desk.run_dir / "conntrackd.conf").read_text() == "third"


# The end


@pytest.mark.parametrize("wanted", [None, {**CONNTRACK, "conf": "second"}], ids=["nothing", "another"])
def test_the_end_waits_for_one_that_is_being_replaced(desk: Desk, wanted: dict[str, Any] | None) -> None:
    gate = start_stubborn(desk)
    stubborn, started = desk.pids[-1], len(desk.pids)
    desk.plan(wanted)
    desk.end()
    for _ in range(5):
        desk.turns.turn()
    assert desk.ended == 0 and lives(stubborn)
    gate.touch()
    desk.turns.until(lambda: desk.ended, "it has ended")
    desk.advance(1)
    assert not lives(stubborn) and len(desk.pids) == started and desk.ended == 1


def test_one_that_is_being_replaced_is_asked_to_end_when_the_part_fails(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody has asked it yet: the guard comes first, and nft takes its time.
    monkeypatch.setattr(guard_module.Guard, "end", lambda _self, _done: None)
    desk.plan(None)
    assert lives(desk.pids[0])
    desk.close()
    wait_until(lambda: not lives(desk.pids[0]), 10, "it has ended")


def test_the_end_waits_for_conntrackd_and_the_guard(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, loose = tmp_path / "told", tmp_path / "loose"
    loose.write_text("0\n")
    monkeypatch.setattr(guard_module, "LOOSE_FILE", str(loose))
    nft = tmp_path / "nft"
    nft.write_text(f"#!/bin/sh\nsleep 0.1; cat >{told}\n")
    nft.chmod(0o755)
    desk.plan({**CONNTRACK, "guard": ["192.0.2.1"]})
    desk.turns.until(lambda: len(desk.pids) == 2, "conntrackd runs")
    desk.roles(gateway="backup")
    desk.turns.until(lambda: loose.read_text().strip() == "1", "it is armed")
    desk.end()
    assert desk.ended == 0
    desk.turns.until(lambda: desk.ended, "it has ended")
    assert "hook output" not in told.read_text() and loose.read_text().strip() == "0"
    assert not lives(desk.pids[1])
    desk.turns.advance(10)
    assert desk.ended == 1


def test_a_guard_that_is_not_in_force_is_named(desk: Desk, tmp_path: Path) -> None:
    nft = tmp_path / "nft"
    nft.write_text("#!/bin/sh\necho 'Error: no' >&2; exit 1\n")
    nft.chmod(0o755)
    desk.plan({**CONNTRACK, "guard": ["192.0.2.1"]})
    desk.turns.until(lambda: len(desk.pids) == 2, "conntrackd runs")
    desk.roles(gateway="backup")
    desk.turns.until(lambda: [each["code"] for each in desk.part.problems()], "it is named")
    (found,) = desk.part.problems()
    assert (found["code"], found["facts"]) == ("conntrack-no-guard", {"error": "Error: no"})
    assert json.loads(json.dumps(found)) == found


def test_a_kernel_without_connection_tracking_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_sync, "has_tracking", lambda: False)
    monkeypatch.setattr(conntrackd_module, "LightChild", _refused)
    desk.make_again({"conntrack": CONNTRACK})
    desk.advance(60)
    assert desk.codes() == ["conntrack-no-kernel"]


def _refused(*_what: Any, **_more: Any) -> Any:
    raise OSError(2, "it ends at once")


def test_what_netfilter_has_not_it_says() -> None:
    assert has_tracking()
    # A number that no part of netfilter has.
    assert not has_tracking(subsystem=200)
