# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's side of the holder: starts it, and lets go what a holder that hangs or has died would keep.

The queue's socket is this process's as well, so that the kernel keeps what waits although the holder dies,
and everything can be told to pass. With the socket the queue is gone; the rule passes it by then.
"""

import select
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from haven import light_socket as socket
from haven.agent.loop import Scope, Timer
from haven.contract.strict_json import read_json, write_json
from haven.leases import nfqueue
from haven.light import suppress
from haven.own_program import argv_of

# A holder that lives lets go after a tenth of a second.
PATIENCE_S = 0.15
# From the start of Python to its first word, on a slow router.
START_S = 20.0
SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
RECEIVE = 1 << 16
MOST_READS = 64

Hear = Callable[[dict[str, Any]], None]


class HolderLink:
    """The holder of one router; `failure` says why there is none."""

    def __init__(self, scope: Scope, hear: Hear) -> None:
        self._scope, self._hear_word = scope.inner(), hear
        self._queue: socket.socket | None = None
        self._line: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._holds = False
        self._waiting: dict[int, float] = {}
        self._heard_at = 0.0
        self._check: Timer | None = None
        self._pause = SHORTEST_WAIT_S
        self.is_ready = False
        self.failure = ""

    def start(self) -> None:
        """Start it; what keeps it from starting is tried again later."""
        try:
            self._queue = nfqueue.open_queue()
        except OSError as why:
            self._give_up(f"netfilter's queue {nfqueue.NUMBER}: {why.strerror or why}")
            return
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line, self._heard_at = mine, time.monotonic()
        mine.setblocking(False)
        try:
            self._child = _spawn(self._queue, its)
        except OSError as why:
            self._give_up(f"it does not start: {why.strerror}")
            return
        finally:
            its.close()
        self._scope.watch(mine, lambda _events: self._read())
        self._check_after(START_S)

    def _give_up(self, why: str) -> None:
        self._end()
        if why != self.failure:
            print(f"haven-agent: the holder of DHCP answers: {why}", file=sys.stderr, flush=True)
        self.failure = why
        self._scope.after(self._pause, self.start)
        self._pause = min(2 * self._pause, LONGEST_WAIT_S)

    def hold(self, holds: bool) -> None:
        """Let it hold from now on, or pass."""
        if holds != self._holds:
            self._holds = holds
            self._say({"holds": holds})

    def let_go(self, number: int) -> None:
        """Let it let one go, as the lease is known elsewhere."""
        self._say({"kept": number})

    def _say(self, order: dict[str, Any]) -> None:
        if self._line is not None and self.is_ready:
            # One that reads nothing hangs, and is found out.
            with suppress(OSError):
                self._line.send(write_json(order).encode())

    # What it says

    def _read(self) -> None:
        for _ in range(MOST_READS):
            if self._line is None:
                return
            try:
                octets = self._line.recv(RECEIVE)
            except BlockingIOError:
                return
            except OSError:
                octets = b""
            if not octets:
                self._give_up("it has died")
                return
            self._hear(read_json(octets))

    def _hear(self, word: dict[str, Any]) -> None:
        self._heard_at = time.monotonic()
        if "ready" in word:
            self.is_ready, self.failure = True, ""
            self._check_no_more()
            self._say({"holds": self._holds})
            self._watch_queue()
            self._scope.after(LONGEST_WAIT_S, self._forget_failure)
            return
        if "ack" in word and self._holds:
            self._waiting[word["ack"]] = self._heard_at
            self._check_after(PATIENCE_S)
        elif "done" in word:
            self._waiting.pop(word["done"], None)
        self._hear_word(word)

    def _forget_failure(self) -> None:
        if self.is_ready:
            self._pause = SHORTEST_WAIT_S

    # Whether it lives

    def _watch_queue(self) -> None:
        if self._queue is not None:
            self._scope.watch(self._queue, lambda _events: self._something_came())

    def _something_came(self) -> None:
        # It is the holder's to read. Until it has, this would be called again and again.
        if self._queue is not None:
            self._scope.forget(self._queue)
            self._check_after(PATIENCE_S)

    def _check_after(self, seconds: float) -> None:
        if self._check is None or self._check.act is None:
            # One that passes what is no ACK says nothing of it.
            self._say({"lives": True})
            self._check = self._scope.after(seconds, self._look)

    def _check_no_more(self) -> None:
        if self._check is not None:
            self._check.cancel()
        self._check = None

    def _look(self) -> None:
        """Give it up when it has said nothing for long, although something waits for it."""
        self._check = None
        # This process may have been busy itself: what was said meanwhile has not been heard.
        self._read()
        if self._queue is None:
            return
        if not self.is_ready:
            self._give_up("it does not begin")
            return
        since = time.monotonic() - PATIENCE_S
        waits = any(at < since for at in self._waiting.values()) or bool(_readable(self._queue))
        if waits and self._heard_at <= since:
            self._give_up("it hangs")
            return
        self._watch_queue()
        # It lives, and may have had no room to say that one is gone.
        self._waiting = {number: at for number, at in self._waiting.items() if at > since - PATIENCE_S}
        if self._waiting:
            self._check_after(PATIENCE_S)

    # The end

    def close(self) -> None:
        """End it; what waits passes."""
        self._end()
        self._scope.close()

    def _end(self) -> None:
        self.is_ready = False
        self._check_no_more()
        self._waiting.clear()
        if self._child is not None:
            self._child.kill()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(1)
            self._child = None
        for sock in (self._line, self._queue):
            if sock is not None:
                self._scope.forget(sock)
        if self._queue is not None:
            with suppress(OSError):
                nfqueue.accept_all(self._queue)
            self._queue.close()
            self._queue = None
        if self._line is not None:
            self._line.close()
            self._line = None


def _readable(sock: socket.socket) -> list[Any]:
    return select.select([sock], [], [], 0)[0]


def _spawn(queue: socket.socket, line: socket.socket) -> "subprocess.Popen[bytes]":
    numbers = (queue.fileno(), line.fileno())
    argv = argv_of("lease-holder", *(str(number) for number in numbers))
    return subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=2, pass_fds=numbers, close_fds=True, start_new_session=True
    )
