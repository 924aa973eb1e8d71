# SPDX-License-Identifier: GPL-2.0-or-later
"""The metrics over HTTP: who listens, how many are served at once, and one question to havend for all."""

import collections
import errno
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from haven import light_socket as socket
from haven.agent.calls import CallFailure
from haven.agent.loop import Scope
from haven.agent.metrics.http_visitor import HttpVisitor
from haven.contract.control import ANSWER_PATIENCE_S, request
from haven.contract.problems import problem
from haven.metrics.metric_texts import metrics_text
from haven.spare_descriptor import accept_from

# When all of these have asked, the others wait in the kernel until one has its answer, or its time is over.
MOST_VISITORS = 16
BACKLOG = 128
# Whoever says nothing for so long has to make room.
TO_ASK_S = 0.5
# An address may come later, as a virtual one does.
RETRY_S = 5.0
# havend is asked no more often, whoever asks; nor is more than a part of the agent's time spent on it.
FRESH_S, PART = 1.0, 20


class MetricsServer:
    """Listens at each address that this router has, and asks havend for those who ask."""

    def __init__(self, scope: Scope, addresses: list[str], port: int) -> None:
        self._scope, self._addresses, self._port = scope.inner(), addresses, port
        self._listening: dict[str, socket.socket] = {}
        self._failures: dict[str, str] = {}
        self._visitors: list[HttpVisitor] = []
        self._is_resting = False
        self._waiting: list[Callable[[str], None]] = []
        self._text, self._good_until = "", 0.0
        self._scope.every(RETRY_S, self._listen)

    # Who asks

    def _listen(self) -> None:
        for address in self._addresses:
            if address not in self._listening:
                self._listen_at(address)

    def _listen_at(self, address: str) -> None:
        is_v6 = ":" in address
        try:
            sock = _listener(is_v6, address, self._port)
        except OSError as why:
            self._note_failure(address, why)
            return
        self._failures.pop(address, None)
        self._listening[address] = sock
        self._watch(sock)

    def _note_failure(self, address: str, why: OSError) -> None:
        text = why.strerror or str(why)
        if self._failures.get(address) != text and why.errno != errno.EADDRNOTAVAIL:
            print(f"haven-agent: metrics at {address}: {text}", file=sys.stderr, flush=True)
        self._failures[address] = text

    def _watch(self, sock: socket.socket) -> None:
        self._scope.watch(sock, lambda _events: self._accept(sock))

    def _accept(self, listening: socket.socket) -> None:
        if len(self._visitors) >= MOST_VISITORS and not self._make_room():
            self._rest()
            return
        found = accept_from(listening)
        if found is not None:
            self._visitors.append(HttpVisitor(self._scope, found[0], self._tell, self._left, found[1][0]))

    def _make_room(self) -> bool:
        """Send away who has asked nothing yet: of the machine that has most visitors the first."""
        late = time.monotonic() - TO_ASK_S
        silent = [each for each in self._visitors if not each.is_asked and each.since <= late]
        if silent:
            from_each = collections.Counter(each.address for each in self._visitors)
            max(silent, key=lambda each: from_each[each.address]).leave()
        return bool(silent)

    def _rest(self) -> None:
        if not self._is_resting:
            self._is_resting = True
            for each in self._listening.values():
                self._scope.forget(each)
            self._scope.after(TO_ASK_S, self._resume)

    def _resume(self) -> None:
        if self._is_resting and not self._scope.closed:
            self._is_resting = False
            for each in self._listening.values():
                self._watch(each)

    def _left(self, visitor: HttpVisitor) -> None:
        self._visitors.remove(visitor)
        self._resume()

    # What is told

    def _tell(self, done: Callable[[str], None]) -> None:
        """Call `done` with the metrics: those of a moment ago, or what havend says now."""
        if time.monotonic() < self._good_until:
            done(self._text)
            return
        self._waiting.append(done)
        if len(self._waiting) == 1:
            self._scope.ask_havend(request("status"), self._take, ANSWER_PATIENCE_S)

    def _take(self, outcome: Any) -> None:
        began = time.monotonic()
        self._text = metrics_text(None if isinstance(outcome, CallFailure) else outcome)
        ended = time.monotonic()
        self._good_until = ended + max(FRESH_S, PART * (ended - began))
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done(self._text)

    # What is shown

    def account(self) -> dict[str, Any]:
        """Return where it answers."""
        return {
            "port": self._port,
            "addresses": [each for each in self._addresses if each in self._listening],
        }

    def problems(self) -> list[dict[str, Any]]:
        """Return why it answers nowhere; of several addresses another router may have the others."""
        if self._listening or not self._failures:
            return []
        places = ", ".join(self._failures)
        errors = "; ".join(dict.fromkeys(self._failures.values()))
        return [problem("metrics-unserved", "metrics", addresses=places, port=self._port, error=errors)]

    def close(self) -> None:
        """Let everybody go."""
        self._scope.close()
        for visitor in list(self._visitors):
            visitor.leave()
        for sock in self._listening.values():
            sock.close()
        self._listening.clear()


def _listener(is_v6: bool, address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_v6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(BACKLOG)
    except OSError as why:
        sock.close()
        # Raised without words by _socket.
        raise OSError(why.errno, os.strerror(why.errno or 0)) from None
    return sock
