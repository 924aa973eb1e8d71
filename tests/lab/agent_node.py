# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with havend, haven-agent and, where it is installed, conntrackd."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.lab.haven_node import HavenNode
from tests.lab.node import executable
from tests.lab.wait import wait_until

LIMIT_FILE = "/proc/sys/net/netfilter/nf_conntrack_max"
CONNTRACK = """
config conntrack 'conntrack'
	option enabled '1'
	option device '%s'
	option address '%s'
"""


class AgentNode(HavenNode):
    """The whole of haven on a router."""

    has_agent = True
    # None leaves it to haven.
    renew_s: int | None = 10
    # Which segment the connections are copied over.
    sync_segment = "sync"
    # What differs from the network's addresses.
    sync_address = ""
    sync_peers: tuple[str, ...] = ()
    # More lines of the conntrack section.
    conntrack_more = ""
    agent: "subprocess.Popen[bytes] | None" = None
    # What the agent's environment has beyond havend's.
    agent_environment: dict[str, str] = {}
    # What the agent reads as the kernel's limit of connections, which is one for the whole machine.
    limit: Path | None = None

    def config_text(self) -> str:
        """Write the UCI text, with the copy of connections."""
        segment, routers = self.sync_segment, self.network.routers
        others = [router.address(segment) for name, router in routers.items() if name != self.name]
        peers = "".join(f"\tlist peer_address '{peer}'\n" for peer in self.sync_peers or others)
        own = self.sync_address or self.router.address(segment)
        link = CONNTRACK % (self.router.device(segment), own)
        renew = "" if self.renew_s is None else f"\toption renew '{self.renew_s}'\n"
        return super().config_text() + link + renew + peers + self.conntrack_more

    def start(self) -> "AgentNode":
        """Start havend, and the agent unless it runs."""
        super().start()
        wait_until(lambda: (self.run_dir / "havend.sock").exists(), 30, f"havend on {self.name} listens")
        if self.agent is None or self.agent.poll() is not None:
            self.start_agent()
        return self

    def start_agent(self) -> None:
        """Start the agent."""
        setting = [f"{key}={value}" for key, value in self.agent_environment.items()]
        with open(self.folder / "agent.log", "ab") as log:
            argv = [
                *self._with_limit(),
                "env",
                *setting,
                *self.agent_command(),
                "--run-dir",
                str(self.run_dir),
                "--config",
                str(self.config_path),
                "--root",
                str(self.root),
            ]
            self.agent = self.router.namespace.spawn(argv, log, self.environment())
        wait_until(self._agent_listens, 30, f"the agent on {self.name} listens")

    def _agent_listens(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
            return knocking.connect_ex(str(self.run_dir / "agent.sock")) == 0

    def agent_command(self) -> list[str]:
        """Start the installed agent, or the one in the sources."""
        return executable("haven-agent") or [sys.executable, "-m", "haven.agent.main"]

    def _with_limit(self) -> list[str]:
        if self.limit is None:
            return []
        # `ip netns exec` has given it mounts of its own.
        return ["sh", "-c", f'mount --bind {self.limit} {LIMIT_FILE} && exec "$@"', "sh"]

    def kill_agent(self) -> None:
        """End the agent at once; what it has started goes on or not, as it happens."""
        assert self.agent is not None
        self.agent.kill()
        self.agent.wait(60)

    def pids_of(self, program: str) -> list[int]:
        """Find the processes of a program on this router."""
        found = []
        for pid in self.router.namespace.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == program:
                    found.append(pid)
        return found

    def stop_agent(self) -> None:
        """Ask the agent to end, and wait until it has."""
        assert self.agent is not None
        self.agent.terminate()
        self.agent.wait(60)

    def kill_conntrackd(self) -> None:
        """End conntrackd at once."""
        self._signal_conntrackd(signal.SIGKILL)

    def freeze_conntrackd(self) -> None:
        """Let conntrackd tell nobody of anything any more."""
        self._signal_conntrackd(signal.SIGSTOP)

    def _signal_conntrackd(self, what: signal.Signals) -> None:
        for pid in self.pids_of("conntrackd"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def conntrack(self) -> dict:
        """Tell the status's account of connections."""
        return self.status()["conntrack"]

    def wait_in_sync(self, budget: float = 40) -> "AgentNode":
        """Wait until the node has the connections of the Active."""
        wait_until(lambda: self.conntrack().get("in_sync") is True, budget, f"{self.name} is in sync")
        return self
