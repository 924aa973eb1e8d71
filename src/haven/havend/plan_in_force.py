# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan that this node runs by, since when, and what was wrong with one that was to replace it."""

from haven.contract.control import MOST_DIAGNOSTICS
from haven.contract.diagnostics import DIAGNOSTIC, Diagnostic
from haven.contract.fields import DocumentError, check_object
from haven.contract.strict_json import write_json
from haven.havend import diagnosis
from haven.havend.moment import Moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from haven.contract.plan import Plan

# A value of a configuration has any length; events are kept, and sent all at once.
LONGEST_DIAGNOSTIC = 4000
LONGEST_WORDS = 400


class PlanInForce:
    """The plan and the refusals since it was taken."""

    def __init__(self, plan: "Plan") -> None:
        self.plan = plan
        self.loaded = Moment()
        self.refused: list[dict[str, Any]] = []

    def replace(self, plan: "Plan") -> None:
        """Take another plan; what was refused before it is of no more interest."""
        self.plan = plan
        self.loaded = Moment()
        self.refused = []

    def is_unchanged_by(self, plan: "Plan") -> bool:
        """Tell whether a plan asks for what is done already; if so, a refusal is of no more interest."""
        if not self.plan.asks_for_the_same(plan):
            return False
        self.plan.made_from = plan.made_from
        self.refused = []
        return True

    def refuse(self, diagnostics: "Sequence[Any]") -> "list[dict[str, Any]]":
        """Remember why another configuration was not taken: diagnostics, or texts of who knows no codes."""
        self.refused = [_as_diagnostic(each) for each in diagnostics[:MOST_DIAGNOSTICS]]
        return self.refused

    def problems(self) -> "list[dict[str, Any]]":
        """Return what the refusals say, and what this router lacks of a configuration that others have."""
        refused = diagnosis.of_refusal(self.refused, not self.plan.routers)
        return refused + diagnosis.of_warnings(self.plan.warnings)


def _as_diagnostic(found: "Any") -> "dict[str, Any]":
    try:
        if len(write_json(check_object(found, DIAGNOSTIC, "a diagnostic"))) <= LONGEST_DIAGNOSTIC:
            return found  # type: ignore[no-any-return]
    except DocumentError:
        pass
    return Diagnostic("words", {"words": _words(found)[:LONGEST_WORDS]}).as_dict()


def _words(found: "Any") -> str:
    if isinstance(found, dict):
        for key in ("text", "message"):
            if isinstance(found.get(key), str) and found[key]:
                return str(found[key])
    return str(found)
