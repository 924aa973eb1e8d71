# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for WireGuard; where the plan has none it loads nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings

if TYPE_CHECKING:
    from haven.agent.wireguard.tunnels import Tunnels


class WireguardPart(Part):
    """Keeps WireGuard up on the Active alone, and its peers called after a takeover."""

    name = "wireguard"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._tunnels: Tunnels | None = None

    def take_plan(self) -> None:
        """Take the plan: other tunnels are other ones, the same go on."""
        wanted = self.around.plan.get("wireguard")
        if self._tunnels is None and wanted:
            from haven.agent.wireguard.tunnels import Tunnels

            self._tunnels = Tunnels(self.around)
        if self._tunnels is not None:
            self._tunnels.take_plan(wanted["tunnels"] if wanted else [])

    def take_roles(self) -> None:
        """Take the state of every group."""
        if self._tunnels is not None:
            self._tunnels.take_roles()

    def end(self, done: Callable[[], None]) -> None:
        """Wait until what is not to be up here is down, before nobody looks after it."""
        if self._tunnels is not None:
            self._tunnels.end(done)
        else:
            done()

    def account(self) -> dict[str, Any]:
        """Return what is shown of each tunnel."""
        return {"wireguard": {"tunnels": self._tunnels.account()}} if self._tunnels is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with the tunnels."""
        return self._tunnels.problems() if self._tunnels is not None else []

    def close(self) -> None:
        """Hear nobody any more."""
        if self._tunnels is not None:
            self._tunnels.close()
