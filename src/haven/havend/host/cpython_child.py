# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that havend starts, as CPython starts and ends them."""

import os
import select

from haven.core.clock import NEVER, SECOND
from haven.havend import memory_shortage
from haven.havend.host.cpython import Poller, now
from haven.light import signal, suppress

# More than anybody reads of it.
LONGEST_COMPLAINT = 1 << 16
TOO_LONG = "it takes too long"
# poll() takes no more than an int of milliseconds.
LONGEST_WAIT = 10 * SECOND

# Children that were killed and have not been seen to end.
_unburied: "list[int]" = []


class Child:
    """A program that was started with a text on its standard input, watched by a poller.

    `status` is None until it has ended; `complaint` is the beginning of what it says on stderr.
    """

    def __init__(self, argv: "list[str]", text: str, poller: Poller) -> None:
        """Start it. Raises OSError."""
        _bury()
        self._pid, self._stderr = _spawn(argv, text)
        try:
            self._end = os.pidfd_open(self._pid)
        except OSError:
            os.close(self._stderr)
            self._end_group()
            raise
        self._poller = poller
        self._watched = [self._stderr, self._end]
        for descriptor in self._watched:
            poller.add(descriptor)
        self.complaint = b""
        self.status: int | None = None

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of its own."""
        return descriptor in self._watched

    def read(self, descriptor: int) -> None:
        """Take in what is ready there."""
        if descriptor == self._stderr:
            self._listen()
            return
        if self._stderr in self._watched:
            self._listen()
        self.status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self._forget(*self._watched)

    def wait(self, limit: int) -> None:
        """Read until its end, but no longer than so many microseconds."""
        until = now() + limit
        while self.status is None and now() < until:
            own = select.poll()
            for descriptor in self._watched:
                own.register(descriptor, select.POLLIN)
            for descriptor, _mask in own.poll(min(until - now(), LONGEST_WAIT) // 1000 + 1):
                if descriptor in self._watched:
                    self.read(descriptor)

    def kill(self) -> None:
        """End it and what it has started, and hear no more of it."""
        self._end_group()
        self._forget(*self._watched)

    def _end_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        # One that hangs in the kernel does not die at once.
        _unburied.append(self._pid)

    def _listen(self) -> None:
        try:
            octets = os.read(self._stderr, LONGEST_COMPLAINT)
        except BlockingIOError:
            return
        self.complaint += octets[: LONGEST_COMPLAINT - len(self.complaint)]
        if not octets:
            self._forget(self._stderr)

    def _forget(self, *descriptors: int) -> None:
        for descriptor in descriptors:
            self._poller.remove(descriptor)
            os.close(descriptor)
        self._watched = [each for each in self._watched if each not in descriptors]


def _bury() -> None:
    """Take note of the end of those that were killed."""
    _unburied[:] = [pid for pid in _unburied if os.waitpid(pid, os.WNOHANG)[0] == 0]


def _spawn(argv: "list[str]", text: str) -> "tuple[int, int]":
    """Start a program; return its process id and a descriptor with what it complains of. Raises OSError."""
    given = os.memfd_create("stdin")
    try:
        reader, writer = os.pipe()
    except OSError:
        os.close(given)
        raise
    score = ""
    try:
        os.write(given, text.encode())
        os.lseek(given, 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, writer, 2)]
        score = memory_shortage.score_of_children()
        # A process group of its own, so that what it has started can be ended with it.
        child = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions, setpgroup=0)
    except OSError:
        os.close(reader)
        raise
    finally:
        memory_shortage.restore(score)
        os.close(given)
        os.close(writer)
    os.set_blocking(reader, False)
    return child, reader


def run(argv: "list[str]", text: str = "", limit: int = NEVER) -> "tuple[int, str]":
    """Run a program with this text on its standard input; return its status and what it complained of.

    Only at start and at the end: it waits, but no longer than `limit` microseconds.
    """
    try:
        child = Child(argv, text, Poller())
    except OSError as error:
        return 127, "%s: %s" % (argv[0], error.strerror)
    child.wait(limit)
    if child.status is None:
        child.kill()
        return -signal.SIGKILL, TOO_LONG
    return child.status, child.complaint.decode("utf-8", "replace")
