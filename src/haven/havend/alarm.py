# SPDX-License-Identifier: GPL-2.0-or-later
"""When the loop has to turn next, beside what comes in, and whether it did so in time."""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.doubt import oversleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from haven.core.engine import Engine

    # When somebody has something to do next, and what it is.
    Timer = tuple[Callable[[], int], Callable[[], None]]

# The longest sleep, so that a clock that lies cannot hold the loop for ever.
LONGEST_WAIT = 10 * SECOND
# What changes a timer says so; one that does not is late by no more than this.
LONGEST_TRUST = 250 * MILLISECOND
# Who is later than this may have been asleep while packets came.
PUNCTUAL = MILLISECOND
# So late is more than the kernel's timers and other work make of it.
LATE = 2 * MILLISECOND
# Packets that arrive as fast as they are read must not keep the timers from their turn.
DRAIN_ROUNDS = 8


class Alarm:
    """Wakes the loop for the first of several timers; `is_stale` when one may have changed.

    Most turns only send or hear an ADVERTISEMENT, which changes none of them.
    """

    def __init__(self, timers: "Sequence[Timer]", engine: "Engine") -> None:
        self._timers, self._engine = timers, engine
        # When the next turn is to come, or was to: who waits by himself says so here.
        self.due_at = NEVER
        self._due = self._until = self._wake_at = self._looked_at = self._rung_at = 0
        # When somebody other than the engine is due, and whether that was known already.
        self.others_at, self.was_fresh = 0, False
        self.is_stale = True

    def set_now(self) -> int:
        """Let the next turn come at once, for everybody; return how long to wait for it."""
        self._due = self._wake_at = self.others_at = 0
        self.is_stale, self.was_fresh, self.due_at = True, False, NEVER
        return 0

    def set(self, engine_at: int, asks_at: int, now: int) -> int:
        """Return how long to wait for the engine's time, for that of who asks others, and for the timers."""
        # What has been done meanwhile, such as a takeover of many groups, takes its time.
        has_worked = self.is_stale
        self.was_fresh = not has_worked
        if has_worked or now - self._looked_at >= LONGEST_TRUST:
            # What is due sooner by what is read after this is due in the next turn.
            self._due = min([deadline() for deadline, _act in self._timers])
            self._looked_at, self.is_stale = now, False
        # Who waits by himself goes by this, so it is bounded, too.
        self.others_at = min(asks_at, self._due, now + LONGEST_WAIT)
        self._until = until = min(engine_at, self.others_at)
        self._wake_at = until if until > now else now
        # Nobody was late before this turn, whatever is due at once.
        self.due_at = self._wake_at if has_worked else max(until, self.due_at)
        return self._wake_at - now

    def note_lateness(self, now: int) -> None:
        """Let Backups bear with a silence for so much longer as this process has not run, or was behind."""
        late_us, self.due_at = now - self.due_at, now
        if late_us >= LATE:
            oversleep(self._engine.groups.values(), late_us, now)

    def is_for(self, deadline: int) -> bool:
        """Tell whether it is this time that the loop is to be woken at."""
        return self._until == deadline

    def is_for_engine(self, now: int) -> bool:
        """Tell whether it is just the engine's time, and nobody else's, nor that to look at the timers."""
        return (
            now - self._wake_at < PUNCTUAL and now < self.others_at and now - self._looked_at < LONGEST_TRUST
        )

    def has_time(self, now: int) -> bool:
        """Tell whether nothing is due yet, nor everybody's turn: it was something that came in.

        What comes in as often as the timers are looked at must not keep the others from their turn for good.
        """
        return now < self._wake_at and now - self._rung_at < LONGEST_TRUST

    def look_at(self) -> int:
        """Return when everybody is to have a turn."""
        return self._looked_at + LONGEST_TRUST

    def ring(self, clock: "Callable[[], int]") -> None:
        """Let everybody act whose time has come."""
        self._rung_at = clock()
        if self._rung_at >= self._due:
            self.is_stale = True
            for deadline, act in self._timers:
                if clock() >= deadline():
                    act()
