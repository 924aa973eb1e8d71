# SPDX-License-Identifier: GPL-2.0-or-later
"""Whoever is asked all the time, so that an election waits for nobody; nobody else pays for it."""

from haven.core.clock import NEVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from haven.contract.plan import Plan
    from haven.core.engine import Engine
    from haven.core.value import Value
    from haven.havend.event_history import EventHistory
    from haven.havend.host import system
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.witness_asker import WitnessAsker


class Askers:
    """The witnesses; `deadline` is when act() has something to do."""

    def __init__(
        self,
        engine: "Engine",
        kernel: "KernelTables",
        poller: "system.Poller",
        events: "EventHistory",
        handle: "Callable[[Value], None]",
    ) -> None:
        self._engine, self._kernel, self._poller = engine, kernel, poller
        self._events, self._handle = events, handle
        self.witnesses: WitnessAsker | None = None

    def set_plan(self, plan: "Plan") -> None:
        """Ask whom the plan names from now on."""
        if self.witnesses is not None:
            # What they are now is found there when it is asked next.
            self.witnesses.deadline = 0
        elif any(group.witnesses or group.majority for group in plan.groups):
            from haven.havend.witness_asker import WitnessAsker

            self.witnesses = WitnessAsker(
                self._engine, self._kernel, self._poller, self._events, self._handle
            )

    @property
    def deadline(self) -> int:
        """When act() has something to do."""
        return NEVER if self.witnesses is None else self.witnesses.deadline

    def act(self) -> None:
        """Ask whose turn it is."""
        if self.witnesses is not None:
            self.witnesses.act()

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of theirs."""
        return self.witnesses is not None and self.witnesses.serves(descriptor)

    def read(self, descriptor: int) -> None:
        """Take what was answered."""
        if self.witnesses is not None:
            self.witnesses.read(descriptor)

    def close(self) -> None:
        """Ask nobody any more."""
        if self.witnesses is not None:
            self.witnesses.close()
