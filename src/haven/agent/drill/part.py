# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for drills: loaded while one holds this router, or where the plan has a schedule."""

import os
from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings
from haven.light import suppress
from haven.paths import DRILL_NOTE, inside

if TYPE_CHECKING:
    from haven.agent.drill.drill_keeper import DrillKeeper

LOOK_S = 1.0


class DrillPart(Part):
    """Looks whether there is a drill, or is to be one."""

    name = "drill"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._keeper: DrillKeeper | None = None
        self._note = inside(around.run_dir, DRILL_NOTE)
        around.scope.every(LOOK_S, self._look)

    def _look(self) -> None:
        if self._keeper is None and (self.around.plan.get(self.name) or self._is_held()):
            from haven.agent.drill.drill_keeper import DrillKeeper

            self._keeper = DrillKeeper(self.around)
        if self._keeper is not None:
            self._keeper.look()

    def _is_held(self) -> bool:
        with suppress(OSError):
            os.stat(self._note)
            return True
        return False

    def account(self) -> dict[str, Any]:
        """Return the drill that is under way, and the schedule where there is one."""
        planned = self.around.plan.get(self.name)
        if self._keeper is None:
            return {"drill": {"owner": None}} if planned else {}
        return self._keeper.account(planned)
