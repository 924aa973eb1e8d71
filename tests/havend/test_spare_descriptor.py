# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that come when there is no descriptor left: none may wait where every turn finds it."""

import ast
import errno
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from haven import spare_descriptor
from tests.lab.node import executable

SOURCE = Path(__file__).resolve().parents[2] / "src" / "haven"
# Serves its socket while something waits there, and tells in how many turns that was over.
SERVE = """
import sys
from haven.havend.control_server import ControlServer
from haven.havend.host import system
system.prepare_process()
poller = system.Poller()
server = ControlServer(sys.argv[1], poller)
print("listening")
sys.stdin.readline()
taken, turns = [], 0
try:
    while True:
        taken.append(open("/dev/null", "rb"))
except OSError:
    pass
found = poller.wait(0)
while found and turns < 50:
    for descriptor, _mask in found:
        server.read(descriptor)
    turns += 1
    found = poller.wait(0)
print(turns)
sys.stdin.readline()
"""
FEW = 64


@pytest.mark.parametrize("name", ["python3", "micropython"])
def test_havend_hangs_up_on_either_python(name: str, tmp_path: Path) -> None:
    """Where it waited, there would be something to read at every turn: all of a processor, in real time."""
    (python,) = [sys.executable] if name == "python3" else executable(name) or []
    (tmp_path / "serve.py").write_text(SERVE)
    # MicroPython's own modules are completed by some of haven's, which CPython has and must not see.
    search = {"PYTHONPATH": str(SOURCE.parent), "PYTHONUNBUFFERED": "1"}
    search |= {"MICROPYPATH": f"{SOURCE}/micro/standard:{SOURCE.parent}:.frozen"}
    with subprocess.Popen(
        [python, str(tmp_path / "serve.py"), str(tmp_path / "socket")],
        env={**os.environ, **search},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # It allows itself as many as it may have.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW)),
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        _hear(process.stdout, "listening")
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            for client in (first, second):
                client.connect(str(tmp_path / "socket"))
            process.stdin.write("\n")
            process.stdin.flush()
            _hear(process.stdout, "2")
            assert (first.recv(1), second.recv(1)) == (b"", b"")
        process.stdin.write("\n")
    assert process.returncode == 0


def _hear(stdout: IO[str], said: str) -> None:
    assert stdout.readline() == said + "\n"


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE])
def test_the_machine_may_have_none_left_as_well_as_the_process(error: int) -> None:
    near, far = socket.socketpair()

    class Full:
        """There is room once one descriptor is given up."""

        def accept(self) -> tuple[socket.socket, str]:
            if spare_descriptor._spare:
                raise OSError(error, os.strerror(error))
            return near, ""

    spare_descriptor.set_aside()
    assert spare_descriptor.accept_from(Full()) is None
    with far:
        assert far.recv(1) == b""
    assert spare_descriptor._spare


def test_whoever_comes_and_has_gone_takes_no_descriptor_away() -> None:
    class Left:
        """Nobody is there any more when there is room."""

        def accept(self) -> tuple[socket.socket, str]:
            raise OSError(errno.EMFILE if spare_descriptor._spare else errno.ECONNABORTED, "")

    spare_descriptor.set_aside()
    assert spare_descriptor.accept_from(Left()) is None
    assert spare_descriptor._spare


def test_nobody_else_accepts_connections() -> None:
    """Each that did would have to know what to do when there is no descriptor."""
    places = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr, node.args) == ("accept", [])
    }
    # Of which one is what MicroPython has in place of CPython's socket.
    assert places == {"spare_descriptor.py", "havend/host/micropython_socket.py"}
