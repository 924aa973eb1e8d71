# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the agent that copies connections, beside a conntrackd that takes its time; time injected."""

import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.agent import orders
from haven.agent.connections import Connections
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


class Said:
    """Stands for the line to havend: keeps what is said."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []

    def say(self, command: str, **arguments: Any) -> None:
        """Keep a report."""
        assert command == "report"
        self.reports.append(arguments)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def connections(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    """With a child that lives and does nothing."""
    program = tmp_path / "conntrackd"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "plan.json").write_text(json.dumps({"conntrack": PART}))
    made = Connections(str(tmp_path), said)
    yield made
    made.close()


@pytest.fixture
def control(connections: Connections, tmp_path: Path) -> Iterator[socket.socket]:
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
        if asked.recv(4) == struct.pack("=i", orders.STATISTICS[""]):
            return asked
        asked.close()


def wait_report(connections: Connections, said: Said) -> None:
    """Wait until the answer that has been given is reported."""
    before = len(said.reports)

    def reported() -> bool:
        connections.read()
        connections.drive(101.5)
        return len(said.reports) > before

    wait_until(reported, 10, "there is a report")


def test_nothing_waits_for_a_conntrackd_that_does_not_answer(
    connections: Connections, control: socket.socket, said: Said
) -> None:
    connections.drive(101)
    before = len(said.reports)
    with question(control):
        connections.drive(102)
        assert connections.fileno() is not None
        assert connections.next_deadline() == 101 + orders.ANSWER_LIMIT_S
        assert len(said.reports) == before
        connections.drive(101 + orders.ANSWER_LIMIT_S)
    assert connections.fileno() is None
    assert said.reports[-1]["conntrack"]["state"] == "running"
    assert "received_packets" not in said.reports[-1]["conntrack"]


def test_what_conntrackd_answers_is_reported(
    connections: Connections, control: socket.socket, said: Said
) -> None:
    connections.drive(101)
    with question(control) as asked:
        asked.sendall(b"multicast traffic:\n   17 Pckts sent   23 Pckts recv\n")
    wait_report(connections, said)
    assert said.reports[-1]["conntrack"]["received_packets"] == 23


def test_a_new_backup_says_at_once_that_it_is_not_in_sync(
    connections: Connections, control: socket.socket, said: Said
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
    connections: Connections, said: Said, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    text = plan.read_text()
    plan.unlink()
    early = Connections(str(tmp_path), said)
    plan.write_text(text)
    early.hear({"kind": "roles", "groups": {"gateway": "backup"}})
    early.drive(100)
    assert said.reports[-1]["conntrack"]["state"] == "starting"
    early.close()
