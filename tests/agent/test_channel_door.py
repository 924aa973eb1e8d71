# SPDX-License-Identifier: GPL-2.0-or-later
"""Where commands ask the agent: who is let in when there is little left to let anybody in with."""

import contextlib
import errno
import json
import os
import resource
import select
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.agent.channel.door import RETRY_S
from haven.agent.channel.part import ChannelPart
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.agent_requests import REQUESTS
from haven.contract.control import encode_request
from haven.paths import AGENT_SOCKET
from tests.agent.agents import StartAgent
from tests.agent.turns import Turns
from tests.lab.wait import wait_until
from tests.root import need_root

# Less than who may be there at once.
MANY = 12


def _knock(run_dir: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(30)
    sock.connect(str(run_dir / AGENT_SOCKET))
    return sock


def _answers(run_dir: Path) -> bool:
    with contextlib.suppress(OSError), _knock(run_dir) as sock:
        sock.sendall(encode_request("peers", {}, REQUESTS))
        return json.loads(sock.recv(1000)) == {"ok": True, "result": []}
    return False


@contextlib.contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """Let nobody write there for a while."""
    need_root()
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_one_for_which_there_is_no_descriptor_is_hung_up_on(start_agent: StartAgent, tmp_path: Path) -> None:
    """Where it waited, there would be something to read at every turn: all of a processor."""
    agent, run_dir = start_agent("log"), tmp_path / "run"
    # Then all that it opens at its start is open.
    wait_until(lambda: _answers(run_dir), 30, "it answers")
    limits = resource.prlimit(agent.pid, resource.RLIMIT_NOFILE)
    most = len(os.listdir(f"/proc/{agent.pid}/fd")) + 2
    with contextlib.ExitStack() as lines:
        resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (most, limits[1]))
        for _ in range(MANY):
            line = lines.enter_context(_knock(run_dir))
        assert line.recv(1) == b""
        resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, limits)
    assert _answers(run_dir)


def test_where_it_cannot_listen_it_says_so_once_and_listens_as_soon_as_it_can(
    turns: Turns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run directory that is mounted read-only meanwhile: the lines to peers are no less worth for that."""

    def refuse(_path: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
    with monkeypatch.context() as read_only:
        read_only.setattr(os, "unlink", refuse)
        part = ChannelPart(Surroundings(turns.scope, places, Roles(), lambda: None))
        for _ in range(3):
            turns.advance(RETRY_S)
        facts = {"path": str(tmp_path), "error": "Read-only file system"}
        assert [(each["code"], each["facts"]) for each in part.problems()] == [("agent-unserved", facts)]
    assert capfd.readouterr().err.count("Read-only file system") == 1
    turns.advance(RETRY_S)
    assert part.problems() == []
    with _knock(tmp_path) as sock:
        sock.sendall(encode_request("peers", {}, REQUESTS))
        sock.setblocking(False)
        turns.until(lambda: select.select([sock], [], [], 0)[0], "it answers")
        assert json.loads(sock.recv(1000)) == {"ok": True, "result": []}
    part.close()


def test_one_in_a_directory_that_is_read_only_by_now_does_everything_else(
    start_agent: StartAgent, tmp_path: Path
) -> None:
    """One was killed; the kernel then mounts what it cannot write any more without the right to."""
    run_dir, log = tmp_path / "run", tmp_path / "second"
    first = start_agent("first")
    wait_until(lambda: _answers(run_dir), 30, "it answers")
    first.kill()
    first.wait()
    with _read_only(run_dir):
        second = start_agent("second")
        said = f"no command is heard at {run_dir / AGENT_SOCKET}: Read-only file system"
        wait_until(lambda: said in log.read_text(), 30, "it says why")
    wait_until(lambda: _answers(run_dir), 30, "it answers again")
    assert second.poll() is None
    assert "Traceback" not in log.read_text() and log.read_text().count(said) == 1
