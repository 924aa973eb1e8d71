# SPDX-License-Identifier: GPL-2.0-or-later
"""When a Backup of a higher priority takes over from a living Active."""

from haven.core.effects import SyncWait
from haven.core.hold_back import HoldBack
from haven.core.spec import GroupSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.effects import Effects


class Preemption:
    """The delay, the wait for the state of the Active, and what bars it."""

    def __init__(self, spec: GroupSpec, effects: "Effects") -> None:
        self.spec = spec
        self._effects = effects
        # After a switchover the node stays Backup although its priority may be the higher one.
        self.barred = False
        self.hold_back = HoldBack()
        self.in_sync = False
        self._from: int | None = None
        self._sync_wait_until = 0
        self._waits_for_sync = False

    def begin(self, now: int) -> None:
        """Begin to count, as a Backup that has just started."""
        self._sync_wait_until = now + self.spec.sync_wait_us

    def forget(self) -> None:
        """Count anew from the next word of a lower Active."""
        self._from = None
        self._waits_for_sync = False

    def forget_delay(self) -> None:
        """Count the delay anew: a higher Active is there."""
        self._from = None

    def is_delayed(self) -> bool:
        """Tell whether a lower Active is borne with for now."""
        return self._from is not None

    def is_due(self, wanted: bool, now: int) -> bool:
        """Tell whether the lower Active that was just heard is to be preempted."""
        if not wanted or self.barred:
            return False
        if self._from is None:
            self._from = now + self.spec.preempt_delay_us
        return now >= self._from and not self.hold_back.left(now) and self.is_due_at_once(now)

    def is_due_at_once(self, now: int) -> bool:
        """Tell the same where neither delay nor switchover counts: only the Active's state is waited for."""
        if self._from is None:
            self._from = now
        held = not self.in_sync and now < self._sync_wait_until
        if held != self._waits_for_sync and not self.in_sync:
            self._effects.append(SyncWait(self.spec.name, self._sync_wait_until - now if held else 0))
        self._waits_for_sync = held
        return not held

    def sync_wait_left(self, now: int) -> "int | None":
        """Return how much longer it waits for the connections at the most, or None."""
        return max(0, self._sync_wait_until - now) if self._waits_for_sync else None

    def set_in_sync(self, on: bool, now: int) -> None:
        """Wait no more for the state of the Active, or wait anew."""
        if self.in_sync and not on:
            self._sync_wait_until = now + self.spec.sync_wait_us
        self.in_sync, self._waits_for_sync = on, False
