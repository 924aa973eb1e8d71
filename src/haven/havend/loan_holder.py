# SPDX-License-Identifier: GPL-2.0-or-later
"""The loans of a havend to which something is lent; one to which nothing is does without their code."""

from haven.core.clock import NEVER
from haven.core.vrrp import states
from haven.havend.diagnosis import of_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from haven.contract.lending import Loan
    from haven.core.engine import Engine
    from haven.havend.event_history import EventHistory
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.loans import Loans


class LoanHolder:
    """Hands on what concerns loans, once there are any."""

    def __init__(self, kernel: "KernelTables", engine: "Engine", events: "EventHistory") -> None:
        self._kernel, self._engine, self._events = kernel, engine, events
        self._loans: Loans | None = None

    def lend(self, loans: "list[Loan]", renew_us: int, now: int) -> None:
        """Take what the agent lends from now on."""
        if self._loans is None:
            from haven.havend.loans import Loans

            self._loans = Loans(self._kernel, renew_us, self._tell)
        groups = self._engine.groups
        active = [name for name in sorted(groups) if groups[name].state == states.ACTIVE]
        self._loans.replace(loans, active, now)

    def _tell(self, name: str, failures: "list[Any]") -> None:
        for failure in failures:
            self._events.add_problem(of_failure(name, failure))

    def take(self, groups: "Iterable[str]", now: int) -> None:
        """Take what belongs to an Active."""
        if self._loans is not None:
            self._loans.take(groups, now)

    def release(self, groups: "Iterable[str]", now: int) -> None:
        """Give up what belongs to an Active, and take what belongs to a standby."""
        if self._loans is not None:
            self._loans.release(groups, now)

    @property
    def renew_at(self) -> int:
        """When there is something to renew."""
        return NEVER if self._loans is None else self._loans.renew_at

    def renew(self, now: int) -> None:
        """Give what is taken a new lifetime."""
        if self._loans is not None:
            self._loans.renew(now)

    def end(self) -> None:
        """Give up everything."""
        if self._loans is not None:
            self._loans.end()
