# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part that keeps the table of connections copied, as the plan in force asks for it."""

from collections.abc import Callable
from typing import Any

from haven.agent.conntrack.guard import Guard
from haven.agent.conntrack.table_sync import TableSync
from haven.agent.loop import Scope
from haven.agent.part import Part, Surroundings
from haven.agent.roles import ACTIVE

# Of several groups in different states, the first of these is that of the gateway.
MOST_TELLING = (ACTIVE, "fault", "backup")


class ConntrackPart(Part):
    """Has a TableSync while the plan asks for one, and another for another plan."""

    name = "conntrack"
    vouches = True

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._wanted: dict[str, Any] | None = None
        self._scope: Scope | None = None
        self._sync: TableSync | None = None
        # The one of the plan before, until its conntrackd has ended.
        self._ending: TableSync | None = None
        self._ended: Callable[[], None] | None = None

    def take_plan(self) -> None:
        """Begin to copy, end it, or do it in another way."""
        wanted = self.around.plan.get(self.name)
        if wanted == self._wanted:
            if wanted is None and self._ending is None:
                # What an agent that was killed has left, of a section that is gone.
                Guard([], self.around.run_dir, self.around.scope).clear_left()
            return
        self._wanted = wanted
        before, self._sync = self._sync, None
        if before is not None:
            # The port and the run directory are one conntrackd's at a time.
            self._ending = before
            before.end(self._begin)
        elif self._ending is None:
            self._begin()

    def _begin(self) -> None:
        self._ending = None
        if self._ended is not None:
            self._ended()
            return
        if self._scope is not None:
            self._scope.close()
            self._scope = None
        if self._wanted is not None and self._sync is None:
            self._scope = self.around.scope.inner()
            self._sync = TableSync(self._wanted, self.around, self._scope)
            self.take_roles()

    def take_roles(self) -> None:
        """Follow the state of the gateway."""
        present = self.around.roles.states.values()
        # Before the first word of havend nothing is known: this may be the Active.
        if self._sync is None or not present:
            return
        state = next((each for each in MOST_TELLING if each in present), "initialize")
        self._sync.set_state(state)
        if state != ACTIVE:
            # havend has our word that we are in sync, from when we were Active.
            self.around.report()

    def prepare(self, done: Callable[[], None]) -> None:
        """Let the peer have what was sent."""
        if self._sync is None:
            done()
        else:
            self._sync.prepare(done)

    def end(self, done: Callable[[], None]) -> None:
        """End the copying with the agent."""
        if self._sync is not None:
            self._sync.end(done)
        elif self._ending is not None:
            self._ended = done
        else:
            done()

    def close(self) -> None:
        """Let go of conntrackd."""
        for sync in (self._sync, self._ending):
            if sync is not None:
                sync.close()

    def is_in_sync(self) -> bool:
        """Tell whether connections would live on; where none are copied, none are missed."""
        return self._wanted is None or (self._sync is not None and self._sync.is_in_sync())

    def account(self) -> dict[str, Any]:
        """Return the account of the tables."""
        return {} if self._sync is None else self._sync.account()

    def problems(self) -> list[dict[str, Any]]:
        """Return what keeps connections from living on."""
        return [] if self._sync is None else self._sync.problems()
