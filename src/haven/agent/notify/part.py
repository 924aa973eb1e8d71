# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for notices: there, and loaded, from the first plan that has somebody to be told."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings
from haven.agent.roles import Change

if TYPE_CHECKING:
    from haven.agent.notify.notifier import Notifier


class NotifyPart(Part):
    """Has people told what happens."""

    name = "notify"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._notifier: Notifier | None = None

    def take_plan(self) -> None:
        """Take who is told."""
        planned = self.around.plan.get(self.name)
        if planned is None:
            self.close()
            return
        if self._notifier is None:
            from haven.agent.notify.notifier import Notifier

            self._notifier = Notifier(self.around)
        self._notifier.take_plan(planned["sections"])

    def take_change(self, change: Change) -> None:
        """Look soon what there is to tell."""
        if self._notifier is not None:
            self._notifier.look_soon()

    def take_event(self, event: dict[str, Any]) -> None:
        """Take what is told as it happens."""
        if self._notifier is not None:
            self._notifier.take_event(event)

    def end(self, done: Callable[[], None]) -> None:
        """Keep what nobody has been told."""
        if self._notifier is not None:
            self._notifier.keep()
        done()

    def account(self) -> dict[str, Any]:
        """Return who is told, and what waits."""
        return {self.name: self._notifier.account()} if self._notifier is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return who cannot be told."""
        return self._notifier.problems() if self._notifier is not None else []

    def close(self) -> None:
        """Tell nobody any more."""
        if self._notifier is not None:
            self._notifier.close()
            self._notifier = None
