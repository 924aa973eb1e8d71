# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for the history: there, and loaded, once this router has a group to remember."""

from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings
from haven.agent.roles import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from haven.agent.history.chronicler import Chronicler


class HistoryPart(Part):
    """Hands on to the chronicler what the agent hears."""

    name = "history"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._chronicler: Chronicler | None = None

    def take_plan(self) -> None:
        """Take the links to listen on."""
        if self._chronicler is not None:
            self._chronicler.take_plan()

    def take_roles(self) -> None:
        """Take the state of each group; with the first one there is something to remember."""
        if self._chronicler is None and self.around.roles.states:
            from haven.agent.history.chronicler import Chronicler

            self._chronicler = Chronicler(self.around)
            self._chronicler.take_plan()
        if self._chronicler is not None:
            self._chronicler.take_roles()

    def take_change(self, change: Change) -> None:
        """Note a change, and the outage that it ends."""
        if self._chronicler is not None:
            self._chronicler.take_change(change)

    def end(self, done: "Callable[[], None]") -> None:
        """Write what is not on the flash yet."""
        if self._chronicler is not None:
            self._chronicler.end()
        done()

    def account(self) -> dict[str, Any]:
        """Return how well the links are heard, and the last drills."""
        return self._chronicler.account() if self._chronicler is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return what keeps it from writing, and which link loses ADVERTISEMENTs."""
        return self._chronicler.problems() if self._chronicler is not None else []

    def close(self) -> None:
        """Let go of the sockets."""
        if self._chronicler is not None:
            self._chronicler.close()
