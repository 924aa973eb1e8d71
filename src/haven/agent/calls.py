# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions whose answers take a while, asked without waiting: of havend, and of programs."""

import os
import select
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol

from haven import light_socket as socket
from haven import paths
from haven.contract.control import LONGEST_ANSWER, Refusal, read_answer
from haven.light import signal, suppress
from haven.light_child import LightChild, bury

if TYPE_CHECKING:
    from subprocess import Popen

RECEIVE = 1 << 16
# After the end of a program: no pipe of its holds more (pipe(7), pipe-max-size).
MOST_READS = 16


class Watcher(Protocol):
    """What calls the back of a call when something can be read: a scope of the loop."""

    def watch(self, descriptor: Any, act: Callable[[int], None], writing: bool = False) -> None:
        """Call `act` with the loop's events when something can be read, or written as well."""

    def forget(self, descriptor: Any) -> None:
        """Watch a descriptor no more."""


class CallFailure(Exception):
    """Why there is no answer: `kind` is "havend" (nobody there), "late" or "refused"."""

    def __init__(self, kind: str, text: str, refusal: Refusal | None = None) -> None:
        super().__init__(text)
        self.kind = kind
        self.refusal = refusal


def _failure(kind: str, code: str) -> CallFailure:
    refusal = Refusal(code)
    return CallFailure(kind, str(refusal), refusal)


class ControlCall:
    """One request over a connection of its own; `done` gets the result or a CallFailure.

    It goes to havend, or to the agent itself, whose socket is `name` then.
    """

    def __init__(
        self,
        watcher: Watcher,
        run_dir: str,
        request: bytes,
        done: Callable[[Any], None],
        name: str = paths.CONTROL_SOCKET,
    ) -> None:
        self._watcher, self._done = watcher, done
        self._received = b""
        self._unsent = request
        self.ended = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.connect(paths.inside(run_dir, name))
        except BlockingIOError:
            self._end(_failure("havend", "silent"))
        except OSError:
            is_havend = name == paths.CONTROL_SOCKET
            self._end(
                _failure("havend", "not-running") if is_havend else _failure("refused", "agent-not-running")
            )
        else:
            self._send()

    def expire(self) -> None:
        """Give up waiting."""
        if not self.ended:
            self._end(_failure("late", "silent"))

    def abandon(self) -> None:
        """Hang up and tell nobody."""
        if not self.ended:
            self._hang_up()

    def _end(self, outcome: Any) -> None:
        self._hang_up()
        self._done(outcome)

    def _hang_up(self) -> None:
        self.ended = True
        self._watcher.forget(self._socket)
        self._socket.close()

    def _send(self) -> None:
        """Send what the connection takes; the rest when it takes more."""
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            # It has hung up, and may have said why before.
            self._unsent = b""
        self._watcher.watch(self._socket, self._serve, bool(self._unsent))

    def _serve(self, events: int) -> None:
        if self._unsent and events & select.EPOLLOUT:
            self._send()
        if events & select.EPOLLIN:
            self._read()

    def _read(self) -> None:
        try:
            octets = self._socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        self._received += octets
        if b"\n" in octets or len(self._received) > LONGEST_ANSWER:
            self._end(_result(self._received.partition(b"\n")[0]))
        elif not octets:
            self._end(_failure("havend", "hung-up"))


def _result(line: bytes) -> Any:
    try:
        return read_answer(line)
    except Refusal as why:
        return CallFailure("havend" if why.code == "unintelligible" else "refused", str(why), why)


class ChildEnd:
    """How a program ended: its exit status (negative: the signal) and what it wrote."""

    def __init__(self, status: int, output: str = "", complaint: str = "") -> None:
        self.status = status
        self.output = output
        self.complaint = complaint


class ChildCall:
    """A child whose end is waited for; `done` gets ChildEnd or a CallFailure.

    With `captures` what it writes is read, up to `most` octets, or, with `keeps`, the last so many; else it
    writes where we do. What it leaves running is not waited for, and with `whole_group` ended. `user` is whom
    it runs as.
    """

    def __init__(
        self,
        watcher: Watcher,
        argv: Sequence[str],
        stdin: str | None,
        done: Callable[[ChildEnd | CallFailure], None],
        captures: bool = True,
        environment: dict[str, str] | None = None,
        user: str | None = None,
        most: int = LONGEST_ANSWER,
        whole_group: bool = False,
        keeps: int | None = None,
    ) -> None:
        self._watcher, self._done = watcher, done
        self._most, self._whole_group, self._keeps = most, whole_group, keeps
        self._written: dict[IO[bytes], bytes] = {}
        self.ended = False
        self._child = _spawn(argv, stdin, captures, environment, user)
        pipes = [pipe for pipe in (self._child.stdout, self._child.stderr) if pipe is not None]
        try:
            self._end = os.pidfd_open(self._child.pid)
        except OSError:
            self._kill()
            for pipe in pipes:
                pipe.close()
            raise
        for pipe in pipes:
            os.set_blocking(pipe.fileno(), False)
            self._written[pipe] = b""
            watcher.watch(pipe, self._reader(pipe))
        watcher.watch(self._end, lambda _events: self._finish())

    @property
    def pid(self) -> int:
        """The child's process."""
        return self._child.pid

    def expire(self) -> None:
        """End it and what it has started."""
        if not self.ended:
            self._kill()
            self._tell(CallFailure("late", "it takes too long"))

    def abandon(self) -> None:
        """End it and tell nobody."""
        if not self.ended:
            self._kill()
            self._let_go()

    def _reader(self, pipe: IO[bytes]) -> Callable[[int], None]:
        def read(_events: int) -> None:
            self._read(pipe)

        return read

    def _kill(self) -> None:
        # A process group of its own, of which it is the head.
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def _read(self, pipe: IO[bytes]) -> bool:
        """Take what is there; tell whether there was something."""
        try:
            octets = os.read(pipe.fileno(), RECEIVE)
        except BlockingIOError:
            return False
        self._written[pipe] += octets
        if self._keeps is not None:
            self._written[pipe] = self._written[pipe][-self._keeps :]
        if not octets:
            self._watcher.forget(pipe)
            pipe.close()
        elif len(self._written[pipe]) > self._most:
            self._kill()
            self._tell(CallFailure("refused", "it says too much"))
        return bool(octets)

    def _read_rest(self, pipe: IO[bytes]) -> None:
        # What it has left running may write on as fast as this reads.
        for _ in range(MOST_READS):
            if pipe.closed or not self._read(pipe):
                break

    def _finish(self) -> None:
        for pipe in self._written:
            self._read_rest(pipe)
        if not self.ended:
            if self._whole_group:
                # It is not buried yet, so its number is still its own.
                self._kill()
            written = [octets.decode("utf-8", "replace") for octets in self._written.values()]
            self._tell(ChildEnd(self._child.wait(), *written))

    def _tell(self, outcome: ChildEnd | CallFailure) -> None:
        self._let_go()
        self._done(outcome)

    def _let_go(self) -> None:
        self.ended = True
        # One that hangs in the kernel does not die at once.
        bury(self._child)
        for pipe in self._written:
            if not pipe.closed:
                self._watcher.forget(pipe)
                pipe.close()
        self._watcher.forget(self._end)
        os.close(self._end)


def _spawn(
    argv: Sequence[str],
    stdin: str | None,
    captures: bool,
    environment: dict[str, str] | None,
    user: str | None = None,
) -> "LightChild | Popen[bytes]":
    source = os.open(os.devnull, os.O_RDONLY)
    if stdin is not None:
        os.close(source)
        # A file without a name: a pipe could be full, and a name could be left behind.
        source = os.memfd_create("stdin")
        os.write(source, stdin.encode("utf-8", "replace"))
        os.lseek(source, 0, os.SEEK_SET)
    try:
        if user is not None:
            return _spawn_as(user, argv, source, captures, environment)
        # What is not captured goes to the log, as what is wrong does.
        return LightChild(argv, source, None if captures else (2, 2), environment)
    finally:
        os.close(source)


def _spawn_as(
    user: str, argv: Sequence[str], source: int, captures: bool, environment: dict[str, str] | None
) -> "LightChild | Popen[bytes]":
    # Only who has such a check pays for what they bring.
    import pwd
    import subprocess

    found = pwd.getpwnam(user)
    return subprocess.Popen(
        argv,
        stdin=source,
        stdout=subprocess.PIPE if captures else 2,
        stderr=subprocess.PIPE if captures else None,
        env=environment,
        process_group=0,
        user=found.pw_uid,
        group=found.pw_gid,
        extra_groups=[],
    )
