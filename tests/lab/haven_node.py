# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with haven on it."""

import json
import socket
import sys
from pathlib import Path

from haven.contract.event_log import check_event
from haven.contract.status import check_status
from tests.lab.gateway import Side, peers
from tests.lab.network import Network
from tests.lab.node import Node, executable

SOURCES = Path(__file__).resolve().parents[2] / "src"


class Refused(Exception):
    """havend answered that it does not do what it was asked."""


class HavenNode(Node):
    """havend on a router, and a client of its control socket."""

    program = "havend"
    has_agent = False

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        super().__init__(network, name, **gateway)
        self.run_dir = self.folder / "run"
        self.run_dir.mkdir(exist_ok=True)
        # What is below /etc on a machine of its own.
        self.root = self.folder / "root"

    def config_text(self) -> str:
        """Write the UCI text."""
        gateway = self.gateway
        sections = [
            section("haven", "main", enabled=1, node=self.name),
            section(
                "group",
                gateway.group,
                preempt=gateway.preempt,
                preempt_delay=gateway.preempt_delay,
                witness=gateway.witnesses,
                **gateway.group_more,
            ),
            *(self._virtual_router(side) for side in gateway.sides),
        ]
        return "\n".join(sections)

    def _virtual_router(self, side: Side) -> str:
        gateway = self.gateway
        options = {
            "group": gateway.group,
            "device": self.router.device(side.segment),
            "vrid": side.vrid,
            "version": gateway.version,
            "priority": gateway.priority,
            "advert_interval": gateway.interval_ms,
            "virtual_mac": gateway.virtual_mac,
            "accept": gateway.accept,
            "address": side.addresses,
            "track_interface": gateway.tracks,
            "unicast_peer": tuple(peers(self.network, self.name, side)) if gateway.unicast else (),
            **gateway.more,
        }
        if gateway.unicast_hops:
            options["unicast_hops"] = gateway.unicast_hops
            options["unicast_hops_unsigned"] = "auth_key" not in gateway.more
        if gateway.auth_pass:
            options["auth_pass"] = gateway.auth_pass
        return section("virtual_router", side.name, **options)

    def command(self) -> list[str]:
        """Start the installed havend, or the one in the sources."""
        program = executable("havend") or [sys.executable, "-m", "haven.havend.main"]
        return [*program, "--config", str(self.config_path), "--run-dir", str(self.run_dir)]

    def environment(self) -> dict[str, str]:
        """Let Python find the sources and say at once what it says."""
        return {"PYTHONPATH": str(SOURCES), "PYTHONUNBUFFERED": "1"}

    def ask(self, command: str, budget: float = 30, **arguments: object) -> object:
        """Ask one thing of the control socket; OSError when nobody answers, Refused when it says no."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(budget)
            line.connect(str(self.run_dir / "havend.sock"))
            line.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            with line.makefile("rb") as answers:
                text = answers.readline()
        if not text:
            raise ConnectionResetError(f"havend on {self.name} hung up without an answer to {command}")
        answer = json.loads(text)
        if not answer["ok"]:
            raise Refused(answer["error"])
        return answer.get("result")

    def status(self) -> dict:
        """Ask for the status document, which keeps the contract whatever is the matter."""
        return check_status(self.ask("status", budget=20))

    def events(self) -> list[dict]:
        """Ask for the events so far."""
        return [check_event(each) for each in self.ask("events", follow=False)]

    def state(self) -> str | None:
        """Tell its state as its status has it; None when havend does not answer."""
        try:
            return self.status()["state"]
        except (OSError, Refused):
            return None

    def hears_active(self) -> bool:
        """Tell whether a Backup has heard the Active on every side."""
        return all(entry["active"]["seen_ms"] is not None for entry in self.status()["virtual_routers"])

    def virtual_router(self, name: str) -> dict:
        """Tell one virtual router's part of the status."""
        return next(entry for entry in self.status()["virtual_routers"] if entry["name"] == name)

    def group(self, name: str = "gateway") -> dict:
        """Tell one group's part of the status."""
        return next(entry for entry in self.status()["groups"] if entry["name"] == name)

    def asks_kernel(self, name: str = "gateway") -> bool:
        """Tell whether a Backup trusts the answers of the Active's kernel on all ways to it."""
        detection = self.group(name)["detection"]
        return detection["by"] == "heartbeat" and all(way["believed"] for way in detection["ways"])

    def problems(self) -> list[dict]:
        """Tell the problems of the status; that no agent speaks is none where none was started."""
        found = self.status()["problems"]
        return found if self.has_agent else [each for each in found if each["code"] != "agent-silent"]

    def cli(self, *argv: str) -> str:
        """Run the haven command against this node."""
        setting = [f"{key}={value}" for key, value in self.environment().items()]
        return self.router.namespace.run("env", *setting, *self.cli_command(), *argv)

    def cli_command(self) -> list[str]:
        """Return the haven command for this node, to which words are added."""
        program = executable("haven") or [sys.executable, "-m", "haven.cli.main"]
        paths = ["--config", str(self.config_path), "--run-dir", str(self.run_dir), "--root", str(self.root)]
        return [*program, *paths]


def section(kind: str, name: str, **options: object) -> str:
    """Return a section as UCI has it."""
    lines = [f"config {kind} '{name}'"]
    for key, value in options.items():
        if isinstance(value, tuple):
            lines += [f"\tlist {key} '{item}'" for item in value]
        else:
            lines.append(f"\toption {key} '{int(value) if isinstance(value, bool) else value}'")
    return "\n".join(lines) + "\n"
