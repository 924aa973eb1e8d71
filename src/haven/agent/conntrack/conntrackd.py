# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd as a child: started, told what to do, started again when it ends."""

import os
import shutil
import subprocess

from haven.agent.conntrack import conntrackd_socket

# The wait before a restart doubles up to this, so that a conntrackd that cannot start costs little.
LONGEST_WAIT_S = 30.0
SHORTEST_WAIT_S = 0.5
# It takes orders within a tenth of a second where the machine has nothing else to do.
STARTING_S = 5.0


class Conntrackd:
    """One conntrackd with its configuration in the run directory; time is injected, in seconds."""

    def __init__(self, conf: str, run_dir: str) -> None:
        self.conf = conf
        self._run_dir = run_dir
        self._path = os.path.join(run_dir, "conntrackd.conf")
        self._socket = os.path.join(run_dir, "conntrackd.ctl")
        self._process: subprocess.Popen[bytes] | None = None
        self._wait = SHORTEST_WAIT_S
        self._started_at = 0.0
        self.start_at = 0.0
        self.restarts = -1
        self.failure = ""

    def is_installed(self) -> bool:
        """Tell whether the program is there."""
        return shutil.which("conntrackd", path=_path()) is not None

    def is_running(self) -> bool:
        """Tell whether the child lives."""
        return self._process is not None and self._process.poll() is None

    def has_ended(self) -> bool:
        """Tell whether there was a child that nobody has noted the end of."""
        return self._process is not None and self._process.poll() is not None

    def start(self, now: float) -> None:
        """Start the child. Raises OSError."""
        self._started_at = now
        with open(self._path, "w") as file:
            file.write(self.conf.replace("@RUN_DIR@", self._run_dir))
        if self.answers():
            # The child of an agent that was killed has lived on, and holds the port.
            conntrackd_socket.ask(self._socket, conntrackd_socket.KILL, conntrackd_socket.ANSWER_LIMIT_S)
        for left in (os.path.join(self._run_dir, "conntrackd.lock"), self._socket):
            if os.path.exists(left):
                os.unlink(left)
        self._process = subprocess.Popen(
            ["conntrackd", "-C", self._path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PATH": _path()},
        )
        self.restarts += 1

    def note_end(self, now: float) -> None:
        """Set the time of the next start after the child has ended."""
        lived = now - self._started_at
        self._wait = SHORTEST_WAIT_S if lived > LONGEST_WAIT_S else min(self._wait * 2, LONGEST_WAIT_S)
        self.start_at = now + self._wait
        self._process = None

    def is_starting(self, now: float) -> bool:
        """Tell whether it lives and has not had the time to take orders."""
        return self.is_running() and now - self._started_at < STARTING_S

    def answers(self) -> bool:
        """Tell whether the child takes orders yet."""
        return os.path.exists(self._socket)

    def order(self, name: str) -> bool:
        """Give one order; tell whether it was taken."""
        return conntrackd_socket.order(self._socket, conntrackd_socket.ORDERS[name])

    def statistics(self, part: str, limit: float) -> str:
        """Return what it says of its statistics within so many seconds, nothing when it does not answer."""
        return conntrackd_socket.ask(self._socket, conntrackd_socket.STATISTICS[part], limit)

    def question(self, now: float) -> conntrackd_socket.ConntrackdQuestion:
        """Ask for its statistics without waiting for them."""
        return conntrackd_socket.ConntrackdQuestion(self._socket, conntrackd_socket.STATISTICS[""], now)

    def terminate(self) -> None:
        """Let the child end; it is started again."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """End the child."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _path() -> str:
    # On Debian a user's PATH has no /usr/sbin, where conntrackd is.
    return os.environ.get("PATH", "") + os.environ.get("HAVEN_SBIN", ":/usr/sbin:/sbin")
