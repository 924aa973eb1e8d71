# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with services by role: each a real process that writes down when it runs."""

import contextlib
from pathlib import Path

from tests.lab.agent_node import AgentNode
from tests.lab.haven_node import HavenNode

# Who starts while another of it runs writes that down, too.
START = """cd {folder}
echo $ROLE start >>told
echo {name} start >>../order
{first}
[ ! -e pid ] || ! kill -0 $(cat pid) || echo twice >>told
setsid sh -c 'while :; do date +%s%N >>runs; sleep 0.02; done' >/dev/null 2>&1 &
echo $! >pid
echo {name} up >>../order
"""
STOP = """cd {folder}
echo $ROLE stop >>told
echo {name} stop >>../order
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
            (folder / "start").write_text(START.format(folder=folder, name=name, first=first))
            (folder / "stop").write_text(STOP.format(folder=folder, name=name))
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

    def order_broken(self, names: tuple[str, ...]) -> list[str]:
        """Return what was told too early, of services in their order: a start before one before it was up."""
        last, found = dict.fromkeys(names, "stop"), []
        with contextlib.suppress(FileNotFoundError):
            for line in (self.folder / "order").read_text().splitlines():
                name, word = line.split()
                if name not in names:
                    continue
                place = names.index(name)
                if word == "start" and any(last[each] != "up" for each in names[:place]):
                    found.append(line)
                if word == "stop" and any(last[each] == "up" for each in names[place + 1 :]):
                    found.append(line)
                last[name] = word
        return found

    def ran_at(self, name: str) -> list[int]:
        """Return when a service has run, nanoseconds since the epoch."""
        with contextlib.suppress(FileNotFoundError):
            return [int(each) for each in (self.service_folder(name) / "runs").read_text().split()]
        return []

    def service(self, name: str) -> dict:
        """Return a service as the status has it; empty while it is not told of."""
        found = [each for each in self.status().get("services", []) if each["name"] == name]
        return found[0] if found else {}
