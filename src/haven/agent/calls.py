# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions whose answers take a while, asked without waiting: of havend, and of programs."""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from typing import IO, Any

RECEIVE = 1 << 16
# More than any answer of ours: a plan for 250 virtual routers has half a megabyte.
LONGEST_ANSWER = 8 << 20

SILENT = "havend does not answer"
NOT_RUNNING = "havend is not running"
UNINTELLIGIBLE = "havend's answer is not understood; are havend and haven-agent of one version?"


class CallFailure(Exception):
    """Why there is no answer: `kind` is "havend" (nobody there), "late" or "refused"."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class ControlCall:
    """One request to havend over a connection of its own; `done` gets the result or a Failure."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        run_dir: str,
        request: dict[str, Any],
        done: Callable[[Any], None],
    ) -> None:
        self._selector, self._done = selector, done
        self._received = b""
        self.ended = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        selector.register(self._socket, selectors.EVENT_READ, self._read)
        try:
            self._socket.connect(os.path.join(run_dir, "havend.sock"))
            # A line is shorter than any socket's buffer.
            self._socket.send(json.dumps(request).encode() + b"\n")
        except BlockingIOError:
            self.end(CallFailure("havend", SILENT))
        except OSError:
            self.end(CallFailure("havend", NOT_RUNNING))

    def expire(self) -> None:
        """Give up waiting."""
        self.end(CallFailure("late", SILENT))

    def end(self, outcome: Any) -> None:
        """Hang up and tell the outcome."""
        self.ended = True
        self._selector.unregister(self._socket)
        self._socket.close()
        self._done(outcome)

    def _read(self, _events: int) -> None:
        try:
            octets = self._socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        self._received += octets
        if b"\n" in octets or len(self._received) > LONGEST_ANSWER:
            self.end(_result(self._received.partition(b"\n")[0]))
        elif not octets:
            self.end(CallFailure("havend", "havend hung up before it had answered"))


def _result(line: bytes) -> Any:
    try:
        answer = json.loads(line)
        return answer["result"] if answer["ok"] is True else CallFailure("refused", str(answer["error"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return CallFailure("havend", UNINTELLIGIBLE)


class ChildEnd:
    """How a program ended: its exit status (negative: the signal) and what it wrote."""

    def __init__(self, status: int, output: str, complaint: str) -> None:
        self.status = status
        self.output = output
        self.complaint = complaint


class ChildCall:
    """A child with pipes; `done` gets Ended or a Failure. What it leaves running is not waited for."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        argv: Sequence[str],
        stdin: str | None,
        done: Callable[["ChildEnd | CallFailure"], None],
    ) -> None:
        self._selector, self._done = selector, done
        self._written: dict[IO[bytes], bytes] = {}
        self.ended = False
        self._child = _spawn(argv, stdin)
        assert self._child.stdout is not None and self._child.stderr is not None
        for pipe in (self._child.stdout, self._child.stderr):
            os.set_blocking(pipe.fileno(), False)
            self._written[pipe] = b""
            selector.register(pipe, selectors.EVENT_READ, lambda _events, pipe=pipe: self._read(pipe))
        self._end = os.pidfd_open(self._child.pid)
        selector.register(self._end, selectors.EVENT_READ, lambda _events: self._finish())

    def expire(self) -> None:
        """End it and what it has started."""
        self._kill(CallFailure("late", "it takes too long"))

    def _kill(self, why: CallFailure) -> None:
        # A process group of its own, of which it is the head.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._tell(why)

    def _read(self, pipe: IO[bytes]) -> bool:
        """Take what is there; tell whether there was something."""
        try:
            octets = os.read(pipe.fileno(), RECEIVE)
        except BlockingIOError:
            return False
        self._written[pipe] += octets
        if not octets:
            self._selector.unregister(pipe)
            pipe.close()
        elif len(self._written[pipe]) > LONGEST_ANSWER:
            self._kill(CallFailure("refused", "it says too much"))
        return bool(octets)

    def _finish(self) -> None:
        for pipe in self._written:
            while not pipe.closed and self._read(pipe):
                pass
        if not self.ended:
            output, complaint = (octets.decode("utf-8", "replace") for octets in self._written.values())
            self._tell(ChildEnd(self._child.wait(), output, complaint))

    def _tell(self, outcome: "ChildEnd | CallFailure") -> None:
        self._child.wait()
        for pipe in self._written:
            if not pipe.closed:
                self._selector.unregister(pipe)
                pipe.close()
        self._selector.unregister(self._end)
        os.close(self._end)
        self.ended = True
        self._done(outcome)


def _spawn(argv: Sequence[str], stdin: str | None) -> "subprocess.Popen[bytes]":
    source = os.open(os.devnull, os.O_RDONLY)
    if stdin is not None:
        os.close(source)
        # A file without a name: a pipe could be full, and a name could be left behind.
        source = os.memfd_create("candidate")
        os.write(source, stdin.encode("utf-8", "replace"))
        os.lseek(source, 0, os.SEEK_SET)
    try:
        return subprocess.Popen(
            argv,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    finally:
        os.close(source)
