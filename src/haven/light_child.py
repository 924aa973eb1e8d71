# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that are started and waited for, as with Python's subprocess, which weighs a megabyte."""

from __future__ import annotations

import os
from io import FileIO

from haven.light import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from subprocess import Popen
    from typing import Any

# What Python ignores, and a program that it starts must not.
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
_unburied: list[LightChild | Popen[bytes]] = []


class LightChild:
    """A program in a process group of its own, or in ours; `stdout` and `stderr` read what it captures.

    `stdin` is a descriptor, and `output` those that it writes to, for one that is not captured; all ours.
    """

    def __init__(
        self,
        argv: Sequence[str],
        stdin: int,
        output: tuple[int, int] | None = None,
        environment: Mapping[str, str] | None = None,
        own_group: bool = True,
    ) -> None:
        """Start it. Raises OSError."""
        bury()
        self.stdout: FileIO | None = None
        self.stderr: FileIO | None = None
        self._status: int | None = None
        environment = os.environ if environment is None else environment
        if output is not None:
            self.pid = _spawn(argv, (stdin, *output), environment, own_group)
            return
        (out, out_writer), (error, error_writer) = os.pipe(), os.pipe()
        self.stdout, self.stderr = FileIO(out), FileIO(error)
        try:
            self.pid = _spawn(argv, (stdin, out_writer, error_writer), environment, own_group)
        except OSError:
            self.stdout.close()
            self.stderr.close()
            raise
        finally:
            os.close(out_writer)
            os.close(error_writer)

    def poll(self) -> int | None:
        """Return the exit status (negative: the signal) when it has ended."""
        return self._take(os.WNOHANG)

    def wait(self) -> int:
        """Wait for its end; return its exit status (negative: the signal)."""
        status = self._take(0)
        assert status is not None
        return status

    def _take(self, how: int) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, how)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        # Once it is buried, its number may be another's.
        if self.poll() is None:
            os.kill(self.pid, number)


def bury(*left: LightChild | Popen[bytes]) -> None:
    """Bury those that were left and have ended meanwhile; these are left now."""
    _unburied[:] = [child for child in (*_unburied, *left) if child.poll() is None]


def _spawn(argv: Sequence[str], theirs: Sequence[int], environment: Mapping[str, str], own: bool) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, mine, number) for number, mine in enumerate(theirs)]
    more: dict[str, Any] = {"setpgroup": 0} if own else {}
    return os.posix_spawnp(argv[0], list(argv), environment, file_actions=actions, setsigdef=_IGNORED, **more)
