# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with services by role: each a real process that writes down when it runs."""

import contextlib
from pathlib import Path

from tests.lab.agent_node import AgentNode
from tests.lab.haven_node import HavenNode

# Who starts while another of it runs writes that down, too.
START = """cd {folder}
echo $ROLE start >>told
{first}
[ ! -e pid ] || ! kill -0 $(cat pid) || echo twice >>told
setsid sh -c 'while :; do date +%s%N >>runs; sleep 0.02; done' >/dev/null 2>&1 &
echo $! >pid
"""
STOP = """cd {folder}
echo $ROLE stop >>told
[ ! -e pid ] || kill -9 $(cat pid)
rm -f pid
"""
SECTION = """
config service '{name}'
	option group 'gateway'
	option start 'sh {folder}/start'
	option stop 'sh {folder}/stop'
{more}"""


class ServiceNode(AgentNode):
    """haven with its agent, and services instead of connections."""

    # (name, what its start does first, more lines of its section), in their order.
    services: tuple[tuple[str, str, str], ...] = ()

    def config_text(self) -> str:
        """Write the UCI text, with the services."""
        text = HavenNode.config_text(self)
        for number, (name, first, more) in enumerate(self.services):
            folder = self.service_folder(name)
            folder.mkdir(exist_ok=True)
            (folder / "start").write_text(START.format(folder=folder, first=first))
            (folder / "stop").write_text(STOP.format(folder=folder))
            text += SECTION.format(name=name, folder=folder, more=f"\toption order '{number}'\n{more}")
        return text

    def service_folder(self, name: str) -> Path:
        """Return where a service writes."""
        return self.folder / f"service-{name}"

    def told(self, name: str) -> list[str]:
        """Return what a service was told: its role and the action, a line each."""
        with contextlib.suppress(FileNotFoundError):
            return (self.service_folder(name) / "told").read_text().splitlines()
        return []

    def ran_at(self, name: str) -> list[int]:
        """Return when a service has run, nanoseconds since the epoch."""
        with contextlib.suppress(FileNotFoundError):
            return [int(each) for each in (self.service_folder(name) / "runs").read_text().split()]
        return []

    def service(self, name: str) -> dict:
        """Return a service as the status has it; empty while it is not told of."""
        found = [each for each in self.status().get("services", []) if each["name"] == name]
        return found[0] if found else {}
