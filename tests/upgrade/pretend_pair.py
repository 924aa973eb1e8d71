# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers that do as an upgrade asks, in no time, and whatever goes wrong on the way."""

import base64
from pathlib import Path
from typing import Any

from haven.upgrade.package_file import PackageFile, read_package
from haven.upgrade.rollout import Rollout
from haven.upgrade.rollout_note import NoteFile
from haven.upgrade.routers import Router, RouterRefusal, RouterSilent
from tests.upgrade.packages import ipk

OLD, NEW = "1.0-r1", "2.0-r1"


class PretendRouter:
    """One router; `goes_wrong` has what is to happen at which request."""

    def __init__(self, pair: "PretendPair", name: str) -> None:
        self.pair, self.name = pair, name
        self.installed = {"haven": OLD}
        self.running = "1.0"
        self.maintenance = False
        self.stage, self.words = "idle", ""
        self.problems: list[dict[str, str]] = []
        self.state_when_standby = "backup"
        self.copies, self.in_sync = True, True
        self.received = b""
        self.asked: list[str] = []
        self.goes_wrong: dict[str, Any] = {}

    @property
    def is_active(self) -> bool:
        return self.pair.active == self.name

    def ask(self, command: str, **arguments: Any) -> Any:
        """Answer a request, as the agent does."""
        self.asked.append(command)
        wrong = self.goes_wrong.get(command)
        if isinstance(wrong, Exception):
            raise wrong
        if wrong is not None:
            return wrong(**arguments)
        return getattr(self, command.replace("upgrade-", "upgrade_").replace("-", "_"))(**arguments)

    def status(self) -> dict[str, Any]:
        state = "active" if self.is_active else self.state_when_standby
        group = {"name": "gateway", "state": state, "maintenance": self.maintenance, "faults": []}
        rank = 10 * (9 - int(self.name[1:]))
        router = {
            "name": "lan",
            "group": "gateway",
            "state": state,
            "active": {"address": "10.0.0.1"},
            "configured_priority": rank,
        }
        return {
            "groups": [group],
            "virtual_routers": [router],
            "problems": self.problems,
            "conntrack": {"in_sync": self.in_sync} if self.copies else {},
        }

    def maintenance_(self, on: bool) -> dict[str, Any]:
        self.maintenance = on
        if on and self.is_active:
            other = self.pair.other(self.name)
            if other.state_when_standby != "backup" or other.maintenance:
                return {"still_active": ["gateway"]}
            self.pair.active = other.name
        return {"handed_over": ["gateway"], "still_active": []}

    def switchover(self, group: str) -> dict[str, Any]:
        self.pair.active = self.pair.other(self.name).name
        return {"handed_over": [group]}

    def upgrade_state(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "words": self.words,
            "installed": dict(self.installed),
            "running": self.running,
            "leads": False,
        }

    def upgrade_offer(self, packages: list[Any], only_judge: bool, **_more: Any) -> dict[str, Any]:
        if not only_judge:
            self.received, self.stage = b"", "receiving"
        return {"wanted": [each["name"] for each in packages if each["name"] in self.installed]}

    def upgrade_piece(self, octets: str, **_more: Any) -> dict[str, Any]:
        self.received += base64.b64decode(octets)
        return {"have": len(self.received)}

    def upgrade_drop(self, token: str) -> dict[str, Any]:
        self.received = b""
        return {}

    def upgrade_install(self, token: str) -> dict[str, Any]:
        assert not self.is_active, "it is in service"
        assert not self.pair.routers[self.pair.active].maintenance, "nobody serves"
        self.installed, self.running, self.stage = {"haven": NEW}, "2.0", "installed"
        return {}


class PretendPair:
    """r1, which is Active, and r2, perhaps more, each ranking less; the command is called on r1."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.active = "r1"
        self.routers = {name: PretendRouter(self, name) for name in ("r1", "r2", *more)}
        self.notes = NoteFile(str(folder / "root"))
        self.package: PackageFile = read_package(str(ipk(folder, version=NEW)))
        self.said: list[str] = []

    def other(self, name: str) -> PretendRouter:
        """Return who takes over from a router: the best of the others, those in maintenance last."""
        others = [router for router in self.routers.values() if router.name != name]
        return min(others, key=lambda router: router.maintenance)

    def ask(self, node: str, command: str, **arguments: Any) -> Any:
        command = "maintenance_" if command == "maintenance" else command
        return self.routers[node].ask(command, **arguments)

    def rollout(self, *options: str) -> Rollout:
        """Begin, or go on, as the command does."""
        routers = [Router(node, self.ask) for node in reversed(self.routers)]
        return Rollout(routers, [self.package], list(options), self.notes, "aa" * 16, self._say)

    def _say(self, code: str, **facts: Any) -> None:
        self.said.append(f"{code} {facts.get('node', '')}".strip())


def silent() -> RouterSilent:
    """Make what a router that is away answers."""
    return RouterSilent("it is away")


def refusal(code: str) -> RouterRefusal:
    """Make a refusal."""
    return RouterRefusal(code, f"no: {code}")
