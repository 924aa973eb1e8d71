# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd as a child: started, told what to do, started again when it ends."""

import os
import sys
import time
from collections.abc import Callable

from haven import paths
from haven.agent.conntrack import conntrackd_socket
from haven.agent.conntrack.conntrackd_socket import ConntrackdSocket
from haven.agent.loop import Scope
from haven.light import which
from haven.light_child import LightChild

# The wait before a restart doubles up to this, so that a conntrackd that cannot start costs little.
LONGEST_WAIT_S = 30.0
SHORTEST_WAIT_S = 0.5
# It takes orders within a tenth of a second where the machine has nothing else to do.
STARTING_S = 5.0
# How often it is looked whether it takes orders yet, and whether it can be started now.
LOOK_S = 0.1
# The child of an agent that was killed has lived on, and holds the port: it has this long to end.
OLD_CHILD_S = 2.0
END_S = 5.0


class Conntrackd:
    """One conntrackd with its configuration in the run directory, kept running.

    `can_start` tells whether it would start now; `started` is called when it takes orders, `ended` when it is
    gone.
    """

    def __init__(
        self,
        conf: str,
        run_dir: str,
        scope: Scope,
        can_start: Callable[[], bool],
        started: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._conf, self._scope = conf.replace("@RUN_DIR@", run_dir), scope
        self._conf_path = paths.inside(run_dir, paths.CONNTRACKD_CONF)
        self._lock_path = paths.inside(run_dir, paths.CONNTRACKD_LOCK)
        self._socket_path = paths.inside(run_dir, paths.CONNTRACKD_SOCKET)
        self._can_start, self._tell_started, self._tell_ended = can_start, started, ended
        self.socket = ConntrackdSocket(self._socket_path, scope)
        self._process: LightChild | None = None
        self._end = -1
        self._wait = SHORTEST_WAIT_S
        self._started_at = 0.0
        self._stopped: Callable[[], None] | None = None
        self.takes_orders = False
        self.restarts = -1
        self.failure = ""
        self._keep_running()

    def is_installed(self) -> bool:
        """Tell whether the program is there."""
        return which("conntrackd", path=_search_path()) is not None

    def is_starting(self) -> bool:
        """Tell whether it lives and has not had the time to take orders."""
        return self._process is not None and time.monotonic() - self._started_at < STARTING_S

    def terminate(self, why: str) -> None:
        """Let the child end; it is started again."""
        if self._process is not None:
            _say_that_it_is_ended(why)
            self._process.terminate()

    def kill(self, why: str) -> None:
        """End the child, which does not end by itself; it is started again."""
        _say_that_it_is_ended(why)
        self._kill()

    def stop(self, done: Callable[[], None]) -> None:
        """End the child for good, then call `done`."""
        self._stopped = done
        if self._process is None:
            done()
            return
        self._process.terminate()
        self._scope.after(END_S, self._kill)

    def close(self) -> None:
        """Let the child end, and wait for nothing: whoever comes next asks it to end as well."""
        if self._process is not None:
            self._process.terminate()
            self._scope.forget(self._end)
            os.close(self._end)
            self._process = None

    # Its life

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _keep_running(self) -> None:
        if self._stopped is not None:
            return
        # It would end at once without its device; when it can start it waits for nothing else.
        if not self.is_installed() or not self._can_start():
            self._wait = SHORTEST_WAIT_S
            self._scope.after(SHORTEST_WAIT_S, self._keep_running)
        elif os.path.exists(self._socket_path):
            self._replace_old_child()
        else:
            self._start()

    def _replace_old_child(self) -> None:
        done = [False]

        def start_once(_text: str = "") -> None:
            if not done[0]:
                done[0] = True
                if self._stopped is None:
                    self._start()

        if not self.socket.ask(conntrackd_socket.KILL, start_once, OLD_CHILD_S):
            start_once()

    def _start(self) -> None:
        self._started_at, self.failure = time.monotonic(), ""
        try:
            with open(self._conf_path, "w") as file:
                file.write(self._conf)
            for left in (self._lock_path, self._socket_path):
                if os.path.exists(left):
                    os.unlink(left)
            self._process = self._spawn()
        except OSError as error:
            self.failure = str(error)
            self._start_later()
            return
        self.restarts += 1
        self._end = os.pidfd_open(self._process.pid)
        self._scope.watch(self._end, lambda _events: self._bury())
        # Not at once: whoever is told of it may have to be made first.
        process = self._process
        self._scope.after(0.0, lambda: self._look_for_socket(process))

    def _spawn(self) -> LightChild:
        place = which("conntrackd", _search_path()) or "conntrackd"
        nothing = os.open(os.devnull, os.O_RDWR)
        environment = {**os.environ, "PATH": _search_path()}
        try:
            return LightChild(
                [place, "-C", self._conf_path], nothing, (nothing, 2), environment, own_group=False
            )
        finally:
            os.close(nothing)

    def _look_for_socket(self, process: LightChild) -> None:
        if process is not self._process:
            return
        if os.path.exists(self._socket_path):
            self.takes_orders = True
            self._tell_started()
        else:
            self._scope.after(LOOK_S, lambda: self._look_for_socket(process))

    def _bury(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._process = None
        self._scope.forget(self._end)
        os.close(self._end)
        self.takes_orders = False
        self.socket.forget()
        if self._stopped is not None:
            self._stopped()
            return
        print("haven-agent: conntrackd has ended", file=sys.stderr, flush=True)
        self._tell_ended()
        self._start_later()

    def _start_later(self) -> None:
        lived = time.monotonic() - self._started_at
        self._wait = SHORTEST_WAIT_S if lived > LONGEST_WAIT_S else min(self._wait * 2, LONGEST_WAIT_S)
        self._scope.after(self._wait, self._keep_running)


def _say_that_it_is_ended(why: str) -> None:
    print(f"haven-agent: conntrackd is ended: {why}", file=sys.stderr, flush=True)


def _search_path() -> str:
    # On Debian a user's PATH has no /usr/sbin, where conntrackd is.
    return os.environ.get("PATH", "") + os.environ.get("HAVEN_SBIN", ":/usr/sbin:/sbin")
