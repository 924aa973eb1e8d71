# SPDX-License-Identifier: GPL-2.0-or-later
"""One connection of a small node, or of a stranger: it proves a key, asks once, and is answered."""

import os
from collections.abc import Callable
from typing import Any

from haven import light_socket as socket
from haven.agent.loop import Scope
from haven.agent.served_connection import ServedConnection
from haven.contract.fields import DocumentError, check_object
from haven.contract.machine_facts import check_facts
from haven.contract.small_nodes import (
    BEGIN,
    HELLO,
    KEY,
    KEY_ID,
    LONGEST_QUESTION,
    NONCE,
    QUESTION,
    QUESTION_S,
    STRANGER_S,
)
from haven.contract.strict_json import read_json, write_json
from haven.core.auth.sealed_line import NotGenuine, SealedLine

RECEIVE = 1 << 16
# For an answer that is not read.
ANSWER_S = 30.0

KeyOf = Callable[[bytes], "tuple[str, bytes] | None"]


class Visitor(ServedConnection):
    """A connection; `name` once a key is proven. `ask` gets the question, `left` is called at its end."""

    ENDS = (OSError, NotGenuine)

    def __init__(
        self,
        scope: Scope,
        sock: socket.socket,
        address: str,
        key_of: KeyOf,
        ask: "Callable[[Visitor, dict[str, Any], str], None]",
        left: "Callable[[Visitor], None]",
    ) -> None:
        super().__init__(scope, sock, lambda: left(self))
        self.address, self._key_of, self._ask = address, key_of, ask
        self.name: str | None = None
        self._claimed = ""
        self._line: SealedLine | None = None
        self._received = b""
        self._unsent = memoryview(b"")
        self._is_asked = self._is_answered = False
        self._end = self._scope.after(STRANGER_S, self.leave)

    def hold(self, until: float, then: Callable[[], None]) -> None:
        """Wait for an answer until a time, and do something then; whoever has none soon after it leaves."""
        self._end.cancel()
        self._scope.at(until, then)
        self._end = self._scope.at(until + QUESTION_S, self.leave)

    def _read(self) -> None:
        octets = self._socket.recv(RECEIVE)
        if not octets or self._is_asked:
            # There is nothing more to be said.
            self.leave()
        elif self._line is not None:
            self._take(self._line.take(octets))
        else:
            self._greet(octets)

    def _greet(self, octets: bytes) -> None:
        self._received += octets
        if len(self._received) < HELLO and BEGIN.startswith(self._received[: len(BEGIN)]):
            return
        hello, rest = self._received[:HELLO], self._received[HELLO:]
        if not hello.startswith(BEGIN):
            self.leave()
            return
        asked, answer = hello[-NONCE:], os.urandom(NONCE)
        # Nobody is told whether a key is known: with another one no word opens.
        found = self._key_of(hello[len(BEGIN) :][:KEY_ID])
        self._claimed, key = found or ("", os.urandom(KEY))
        self._line = SealedLine(key, asked, answer, asks=False)
        self._received = b""
        self._say(answer)
        self._take(self._line.take(rest))

    def _take(self, pieces: list[bytes]) -> None:
        if pieces and self.name is None:
            self.name = self._claimed
            self._end.cancel()
            self._end = self._scope.after(QUESTION_S, self.leave)
        for piece in pieces:
            if not piece:
                self._is_asked = True
                self._ask_for(self._received)
                return
            self._received += piece
            if len(self._received) > LONGEST_QUESTION:
                self.leave()
                return

    def _ask_for(self, octets: bytes) -> None:
        try:
            question = check_object(read_json(octets.decode()), QUESTION, "the question")
            facts = check_facts(question["facts"])
        except (DocumentError, ValueError) as why:
            self.reply("refused", ["the facts are not understood: %s" % why])
            return
        self._ask(self, facts, question["have"])

    def reply(self, answer: str, problems: list[str], plan: bytes | None = None) -> None:
        """Answer, and hang up when it is sent."""
        if self.is_gone or self._is_answered:
            return
        assert self._line is not None
        self._is_answered = True
        self._end.cancel()
        self._end = self._scope.after(ANSWER_S, self.leave)
        document = {"answer": answer, "problems": problems}
        octets = self._line.document(write_json(document).encode())
        self._say(octets if plan is None else octets + self._line.document(plan))

    def _say(self, octets: bytes) -> None:
        self._unsent = memoryview(bytes(self._unsent) + octets)
        self._scope.watch(self._socket, self._serve, writing=True)

    def _send(self) -> None:
        while self._unsent:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        self._scope.watch(self._socket, self._serve)
        if self._is_answered:
            # Who asked hangs up when it has read everything.
            self._socket.shutdown(socket.SHUT_WR)
