# SPDX-License-Identifier: GPL-2.0-or-later
"""Where commands ask the agent: who is let in when there is little left to let anybody in with."""

import contextlib
import json
import os
import resource
import socket
from pathlib import Path

from haven.contract.agent_requests import REQUESTS
from haven.contract.control import encode_request
from haven.paths import AGENT_SOCKET
from tests.agent.agents import StartAgent
from tests.lab.wait import wait_until

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
