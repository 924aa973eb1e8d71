# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part on ubus: the object `haven`, the event `haven.state`, and what netifd says."""

from haven.agent.part import Part, Surroundings
from haven.agent.roles import Change
from haven.agent.ubus.methods import NAME, SIGNATURE, UbusMethods
from haven.ubus.codec import Table
from haven.ubus.server import UbusServer

EVENT = "haven.state"
# netifd's, of each interface that has come up or gone down.
INTERFACE_EVENT = "network.interface"


class UbusPart(Part):
    """Serves the object and sends the events; where there is no ubusd it costs next to nothing."""

    name = "ubus"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._methods = UbusMethods(around.scope, around.run_dir, around.config)
        self._server = UbusServer(around.scope, NAME, SIGNATURE, self._methods.called)
        self._server.listen(INTERFACE_EVENT, self._hear_interface)
        self._server.connect()

    def take_change(self, change: Change) -> None:
        """Tell of a change of state."""
        document = {"group": change.group, "from": change.before, "to": change.after}
        more = {"reason": change.reason, "node": self.around.node, "since": change.at}
        self._server.send_event(EVENT, {**document, **more})

    def _hear_interface(self, event: Table) -> None:
        if event.get("action") == "ifup":
            self.around.interface_up(str(event.get("interface")))

    def close(self) -> None:
        """Leave ubus."""
        self._methods.close()
        self._server.close()
