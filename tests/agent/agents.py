# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent as a process, beside a havend."""

import subprocess
from pathlib import Path

from tests.havend.machines import Havend, environment, python


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
        argv = ["ip", "netns", "exec", self._havend.machine.name, *python("haven.agent.main"), *options]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(argv, env=self._environment, stderr=log, stdout=log)
        return self

    def processor_seconds(self) -> float:
        """Return how much of a processor it has used."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

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
