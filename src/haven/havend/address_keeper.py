# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold the virtual addresses of an Active: take, renew, restore and release them.

An address carries a lifetime in the kernel and is renewed well before it ends, so that it leaves a node
whose havend is dead or hangs.
"""

from haven.core.clock import NEVER, SECOND
from haven.havend.diagnosis import of_failure
from haven.havend.netlink_batch import NetlinkBatch, StepFailure, no_pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from haven.contract.plan import Plan, RouterPlan, Step
    from haven.havend.kernel_tables import KernelTables

    OwnedStep = tuple[str, Step]

# Another program that keeps removing an address gets its way in between two renewals.
RESTORE_AT_MOST = 20
RESTORE_PERIOD = SECOND


class AddressKeeper:
    """Carries out the steps of the plan; `failures` are those of the last time, by virtual router.

    Each that is new is told to `tell` as a problem. `pause` is called every few steps: a thousand addresses
    take longer than an ADVERTISEMENT can wait.
    """

    def __init__(
        self,
        kernel: "KernelTables",
        tell: "Callable[[dict[str, Any]], None]",
        pause: "Callable[[], None]" = no_pause,
    ) -> None:
        self._tell = tell
        self._kernel = kernel
        self._batch = NetlinkBatch(kernel, pause)
        self._plans: dict[str, RouterPlan] = {}
        self._renew_us = NEVER
        # The plans as they were carried out, which a reload may have changed since.
        self._applied: dict[str, RouterPlan] = {}
        # Whose each place is that is held; None when that has to be found out anew.
        self._owners: dict[tuple[str, bytes], str] | None = None
        self.failures: dict[str, list[StepFailure]] = {}
        self.renew_at = NEVER
        self._restored: dict[str, list[int]] = {}

    def load(self, plan: "Plan") -> None:
        """Take another plan and make the devices that it needs; addresses stay as they are."""
        before, self._plans = self._plans, plan.routers
        self._renew_us = plan.renew_us
        self.failures = {name: each for name, each in self.failures.items() if name in self._plans}
        for name in sorted(self._plans):
            old = before.get(name)
            if old is None or old.setup != self._plans[name].setup:
                self.set_up(name)

    def rename(self, names: "dict[str, str]") -> None:
        """Hold what is held under other names: those of before, and of now."""
        for table in (self._applied, self.failures, self._restored):
            _rename(table, names)
        self._owners = None

    def set_up(self, router: str) -> None:
        """Make the devices that a virtual router needs."""
        plan = self._plans[router]
        if plan.setup and self._kernel.link(plan.device) is not None:
            self._run([(router, step) for step in plan.setup])

    def tear_down(self, plan: "RouterPlan") -> None:
        """Remove the devices of a virtual router that is no more, unless another stands on them now."""
        needed = {
            step.wanted() for each in self._plans.values() if each is not plan for step in each.teardown
        }
        self._batch.run([step for step in self._possible(plan.teardown) if step.wanted() not in needed])

    def clean(self, routers: "tuple[str, ...]") -> None:
        """Remove what an earlier process may have left; nothing there is no failure."""
        for router in routers:
            self._batch.run(self._possible(self._plans[router].release))

    def take(self, routers: "tuple[str, ...]", now: int) -> None:
        """Put the addresses and routes of these virtual routers in place."""
        for name in routers:
            self._apply(name)
        self.renew_at = min(self.renew_at, now + self._renew_us)
        self._run([(name, step) for name in routers for step in self._plans[name].takeover])

    def release(self, routers: "tuple[str, ...]") -> None:
        """Take the addresses and routes of these virtual routers away."""
        steps: list[OwnedStep] = []
        self._owners = None
        for name in routers:
            plan = self._applied.pop(name, None) or self._plans[name]
            self.failures.pop(name, None)
            steps.extend((name, step) for step in self._possible(plan.release))
        if not self._applied:
            self.renew_at = NEVER
        self._run(steps)

    def groups_of(self, routers: "tuple[str, ...]") -> "set[str]":
        """Return the groups that virtual routers belong to, or did when their addresses were taken."""
        plans = [self._applied.get(name) or self._plans.get(name) for name in routers]
        return {plan.group for plan in plans if plan is not None}

    def held(self) -> "tuple[str, ...]":
        """Return the virtual routers whose addresses this node holds."""
        return tuple(sorted(self._applied))

    def reapply(self, router: str, now: int) -> bool:
        """Change what differs from what was taken; tell whether addresses came or moved."""
        before, plan = self._applied[router], self._plans[router]
        if before.takeover == plan.takeover and before.release == plan.release:
            self._apply(router)
            return False
        kept = {step.wanted() for step in plan.release}
        self._batch.run([step for step in self._possible(before.release) if step.wanted() not in kept])
        self.take((router,), now)
        return not plan.places() <= before.places()

    def renew(self, now: int) -> None:
        """Give every held address a new lifetime."""
        self.renew_at = now + self._renew_us if self._applied else NEVER
        self._batch.run(
            [
                step
                for name in self.held()
                for step in self._possible(self._applied[name].takeover)
                if step.renew
            ]
        )

    def owner_of(self, device: str, address: bytes) -> "str | None":
        """Return the held virtual router that an address on a device belongs to."""
        if self._owners is None:
            self._owners = {place: name for name in self.held() for place in self._applied[name].places()}
        return self._owners.get((device, address))

    def _apply(self, router: str) -> None:
        plan = self._plans[router]
        if self._applied.get(router) is not plan:
            self._applied[router] = plan
            self._owners = None

    def restore(self, router: str, now: int) -> bool:
        """Put back what somebody removed; tell whether that was done."""
        restored = [at for at in self._restored.get(router, ()) if now - at < RESTORE_PERIOD]
        self._restored[router] = restored
        if len(restored) >= RESTORE_AT_MOST:
            return False
        restored.append(now)
        self.take((router,), now)
        return True

    def is_held(self, router: str) -> bool:
        """Tell whether the kernel has every address of a virtual router."""
        return all(self._kernel.holds(device, address) for device, address in self._plans[router].places())

    def _possible(self, steps: "tuple[Step, ...]") -> "list[Step]":
        # With the device went what stood on it: nothing is left to remove there.
        return [
            step for step in steps if all(self._kernel.link(device) is not None for _at, device in step.patch)
        ]

    def _run(self, steps: "Iterable[OwnedStep]") -> None:
        """Carry out steps, each of a virtual router, and note which of those it went wrong for."""
        owned = list(steps)
        before = {name: self.failures.pop(name, []) for name in dict.fromkeys(name for name, _step in owned)}
        for failure in self._batch.run([step for _name, step in owned]):
            name = owned[failure.position][0]
            self.failures.setdefault(name, []).append(failure)
            # What is put back 20 times a second and fails each time is one line of the log.
            if not any(_is_same(failure, each) for each in before[name]):
                self._tell(of_failure(name, failure))


def _is_same(one: StepFailure, other: StepFailure) -> bool:
    return one.step == other.step and one.error == other.error


def _rename(table: "dict[str, Any]", names: "dict[str, str]") -> None:
    moved = [(names[old], table.pop(old)) for old in names if old in table]
    table.update(moved)
