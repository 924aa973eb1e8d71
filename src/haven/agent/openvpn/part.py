# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for OpenVPN's clients: there, and loaded, from the first plan that has servers."""

from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings

if TYPE_CHECKING:
    from haven.agent.openvpn.callbacks import Callbacks


class OpenvpnPart(Part):
    """Knows who is connected, and calls them back after a takeover."""

    name = "openvpn"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._callbacks: Callbacks | None = None

    def take_plan(self) -> None:
        """Take the servers of the plan in force."""
        wanted = self.around.plan.get(self.name)
        if self._callbacks is None and wanted is not None:
            from haven.agent.openvpn.callbacks import Callbacks

            self._callbacks = Callbacks(self.around)
        if self._callbacks is not None:
            self._callbacks.take_plan(wanted["servers"] if wanted is not None else [])

    def take_roles(self) -> None:
        """Follow the state of each group."""
        if self._callbacks is not None:
            self._callbacks.take_roles()

    def close(self) -> None:
        """Let go of what does not go with the scope."""
        if self._callbacks is not None:
            self._callbacks.close()

    def account(self) -> dict[str, Any]:
        """Return each server with its clients, where there are any."""
        return self._callbacks.account() if self._callbacks is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return whose clients nobody would call."""
        return self._callbacks.problems() if self._callbacks is not None else []
