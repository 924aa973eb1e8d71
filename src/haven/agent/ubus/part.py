# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part on ubus: the object `haven`, and the event `haven.state` on each change of state."""

import selectors
from typing import Any

from haven.agent.plan_reader import node_name
from haven.agent.roles import Roles
from haven.agent.ubus.methods import NAME, SIGNATURE, UbusMethods
from haven.ubus.server import UbusServer

EVENT = "haven.state"


class UbusPart:
    """Serves the object and sends the events; where there is no ubusd it costs next to nothing."""

    def __init__(self, run_dir: str, config: str) -> None:
        self._run_dir = run_dir
        # One descriptor for all of them.
        self._selector = selectors.EpollSelector()
        self._methods = UbusMethods(self._selector, run_dir, config)
        self._connection = UbusServer(self._selector, NAME, SIGNATURE, self._methods.called)
        self._roles = Roles()
        self._node = ""

    def fileno(self) -> int | None:
        """Return a descriptor that is readable when one of ours is."""
        return self._selector.fileno()

    def next_deadline(self) -> float | None:
        """Return when drive() has something to do, or None."""
        times = (self._methods.next_deadline(), self._connection.next_deadline())
        return min((at for at in times if at is not None), default=None)

    def read(self) -> None:
        """Read and write what can be."""
        for key, events in self._selector.select(0):
            # Serving one may have closed another.
            if self._selector.get_map().get(key.fd) is key:
                key.data(events)

    def hear(self, event: dict[str, Any]) -> None:
        """Tell of changes of state."""
        if event["kind"] in ("roles", "reload"):
            self._node = node_name(self._run_dir) or self._node
        for change in self._roles.hear(event):
            document = {"group": change.group, "from": change.before, "to": change.after}
            more = {"reason": change.reason, "node": self._node, "since": change.at}
            self._connection.send_event(EVENT, {**document, **more})

    def drive(self, now: float) -> None:
        """Connect, and give up what is overdue."""
        self._connection.drive(now)
        self._methods.drive(now)

    def close(self) -> None:
        """Leave ubus."""
        self._methods.close()
        self._connection.close()
        self._selector.close()
