# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the agent that copies connections, beside a conntrackd that takes its time; time injected."""

import contextlib
import itertools
import json
import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven import PLAN_VERSION
from haven.agent.conntrack import conntrackd_socket, table_sync
from haven.agent.conntrack.conntrackd import STARTING_S
from haven.agent.conntrack.part import ConntrackPart
from haven.agent.conntrack.peer_accounts import PeerAccounts
from tests.lab.wait import wait_until

PART = {
    "device": "lo",
    "address": "127.0.0.1",
    "peers": ["127.0.0.2"],
    "port": 3780,
    "agent_port": 3781,
    "renew_us": 30_000_000,
    "guard": [],
    "conf": "",
}
PLAN = {"version": PLAN_VERSION, "node": "r1", "conntrack": PART}


class Said:
    """Stands for the line to havend: keeps what is said."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []
        self.prepared = 0

    def say(self, command: str, **arguments: Any) -> None:
        """Keep a report, and count what else there is to say."""
        if command == "report":
            self.reports.append(arguments)
        else:
            assert command == "prepared"
            self.prepared += 1


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def connections(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConntrackPart]:
    """With a child that lives and does nothing."""
    program = tmp_path / "conntrackd"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    made = ConntrackPart(str(tmp_path), said)
    yield made
    made.close()


@pytest.fixture
def control(connections: ConntrackPart, tmp_path: Path) -> Iterator[socket.socket]:
    """The control socket of the child, which has just been started."""
    connections.drive(100)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "conntrackd.ctl"))
        listener.listen()
        listener.settimeout(10)
        yield listener


def question(control: socket.socket) -> socket.socket:
    """Take what is asked until it is the statistics."""
    while True:
        asked, _address = control.accept()
        if asked.recv(4) == struct.pack("=i", conntrackd_socket.STATISTICS[""]):
            return asked
        asked.close()


def wait_report(connections: ConntrackPart, said: Said, now: float = 101.5) -> None:
    """Wait until the answer that has been given is reported."""
    before = len(said.reports)

    def reported() -> bool:
        connections.read()
        connections.drive(now)
        return len(said.reports) > before

    wait_until(reported, 10, "there is a report")


def test_nothing_waits_for_a_conntrackd_that_does_not_answer(
    connections: ConntrackPart, control: socket.socket, said: Said
) -> None:
    connections.drive(101)
    before = len(said.reports)
    with question(control):
        connections.drive(102)
        assert connections.fileno() is not None
        assert connections.next_deadline() == 101 + conntrackd_socket.ANSWER_LIMIT_S
        assert len(said.reports) == before
        connections.drive(101 + conntrackd_socket.ANSWER_LIMIT_S)
    assert connections.fileno() is None
    assert said.reports[-1]["conntrack"]["state"] == "running"
    assert "received_packets" not in said.reports[-1]["conntrack"]


def test_what_conntrackd_answers_is_reported(
    connections: ConntrackPart, control: socket.socket, said: Said
) -> None:
    connections.drive(101)
    with question(control) as asked:
        asked.sendall(b"multicast traffic:\n   17 Pckts sent   23 Pckts recv\n")
    wait_report(connections, said)
    assert said.reports[-1]["conntrack"]["received_packets"] == 23


def test_a_new_backup_says_at_once_that_it_is_not_in_sync(
    connections: ConntrackPart, control: socket.socket, said: Said
) -> None:
    connections.hear({"kind": "roles", "groups": {"gateway": "active"}})
    connections.drive(101)
    question(control).close()
    wait_report(connections, said)
    connections.drive(102)
    with question(control):
        assert said.reports[-1]["in_sync"] is True
        connections.hear({"kind": "roles", "groups": {"gateway": "backup"}})
        assert said.reports[-1]["in_sync"] is False


def test_a_plan_that_came_after_the_start_is_taken_with_the_first_word_of_havend(
    connections: ConntrackPart, said: Said, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    text = plan.read_text()
    plan.unlink()
    early = ConntrackPart(str(tmp_path), said)
    plan.write_text(text)
    early.hear({"kind": "roles", "groups": {"gateway": "backup"}})
    early.drive(100)
    assert said.reports[-1]["conntrack"]["state"] == "starting"
    early.close()


def test_a_node_in_maintenance_says_so_to_its_peers(
    connections: ConntrackPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(PeerAccounts, "exchange", lambda _self, account, _now: told.append(account["state"]))

    def tell(state: str, now: float) -> str:
        connections.hear({"kind": "roles", "groups": {"gateway": state}})
        connections.drive(now)
        return told[-1]

    assert tell("backup", 200) == "backup"
    (tmp_path / "maintenance").touch()
    assert (tell("backup", 202), tell("active", 204)) == ("maintenance", "active")


def test_a_handover_waits_for_no_conntrackd_that_does_not_answer(
    connections: ConntrackPart, control: socket.socket, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_sync, "PREPARE_S", 0.1)
    connections.hear({"kind": "roles", "groups": {"gateway": "active"}})
    connections.drive(101)
    connections.hear({"kind": "prepare"})
    assert said.prepared == 1
    # Asked once for what waits to be sent, and told to forget at the end.
    assert asked_so_far(control)[-2:] == [
        conntrackd_socket.STATISTICS["queue"],
        conntrackd_socket.ORDERS["forget what was told"],
    ]


def asked_so_far(control: socket.socket) -> list[int]:
    """List the numbers of all that was asked."""
    control.setblocking(False)
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(struct.unpack("=i", control.accept()[0].recv(4))[0])
    return found


def test_a_standby_without_conntrackd_is_not_in_sync(
    connections: ConntrackPart, control: socket.socket, said: Said, tmp_path: Path
) -> None:
    connections.hear({"kind": "roles", "groups": {"gateway": "backup"}})
    connections.drive(101)
    for packets in range(8):
        with question(control) as asked:
            asked.sendall(b"multicast traffic:\n   0 Pckts sent   %d Pckts recv\n" % packets)
        wait_report(connections, said, 101.5 + packets)
        connections.drive(102 + packets)
    assert said.reports[-1]["in_sync"] is True
    with question(control):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        times = itertools.count(111)

        def noticed() -> bool:
            connections.drive(float(next(times)))
            return not said.reports[-1]["in_sync"]

        wait_until(noticed, 10, "it is noticed")
    assert connections.fileno() is None


def test_a_plan_of_another_version_is_not_read(tmp_path: Path, said: Said) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({**PLAN, "version": 1, "conntrack": {"device": "lo"}}))
    made = ConntrackPart(str(tmp_path), said)
    made.drive(100)
    assert said.reports == [{"conntrack": {}, "peers": [], "problems": [], "in_sync": True}]


def test_another_name_of_the_node_restarts_nothing(
    connections: ConntrackPart, control: socket.socket, tmp_path: Path
) -> None:
    connections.hear({"kind": "roles", "groups": {"gateway": "backup"}})
    connections.drive(101)
    (tmp_path / "plan.json").write_text(json.dumps({**PLAN, "node": "r7"}))
    with question(control):
        connections.hear({"kind": "reload"})
        assert connections.fileno() is not None


def test_a_conntrackd_that_has_just_started_is_no_problem(connections: ConntrackPart, said: Said) -> None:
    connections.drive(100)
    connections.drive(101)
    assert said.reports and not any(each["problems"] for each in said.reports)
    connections.drive(100 + STARTING_S)
    assert [each["code"] for each in said.reports[-1]["problems"]] == ["conntrack-down"]
