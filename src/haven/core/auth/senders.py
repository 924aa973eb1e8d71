# SPDX-License-Identifier: GPL-2.0-or-later
"""Which words of other routers are new: by the clock, by the pace of who says them, and by their order.

A clock that is set must make no two Actives, and a router that has just started may have none yet. So a word
is in time when any of these is so:

- Its time is ours, give or take the window, as keepalived has it.
- Its time has gone on since the sender's last word as fast as our own clock that is never set: then one of
  the two routers was set, and this is the same router that was believed a moment ago. Who records a word
  and says it again later is late by that.
- Its time is ahead of ours. Nobody can have recorded it, unless it is our own clock that is behind: as that
  of a router is which has just started and has asked nobody for the time. What it says is the time, then.

Each sender's words have to grow. One that is behind and not in pace may be a recording: it is refused, and
its sender can be told the time (Authenticator.may_ask).
"""

from haven.core.auth.auth_spec import MONOTONIC
from haven.core.auth.serial_times import distance_us, is_after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.auth.auth_spec import AuthSpec

# Those of one virtual router are few, and who has a key can be believed to be one of them.
MOST_SENDERS = 8
# Two clocks may run apart by one part in so many. A word that was held back may not be the new measure.
DRIFT = 1000

IN_WINDOW, IN_PACE, AHEAD, BEHIND = "in_window", "in_pace", "ahead", "behind"


class Sender:
    """What is known of one: its last sequence, and how far its clock is ahead of ours that is never set."""

    def __init__(self, sequence: int, offset_us: int, now: int) -> None:
        self.sequence = sequence
        self.offset_us = offset_us
        self.heard_at = now
        # Whether our own clock has been set since then.
        self.is_of_another_clock = False


class Senders:
    """The routers whose words were believed."""

    def __init__(self) -> None:
        self._known: dict[bytes, Sender] = {}

    def judge(self, source: bytes, sequence: int, unix_us: int, spec: "AuthSpec", now: int) -> str:
        """Return how the time of a word stands to ours."""
        distance = distance_us(sequence, unix_us)
        if -spec.window_us <= distance <= spec.window_us or spec.replay == MONOTONIC:
            return IN_WINDOW
        sender = self._known.get(source)
        if sender is not None:
            paced_us = distance + unix_us - now - sender.offset_us
            if -spec.window_us <= paced_us <= spec.window_us:
                return IN_PACE
        return AHEAD if distance > 0 else BEHIND

    def is_new(self, source: bytes, sequence: int, verdict: str, unix_us: int, spec: "AuthSpec") -> bool:
        """Tell whether a word comes after the last one of its sender."""
        sender = self._known.get(source)
        if sender is None or is_after(sequence, sender.sequence):
            return True
        if verdict == AHEAD and sender.is_of_another_clock:
            # By our clock of now nobody has recorded it, as if this router had just started.
            return True
        # Its clock was ahead and has been set: a word in our window is none of those that it said before.
        is_expired = abs(distance_us(sender.sequence, unix_us)) > spec.window_us
        return verdict == IN_WINDOW and is_expired and spec.replay != MONOTONIC

    def take(self, source: bytes, sequence: int, unix_us: int, verdict: str, now: int) -> None:
        """Remember a word that is believed."""
        offset = distance_us(sequence, unix_us) + unix_us - now
        sender = self._known.get(source)
        if sender is None:
            self._make_room()
            self._known[source] = Sender(sequence, offset, now)
            return
        slowest = sender.offset_us - (now - sender.heard_at) // DRIFT
        sender.offset_us = max(slowest, offset) if verdict == IN_PACE else offset
        sender.sequence, sender.heard_at, sender.is_of_another_clock = sequence, now, False

    def set_clock(self) -> None:
        """Take that our own clock was set: what was ahead of it, or was not, says nothing any more."""
        for sender in self._known.values():
            sender.is_of_another_clock = True

    def _make_room(self) -> None:
        if len(self._known) >= MOST_SENDERS:
            del self._known[min(self._known, key=lambda each: self._known[each].heard_at)]
