# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for WANs that are dialled; where the plan has none it loads nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings
from haven.agent.roles import Change

if TYPE_CHECKING:
    from haven.agent.wan.wans import Wans


class WanPart(Part):
    """Keeps the interface of each WAN up on the Active alone."""

    name = "wan"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._wans: Wans | None = None

    def take_plan(self) -> None:
        """Take the plan: other WANs are other ones, the same go on."""
        wanted = self.around.plan.get("wan")
        if self._wans is None and wanted:
            from haven.agent.wan.wans import Wans

            self._wans = Wans(self.around)
        if self._wans is not None:
            self._wans.take_plan(wanted["wans"] if wanted else [])

    def take_roles(self) -> None:
        """Take the state of every group."""
        if self._wans is not None:
            self._wans.take_roles()

    def take_change(self, change: Change) -> None:
        """Take the change of state of one group, with its reason."""
        if self._wans is not None:
            self._wans.take_change(change)

    def prepare(self, done: Callable[[], None]) -> None:
        """Give the leases back where the last router of a pair ends."""
        if self._wans is not None:
            self._wans.prepare(done)
        else:
            done()

    def end(self, done: Callable[[], None]) -> None:
        """Take the interfaces down that another router has by now, before nobody looks after them."""
        if self._wans is not None:
            self._wans.end(done)
        else:
            done()

    def account(self) -> dict[str, Any]:
        """Return what is shown of each WAN."""
        return {"wan": {"wans": self._wans.account()}} if self._wans is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with the WANs."""
        return self._wans.problems() if self._wans is not None else []

    def close(self) -> None:
        """Leave the devices as they were found."""
        if self._wans is not None:
            self._wans.close()
