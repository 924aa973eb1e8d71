# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend knows of the agent: whether it lives, what it reports, and what it has to do first.

havend never waits for the agent longer than PREPARE_LIMIT, and then only before a handover that it was
asked for.
"""

import os

from haven.core.clock import NEVER, SECOND
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.havend.control_server import ControlClient

# The agent reports every second.
SILENCE = 5 * SECOND
PREPARE_LIMIT = 2 * SECOND
# Where one of these is, the agent has work even when no connections are copied: it serves ubus, and so
# LuCI, and calls the user's scripts.
WORK = ("/var/run/ubus", "/var/run/ubus.sock", "/etc/hotplug.d/haven")


class AgentLink:
    """The connection of the agent and its last report."""

    def __init__(self) -> None:
        self._client: ControlClient | None = None
        self._report: dict[str, Any] = {}
        self._reported_at = -NEVER
        self._begun = system.now()
        self._waiting: list[Callable[[], None]] = []
        self.deadline = NEVER

    def attach(self, client: "ControlClient") -> None:
        """Take a connection as the agent's; it hears every event."""
        client.follows = True
        self._client = client

    def take(self, report: "dict[str, Any]", now: int) -> None:
        """Remember what the agent reports."""
        self._report, self._reported_at = report, now

    def is_alive(self, now: int) -> bool:
        """Tell whether the agent has reported lately."""
        connected = self._client is not None and not self._client.closed
        return connected and now - self._reported_at < SILENCE

    def is_missed(self, copies_connections: bool, now: int) -> bool:
        """Tell whether there is work for the agent and it has not reported; at the start it has time."""
        if self.is_alive(now) or now - self._begun < SILENCE:
            return False
        return copies_connections or any(os.path.exists(path) for path in WORK)

    def is_in_sync(self, now: int) -> bool:
        """Tell whether this node has the connections of the Active, as far as the agent knows."""
        return self.is_alive(now) and self._report.get("in_sync") is True

    def connections(self, now: int) -> "dict[str, Any]":
        """Return the agent's account of the connection table."""
        found = self._report.get("conntrack") if self.is_alive(now) else None
        return found if isinstance(found, dict) else {}

    def peers(self, now: int) -> "list[dict[str, Any]]":
        """Return what the agents of the other routers tell of themselves."""
        return self._list("peers", now)

    def problems(self, now: int) -> "list[dict[str, str]]":
        """Return the problems that the agent reports."""
        return self._list("problems", now)

    def _list(self, name: str, now: int) -> "list[dict[str, Any]]":
        found = self._report.get(name) if self.is_alive(now) else None
        return found if isinstance(found, list) else []

    def prepare(self, then: "Callable[[], None]", now: int) -> None:
        """Do something after the agent has sent what is pending, or after a while in any case."""
        if self._client is None or not self.is_alive(now):
            then()
            return
        self._waiting.append(then)
        self.deadline = now + PREPARE_LIMIT
        self._client.reply({"prepare": True})

    def prepared(self) -> None:
        """Do what has waited for the agent."""
        self.deadline = NEVER
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()
