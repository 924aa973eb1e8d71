# SPDX-License-Identifier: GPL-2.0-or-later
"""The packet by which a server greets who is not connected (P_CONTROL_HARD_RESET_SERVER_V2).

A client that hears it begins a TLS session beside the one that it has: with the server that it reaches now.
OpenVPN itself makes it, wrapped by the server's own key: between two alone, a server speaks first. It is
let speak to us, and its first word is kept.
"""

import contextlib
import socket
import sys
from collections.abc import Callable

from haven.agent.calls import CallFailure, ChildCall, ChildEnd
from haven.agent.loop import Scope
from haven.config.openvpn_server import OpenvpnServer, server_in_file, server_in_section
from haven.config.uci.document import parse

HARD_RESET_SERVER_V2 = 8
LIMIT_S = 5.0
LONGEST = 2048
ALONE = """dev null
proto udp
tls-server
lport 0
remote 127.0.0.1 %d
verb 1
"""
Done = Callable[[bytes], None]


def make_greeting(scope: Scope, file: str, section: str, done: Done) -> None:
    """Let OpenVPN speak, and call `done` with its first word; without one nothing is called."""
    try:
        _Maker(scope, _server(file, section), done)
    except (OSError, ValueError) as why:
        print(f"haven-agent: openvpn: {file}: {why}", file=sys.stderr, flush=True)


def _server(file: str, section: str) -> OpenvpnServer:
    if not section:
        return server_in_file(file)
    with open(file) as stream:
        sections, _problems = parse(stream.read(), file)
    for found in sections:
        if found.name == section:
            return server_in_section(found)
    raise ValueError(f"there is no section {section} any more")


class _Maker:
    """One process that speaks, and the socket that hears it."""

    def __init__(self, scope: Scope, server: OpenvpnServer, done: Done) -> None:
        self._scope, self._done = scope, done
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(("127.0.0.1", 0))
        scope.watch(self._socket, lambda _events: self._hear())
        text = ALONE % self._socket.getsockname()[1] + server.identity()
        if server.words("dh") is None:
            text += "dh none\n"
        argv = ["openvpn", "--cd", server.folder, "--config", "stdin"]
        self._call: ChildCall | None = None
        try:
            self._call = scope.run(argv, self._ended, LIMIT_S, text)
        except OSError:
            self._close()
            raise

    def _hear(self) -> None:
        word = b""
        with contextlib.suppress(OSError):
            word = self._socket.recv(LONGEST)
        if word and word[0] >> 3 == HARD_RESET_SERVER_V2:
            if self._call is not None:
                self._call.abandon()
            self._close()
            self._done(word)

    def _ended(self, outcome: ChildEnd | CallFailure) -> None:
        self._close()
        said = outcome.output.strip() if isinstance(outcome, ChildEnd) else outcome
        print(f"haven-agent: openvpn: no greeting: {said}", file=sys.stderr, flush=True)

    def _close(self) -> None:
        self._scope.forget(self._socket)
        self._socket.close()
