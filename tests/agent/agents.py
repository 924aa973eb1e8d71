# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent as a process, beside a havend; and in a thread, with parts of the test's own."""

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from haven.agent.agent import PARTS, Agent
from haven.agent.part import Part
from tests.havend.machines import Havend, environment, python

# The name of the log is told.
StartAgent = Callable[[str], "subprocess.Popen[bytes]"]


class AgentProcess:
    """haven-agent of one havend."""

    def __init__(self, havend: Havend, ubus: Path) -> None:
        self._havend = havend
        self._environment = {**environment(), "HAVEN_UBUS_SOCKET": str(ubus)}
        self.log = havend.folder / "agent.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "AgentProcess":
        """Start it and do not wait for it."""
        options = ["--config", str(self._havend.config), "--run-dir", str(self._havend.run_dir)]
        options += ["--root", str(self._havend.folder)]
        argv = ["ip", "netns", "exec", self._havend.machine.name, *python("haven.agent.main"), *options]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(argv, env=self._environment, stderr=log, stdout=log)
        return self

    def processor_seconds(self) -> float:
        """Return how much of a processor it has used."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def children(self) -> list[str]:
        """Return the processes that it has started and that have not ended."""
        assert self._process is not None
        pid = self._process.pid
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)


class AgentThread:
    """haven-agent in a thread, for `with`; what it raises is raised at the end."""

    def __init__(self, run_dir: Path, *kinds: type[Part]) -> None:
        self._agent = Agent(str(run_dir), str(run_dir / "haven"), kinds or PARTS, str(run_dir))
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self._agent.run()
        except BaseException as error:
            self._errors.append(error)
            # Nobody waits for the next word of one that is not there any more.
            self._agent._link.close()

    def __enter__(self) -> "AgentThread":
        self._thread.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self._agent.ending = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "the agent does not end"
        if self._errors:
            raise self._errors[0]
