# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold the virtual addresses of an Active: take, renew, mend and release them.

An address carries a lifetime in the kernel and is renewed well before it ends, so that it leaves a node
whose havend is dead or hangs.
"""

from haven.core.clock import NEVER, SECOND
from haven.runtime.steps import Stepper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.runtime.kernel import Kernel
    from haven.runtime.planfile import Plan, RouterPlan
    from haven.runtime.steps import Step

# Another program that keeps removing an address gets its way in between two of these.
MEND_AT_MOST = 20
MEND_PERIOD = SECOND


class Holder:
    """Carries out the steps of the plan; `failures` are those of the last time, by virtual router."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._stepper = Stepper(kernel)
        self._plans: dict[str, RouterPlan] = {}
        self._renew_interval = NEVER
        # The plans as they were carried out, which a reload may have changed since.
        self._applied: dict[str, RouterPlan] = {}
        self.failures: dict[str, list[str]] = {}
        self.renew_at = NEVER
        self._mended: list[int] = []

    def load(self, plan: "Plan") -> None:
        """Take another plan and make the devices that it needs; addresses stay as they are."""
        before, self._plans = self._plans, plan.routers
        self._renew_interval = plan.renew_interval
        for name in sorted(self._plans):
            old = before.get(name)
            if old is None or old.setup != self._plans[name].setup:
                self.set_up(name)

    def set_up(self, router: str) -> None:
        """Make the devices that a virtual router needs."""
        plan = self._plans[router]
        if plan.setup and self._kernel.link(plan.device) is not None:
            self._note(router, self._stepper.run(plan.setup))

    def tear_down(self, plan: "RouterPlan") -> None:
        """Remove the devices of a virtual router that is no more."""
        self._stepper.run(self._possible(plan.teardown))

    def clean(self, routers: "tuple[str, ...]") -> None:
        """Remove what an earlier process may have left; nothing there is no failure."""
        for router in routers:
            self._stepper.run(self._possible(self._plans[router].release))

    def take(self, routers: "tuple[str, ...]", now: int) -> None:
        """Put the addresses and routes of these virtual routers in place."""
        for name in routers:
            self._applied[name] = self._plans[name]
        self.renew_at = min(self.renew_at, now + self._renew_interval)
        steps = [(name, step) for name in routers for step in self._plans[name].takeover]
        failures = self._stepper.run([step for _name, step in steps])
        for name in routers:
            mine = {step.say for owner, step in steps if owner == name}
            self._note(name, [text for text in failures if text.split(":")[0] in mine or len(routers) == 1])

    def release(self, routers: "tuple[str, ...]") -> None:
        """Take the addresses and routes of these virtual routers away."""
        steps: list[Step] = []
        for name in routers:
            plan = self._applied.pop(name, None) or self._plans[name]
            steps.extend(self._possible(plan.release))
            self.failures.pop(name, None)
        failures = self._stepper.run(steps)
        if failures:
            self.failures[routers[0]] = failures
        if not self._applied:
            self.renew_at = NEVER

    def held(self) -> "tuple[str, ...]":
        """Return the virtual routers whose addresses this node holds."""
        return tuple(sorted(self._applied))

    def reapply(self, router: str, now: int) -> bool:
        """Change what differs from what was taken; tell whether addresses came or moved."""
        before, plan = self._applied[router], self._plans[router]
        if before.takeover == plan.takeover and before.release == plan.release:
            self._applied[router] = plan
            return False
        self._stepper.run([step for step in self._possible(before.release) if step not in plan.release])
        self.take((router,), now)
        return {step.address for step in plan.takeover} - {step.address for step in before.takeover} != set()

    def renew(self, now: int) -> None:
        """Give every held address a new lifetime."""
        self.renew_at = now + self._renew_interval if self._applied else NEVER
        steps = [
            step
            for name in self.held()
            for step in self._possible(self._applied[name].takeover)
            if step.renew
        ]
        self._stepper.run(steps)

    def owner_of(self, device: str, address: bytes) -> "str | None":
        """Return the held virtual router that an address on a device belongs to."""
        for name, plan in self._applied.items():
            if plan.address_device == device and any(step.address == address for step in plan.takeover):
                return name
        return None

    def mend(self, router: str, now: int) -> bool:
        """Put back what somebody removed; tell whether that was done."""
        self._mended = [at for at in self._mended if now - at < MEND_PERIOD]
        if len(self._mended) >= MEND_AT_MOST:
            return False
        self._mended.append(now)
        self.take((router,), now)
        return True

    def is_held(self, router: str) -> bool:
        """Tell whether the kernel has every address of a virtual router."""
        plan = self._plans[router]
        return all(self._kernel.holds(plan.address_device, address) for address in plan.octets())

    def _possible(self, steps: "tuple[Step, ...]") -> "list[Step]":
        # With the device went what stood on it: nothing is left to remove there.
        return [
            step for step in steps if all(self._kernel.link(device) is not None for _at, device in step.patch)
        ]

    def _note(self, router: str, failures: "list[str]") -> None:
        if failures:
            self.failures[router] = failures
        else:
            self.failures.pop(router, None)
