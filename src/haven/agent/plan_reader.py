# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan in force as the agent reads it, and what is the matter with one that it cannot read."""

import os
from typing import Any

from haven import VERSION
from haven.contract import plan
from haven.contract.plan import PlanError, read_document
from haven.contract.problems import problem
from haven.paths import PLAN, inside


class PlanReader:
    """Reads the file of the plan; `is_read` once that was possible, until it is not."""

    def __init__(self, run_dir: str) -> None:
        self._path = inside(run_dir, PLAN)
        self._failure: PlanError | None = None
        self._seen: tuple[int, ...] | None = None
        self.is_read = False

    def read(self) -> dict[str, Any] | None:
        """Return the plan, or None for one that cannot be read."""
        self._seen = self._signature()
        try:
            document = read_document(self._path)
        except PlanError as error:
            self._failure, self.is_read = error, False
            return None
        self._failure, self.is_read = None, True
        return document

    def read_again(self) -> dict[str, Any] | None:
        """Return the plan where it could not be read, and has been written anew since."""
        return None if self.is_read or self._seen == self._signature() else self.read()

    def problems(self, is_missed: bool, havend_version: str) -> list[dict[str, Any]]:
        """Return why the plan is not read; `is_missed` when havend runs one, so that it has to be there."""
        if self._failure is None or (self._seen is None and not is_missed):
            return []
        diagnostic = self._failure.diagnostic
        if diagnostic.code != "plan-version":
            return [problem("plan-unread", "haven-agent", diagnostic=diagnostic.as_dict())]
        if _is_newer(diagnostic.facts["found"]):
            return [problem("agent-older", "haven-agent", version=VERSION)]
        return [problem("havend-older", "havend", version=havend_version)]

    def _signature(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _is_newer(found: str) -> bool:
    return found.isdecimal() and (len(found), found) > (len(str(plan.VERSION)), str(plan.VERSION))
