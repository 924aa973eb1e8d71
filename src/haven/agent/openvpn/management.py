# SPDX-License-Identifier: GPL-2.0-or-later
"""The management socket of a server of OpenVPN's: who is connected, and the word that ends a connection.

`status` is asked for when a client is new, which a count of octets tells: OpenVPN may log each question.
What OpenVPN logs is heard only while clients are called back: whom it refuses is told nowhere else.
"""

import re
import socket
from collections.abc import Callable
from typing import NamedTuple

from haven.agent.loop import Scope

RECEIVE = 65536
LONGEST_LINE = 1 << 20
# A column of `status 3` may have the protocol before the address; a client by IPv6 comes without its port.
_PLACE = re.compile(r"(\d+\.\d+\.\d+\.\d+:\d+)$")
_ADDRESS, _INSIDE, _NUMBER = 2, 3, 10
_VERSION = re.compile(r">INFO:.*Interface Version (\d+)")
# From this version on (OpenVPN 2.7) `kill` takes an address without its protocol for somebody's name.
PROTOCOL_WANTED = 6
# The same words from OpenVPN 2.4 to 2.7. A server by IPv6 has other addresses, which `kill` does not find.
_REFUSED = re.compile(r"Cannot accept new session request from \[AF_INET\](\d+\.\d+\.\d+\.\d+:\d+)")
# What ends a connection and keeps the client's password; it then begins anew with the same server.
BEGIN_ANEW = "RESTART,[P]"
COUNT_EVERY_S = 1


class ConnectedClient(NamedTuple):
    """A client as `status` lists it; `ready` when it has an address inside the tunnel."""

    number: str
    place: str
    ready: bool


class Management:
    """One connection; `changed` after each list of clients, `lost` when it has ended.

    `refused` hears the place of a client whose new session is not let in, as it has one that is ending.
    """

    def __init__(
        self,
        scope: Scope,
        path: str,
        changed: Callable[[], None],
        refused: Callable[[str], None],
        lost: Callable[[], None],
    ) -> None:
        """Connect. Raises OSError where nobody listens."""
        self._scope, self._changed, self._refused, self._lost = scope, changed, refused, lost
        self.clients: list[ConnectedClient] = []
        self._listed: list[ConnectedClient] = []
        self._numbers: set[str] = set()
        # Who is let in before the server is ready gets no answer yet.
        self.is_ready = False
        self._version = 0
        self._octets = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        scope.watch(self._socket, lambda _events: self._read())
        self._say(f"bytecount {COUNT_EVERY_S}")
        self.ask()

    def ask(self) -> None:
        """Ask who is connected."""
        self._say("status 3")

    def end(self, client: ConnectedClient) -> None:
        """Let a client begin anew."""
        self._say(f'client-kill {client.number} "{BEGIN_ANEW}"')

    def hear_refusals(self, wanted: bool) -> None:
        """Hear of whom OpenVPN refuses, or no more."""
        self._say(f"log {'on' if wanted else 'off'}")

    def forget(self, place: str) -> None:
        """Drop the session of a client at once, without a word to it."""
        self._say(f"kill udp:{place}" if self._version >= PROTOCOL_WANTED else f"kill {place}")

    def close(self) -> None:
        """Hang up."""
        self._scope.forget(self._socket)
        self._socket.close()

    def _say(self, line: str) -> None:
        try:
            self._socket.sendall(line.encode() + b"\n")
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        # Not from within a call of its owner's.
        self._scope.after(0, self._lost)

    def _read(self) -> None:
        try:
            octets = self._socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        *lines, self._octets = (self._octets + octets).split(b"\n")
        if not octets or len(self._octets) > LONGEST_LINE:
            self._lost()
            return
        for line in lines:
            self._hear(line.decode("utf-8", "replace").strip())

    def _hear(self, line: str) -> None:
        if line.startswith(">BYTECOUNT_CLI:"):
            number = line.partition(":")[2].partition(",")[0]
            if number not in self._numbers:
                self.ask()
        elif line.startswith("TITLE\t"):
            self._listed, self._numbers = [], set()
        elif line.startswith("CLIENT_LIST\t"):
            self._list(line.split("\t"))
        elif line == "END":
            self.clients, self.is_ready = self._listed, True
            self._changed()
        elif (refused := _REFUSED.search(line)) is not None:
            self._refused(refused[1])
        elif (version := _VERSION.match(line)) is not None:
            self._version = int(version[1])

    def _list(self, columns: list[str]) -> None:
        if len(columns) <= _NUMBER:
            return
        self._numbers.add(columns[_NUMBER])
        place = _PLACE.search(columns[_ADDRESS])
        if place is not None:
            self._listed.append(ConnectedClient(columns[_NUMBER], place[1], bool(columns[_INSIDE])))
