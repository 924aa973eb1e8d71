# SPDX-License-Identifier: GPL-2.0-or-later
"""All servers of OpenVPN's: what the routers tell each other of their clients."""

from typing import Any

from haven.agent.carrier import PeerLine
from haven.agent.openvpn.called_server import CalledServer
from haven.agent.part import Surroundings
from haven.agent.roles import ACTIVE
from haven.contract.fields import DocumentError
from haven.contract.openvpn import check_words

Document = dict[str, Any]

# What the routers say to each other is a row of contract/channel.py.
KIND = "openvpn"
LOOK_S = 1.0


class Callbacks:
    """One CalledServer a server of the plan; `take_plan` makes them."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._servers: dict[str, CalledServer] = {}
        self._told: set[str] = set()
        around.carrier.hear(KIND, lambda _line, message: around.scope.guard(lambda: self._hear(message)))
        around.scope.every(LOOK_S, self._tell_who_is_new)

    def take_plan(self, planned: list[Document]) -> None:
        """Take the servers in force; what is as before goes on."""
        wanted = {each["name"]: each for each in planned}
        for name, server in list(self._servers.items()):
            if server.planned != wanted.get(name):
                self._servers.pop(name).close()
        for name, each in wanted.items():
            if name not in self._servers:
                self._servers[name] = CalledServer(self._around, each, self._tell)
        self.take_roles()

    def take_roles(self) -> None:
        """Take the state of every group."""
        for server in self._servers.values():
            state = self._around.roles.states.get(server.planned["group"])
            if state is not None:
                server.take_role(state == ACTIVE)

    # The paired routers

    def _open_lines(self) -> list[PeerLine]:
        return [line for line in self._around.carrier.lines() if line.is_open]

    def _tell_who_is_new(self) -> None:
        lines = self._open_lines()
        nodes = {line.peer.node for line in lines}
        if nodes - self._told:
            self._say([line for line in lines if line.peer.node not in self._told])
        self._told = nodes

    def _tell(self) -> None:
        self._say(self._open_lines())

    def _say(self, lines: list[PeerLine]) -> None:
        words = [word for server in self._servers.values() if (word := server.word()) is not None]
        for line in lines if words else ():
            line.say(KIND, servers=words)

    def _hear(self, message: Document) -> None:
        try:
            words = check_words(message["servers"])
        except (DocumentError, ValueError, TypeError):
            return
        for word in words:
            if word["name"] in self._servers:
                self._servers[word["name"]].hear(word["clients"])

    # What is shown

    def account(self) -> Document:
        """Return each server."""
        return {KIND: {"servers": [server.account() for server in self._servers.values()]}}

    def problems(self) -> list[Document]:
        """Return whose clients nobody knows."""
        return [each for server in self._servers.values() for each in server.problems()]

    def close(self) -> None:
        """Let all go."""
        self._around.carrier.forget(KIND)
        for server in self._servers.values():
            server.close()
