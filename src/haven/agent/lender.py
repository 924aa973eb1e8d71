# SPDX-License-Identifier: GPL-2.0-or-later
"""What all parts of an agent lend to havend together (contract/lending.py)."""

from typing import Any

from haven.agent.calls import CallFailure
from haven.agent.loop import Scope
from haven.contract.control import ANSWER_PATIENCE_S, encode_request

Document = dict[str, Any]


class Lender:
    """One for all parts; each lends by its name."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._loans: dict[str, list[Document] | None] = {}
        # What havend has; None when that is not known.
        self._lent: list[Document] | None = None
        self._is_due = False

    def lend(self, part: str, loans: list[Document] | None) -> None:
        """Lend these for a part, in place of those before; havend is told what is news.

        None: the part does not know yet. havend keeps what it has of all parts until then.
        """
        self._loans[part] = loans
        if not self._is_due and self._all() != self._lent:
            # All parts of an agent that begins lend within one turn: what one of them has not lent yet is
            # not to be given up meanwhile.
            self._is_due = True
            self._scope.after(0, self._tell)

    def forget(self) -> None:
        """Take it that havend has nothing: it may be another process."""
        self._lent = None

    def _all(self) -> list[Document]:
        return [loan for name in sorted(self._loans) for loan in self._loans[name] or ()]

    def _tell(self) -> None:
        self._is_due = False
        if None in self._loans.values():
            return
        self._lent = self._all()
        request = encode_request("lend", {"loans": self._lent})
        self._scope.ask_havend(request, self._answered, ANSWER_PATIENCE_S)

    def _answered(self, outcome: Any) -> None:
        if isinstance(outcome, CallFailure):
            # havend is not there: the next who lends tries again.
            self._lent = None
