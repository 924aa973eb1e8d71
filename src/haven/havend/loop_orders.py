# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend's loop does for those who answer requests."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from haven.contract.plan import Plan
    from haven.core.value import Value
    from haven.havend.loan_holder import LoanHolder

    Document = dict[str, Any]

    class LoopOrders(Protocol):
        """What the loop does when it is asked to."""

        now: int
        stopping: bool
        loans: LoanHolder

        def load(self, plan: Plan) -> None:
            """Run another plan from now on."""

        def stop(self) -> None:
            """Hand over and end."""

        def handle(self, event: Value) -> None:
            """Tell the engine of an event and carry out what it wants."""

        def when_prepared(self, then: Callable[[], None]) -> None:
            """Do something that moves the addresses, after the agent has finished what is pending."""

        def hear_agent(self, report: Document) -> None:
            """Take the agent's report."""
