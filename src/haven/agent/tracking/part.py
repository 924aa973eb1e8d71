# SPDX-License-Identifier: GPL-2.0-or-later
"""The part that makes the checks of hosts and scripts; without any in the plan nothing of it is loaded."""

from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings

if TYPE_CHECKING:
    from haven.agent.tracking.watched_check import WatchedCheck


class TrackingPart(Part):
    """Keeps the checks that the plan has; one that stays as it is does not notice another plan."""

    name = "tracking"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._checks: list[WatchedCheck] = []

    def take_plan(self) -> None:
        """Begin and end checks as the plan has them."""
        wanted = self.around.plan.get(self.name, {}).get("checks", [])
        kept = {each.check["name"]: each for each in self._checks if each.check in wanted}
        for each in self._checks:
            if each not in kept.values():
                each.close()
        self._checks = [kept.get(check["name"]) or self._start(check) for check in wanted]

    def _start(self, check: dict[str, Any]) -> "WatchedCheck":
        from haven.agent.tracking.watched_check import WatchedCheck

        return WatchedCheck(self.around.scope, check, self.around.report)

    def close(self) -> None:
        """End what is under way."""
        for each in self._checks:
            each.close()

    def account(self) -> dict[str, Any]:
        """Return all checks for the status."""
        return {"tracking": {"checks": [each.account() for each in self._checks]}} if self._checks else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return which checks fail, or cannot be made."""
        return [found for each in self._checks for found in each.problems()]
