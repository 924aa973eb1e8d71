# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that havend starts on MicroPython: by the shell, with a FIFO that tells of their end.

A FIFO and two files in a folder of its own stand for the pipe and the process id that CPython has.
"""

import errno
import os
import select

from haven.core.clock import NEVER, SECOND
from haven.havend.host.micropython import Poller, now
from haven.private_folder import for_a_moment

LONGEST_COMPLAINT = 1 << 16
TOO_LONG = "it takes too long"
LONGEST_WAIT = 10 * SECOND
KILLED = 9
FOLDER = "%s/havend-%d-%d"
MOST_TAKEN = 100

# Its own input, what it complains of, and its status before the FIFO closes. The process id is its own.
SCRIPT = """echo 0 2>/dev/null >/proc/self/oom_score_adj
cd %(folder)s && mkfifo end && {
( { sh -c 'echo $$ >id; exec "$@" <input 2>&3' sh %(argv)s 3>&3
echo $? >status; } >/dev/null 2>&1 3>end ) & }"""

_count = [0]


class Child:
    """A program that was started with a text on its standard input, watched by a poller.

    `status` is None until it has ended; `complaint` is the beginning of what it says on stderr.
    """

    def __init__(self, argv: "list[str]", text: str, poller: Poller) -> None:
        """Start it. Raises OSError."""
        self._folder = _own_folder()
        with open(self._folder + "/input", "w") as file:
            file.write(text)
        if os.system(SCRIPT % {"folder": self._folder, "argv": " ".join([_quoted(each) for each in argv])}):
            self._clear()
            raise OSError(12, "the shell does not start it")
        self._end = open(self._folder + "/end", "rb")  # noqa: SIM115
        self._poller = poller
        poller.add(self._end.fileno())
        self.complaint = b""
        self.status: int | None = None

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is its own."""
        return self._end is not None and descriptor == self._end.fileno()

    def read(self, descriptor: int) -> None:
        """Take in what is ready there."""
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        while waiting.poll(0):
            octet = self._end.read(1)
            if not octet:
                self.status = int(self._told("status") or KILLED)
                self._forget()
                return
            if len(self.complaint) < LONGEST_COMPLAINT:
                self.complaint += octet

    def wait(self, limit: int) -> None:
        """Read until its end, but no longer than so many microseconds."""
        until = now() + limit
        while self.status is None and now() < until:
            own = select.poll()
            own.register(self._end.fileno(), select.POLLIN)
            if own.poll(min(until - now(), LONGEST_WAIT) // 1000 + 1):
                self.read(self._end.fileno())

    def kill(self) -> None:
        """End it, and hear no more of it."""
        identity = self._told("id")
        if identity:
            os.system("kill -9 %s 2>/dev/null" % identity)
        self._forget()

    def _told(self, name: str) -> str:
        try:
            with open(self._folder + "/" + name) as file:
                return str(file.read()).strip()
        except OSError:
            return ""

    def _forget(self) -> None:
        if self._end is not None:
            self._poller.remove(self._end.fileno())
            self._end.close()
            self._end = None
        self._clear()

    def _clear(self) -> None:
        for name in ("input", "id", "status", "end"):
            if os.path.exists(self._folder + "/" + name):
                os.unlink(self._folder + "/" + name)
        os.rmdir(self._folder)


def _own_folder() -> str:
    """Return a new folder; one that was killed may have left some. Raises OSError."""
    for _ in range(MOST_TAKEN):
        _count[0] += 1
        folder = FOLDER % (for_a_moment(), os.getpid(), _count[0])
        try:
            os.mkdir(folder)
            return folder
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
    raise OSError(errno.EEXIST, "there is no name left in " + for_a_moment())


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def run(argv: "list[str]", text: str = "", limit: int = NEVER) -> "tuple[int, str]":
    """Run a program with this text on its standard input; return its status and what it complained of.

    Only at start and at the end: it waits, but no longer than `limit` microseconds.
    """
    try:
        child = Child(argv, text, Poller())
    except OSError as error:
        return 127, "%s: %s" % (argv[0], error)
    child.wait(limit)
    if child.status is None:
        child.kill()
        return -KILLED, TOO_LONG
    return child.status, child.complaint.decode()
