# SPDX-License-Identifier: GPL-2.0-or-later
"""What asks other machines, or keeps something: made when a plan first wants it, so that nobody else pays."""

from haven.core.clock import NEVER
from haven.core.spec import CARP
from haven.havend.host import system
from haven.havend.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from haven.contract.plan import Plan
    from haven.core.engine import Engine
    from haven.core.value import Value
    from haven.havend.bfd_sessions import BfdSessions
    from haven.havend.carp_counters import CarpCounters
    from haven.havend.event_history import EventHistory
    from haven.havend.heartbeats import Heartbeats
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.refusals import Refusals
    from haven.havend.vrrp_sockets import VrrpSockets
    from haven.havend.witness_asker import WitnessAsker


class Askers:
    """Those that ask witnesses and Actives, keep BFD sessions, and CARP's counters; None where none are."""

    def __init__(
        self,
        engine: "Engine",
        kernel: "KernelTables",
        poller: "system.Poller",
        events: "EventHistory",
        handle: "Callable[[Value], None]",
        sockets: "VrrpSockets",
        run_dir: str,
    ) -> None:
        self._engine, self._kernel, self._poller, self._sockets = engine, kernel, poller, sockets
        self._events, self._handle, self._run_dir = events, handle, run_dir
        self._own_stack = system.make_own_stack()
        self.witnesses: WitnessAsker | None = None
        self.heartbeats: Heartbeats | None = None
        self.bfd: BfdSessions | None = None
        self.counters: CarpCounters | None = None
        self.refusals: Refusals | None = None
        sockets.sent = self._note_sent

    def set_plan(self, plan: "Plan") -> None:
        """Ask what this plan wants from now on."""
        self._look_for_witnesses(plan)
        self._look_for_carp(plan)
        if self.heartbeats is None and any(group.heartbeat_us for group in plan.groups):
            from haven.havend.heartbeats import Heartbeats

            self.heartbeats = Heartbeats(
                self._engine, self._kernel, self._events, self._handle, self._sockets.prepare
            )
            if self._own_stack is not None:
                self.heartbeats.is_own_late = self._own_stack.is_late
        if self.heartbeats is not None:
            self.heartbeats.set_plan(plan)
        if plan.bfd and not system.HAS_BFD:
            log("this Python has no BFD: the sessions of the plan are left out", True)
        elif self.bfd is None and plan.bfd:
            from haven.havend.bfd_sessions import BfdSessions

            self.bfd = BfdSessions(self._engine, self._kernel, self._poller, self._events, self._handle)
            if self._own_stack is not None:
                self.bfd.is_own_late = self._own_stack.is_late
        if self.bfd is not None:
            self.bfd.set_plan(plan)

    def _look_for_witnesses(self, plan: "Plan") -> None:
        wanted = any(group.witnesses or group.majority for group in plan.groups)
        if wanted and self.witnesses is None:
            from haven.havend.witness_asker import WitnessAsker

            self.witnesses = WitnessAsker(
                self._engine, self._kernel, self._poller, self._events, self._handle
            )
        elif self.witnesses is not None:
            # What they are now is found there when it is asked next.
            self.witnesses.deadline = 0

    def _look_for_carp(self, plan: "Plan") -> None:
        specs = [each.spec for each in plan.routers.values() if each.spec.protocol == CARP]
        if self.counters is None and specs:
            from haven.havend.carp_counters import CarpCounters

            self.counters = CarpCounters(self._run_dir, self._engine.carp_counters)
        if self.counters is not None:
            self.counters.set_routers(specs)

    def deadline(self) -> int:
        """Return when act() has something to do."""
        soonest = NEVER if self.heartbeats is None else self.heartbeats.deadline
        if self.bfd is not None:
            soonest = min(soonest, self.bfd.deadline)
        if self.counters is not None:
            soonest = min(soonest, self.counters.deadline)
        if self.refusals is not None:
            soonest = min(soonest, self.refusals.deadline)
        return soonest if self.witnesses is None else min(soonest, self.witnesses.deadline)

    def are_patient(self) -> bool:
        """Tell whether a millisecond more does not matter to the heartbeat, nor to a session."""
        if self.heartbeats is None:
            return self.bfd is not None or self.counters is not None
        return not self.heartbeats.is_quiet

    def doubt(self, now: int) -> None:
        """Have the engine wait with silences that are due, where they may be this kernel's own."""
        if self._own_stack is not None:
            for event in self._own_stack.doubts(self._engine.groups.values(), now):
                self._handle(event)

    def act(self, now: int) -> None:
        """Ask who is to be asked now."""
        if self.witnesses is not None and now >= self.witnesses.deadline:
            self.witnesses.act()
        if self.heartbeats is not None and now >= self.heartbeats.deadline:
            self.heartbeats.act()
        if self.bfd is not None and now >= self.bfd.deadline:
            self.bfd.act()
        if self.counters is not None and now >= self.counters.deadline:
            self.counters.keep(now)
        if self.refusals is not None and now >= self.refusals.deadline:
            self.refusals.act(now)

    def _note_sent(self, router: str, taken: bool) -> None:
        if self.refusals is None:
            from haven.havend.refusals import Refusals

            self.refusals = Refusals(self._engine, self._sockets, self._handle, system.now())
        self.refusals.note(router, taken)

    def hurry(self, device: str) -> None:
        """Take that a device has lost its carrier."""
        if self.heartbeats is not None:
            self.heartbeats.hurry(device)

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of these."""
        return any(each.serves(descriptor) for each in (self.witnesses, self.bfd) if each is not None)

    def read(self, descriptor: int) -> None:
        """Take what waits there."""
        for each in (self.witnesses, self.bfd):
            if each is not None and each.serves(descriptor):
                each.read(descriptor)

    def close(self) -> None:
        """Ask nobody any more."""
        for each in (self.witnesses, self.heartbeats, self.bfd, self.counters, self._own_stack):
            if each is not None:
                each.close()
