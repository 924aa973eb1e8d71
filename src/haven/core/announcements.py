# SPDX-License-Identifier: GPL-2.0-or-later
"""When the addresses of a virtual router are announced, and how often again."""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.effects import Announce
from haven.core.spec import RouterSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.effects import Effects

# One announcement can be lost, and a switch that is still learning loses it: say it again, at growing
# distances. keepalived sends five at once and five more after 5 s.
ANNOUNCE_AGAIN = (100 * MILLISECOND, 400 * MILLISECOND, 1500 * MILLISECOND, 3 * SECOND)
# A rival that advertises every 10 ms must not make us flood the link.
ANNOUNCE_AT_MOST_EVERY = SECOND


class Announcements:
    """The part of a virtual router that hosts hear; `announce_at` is when it is due."""

    def __init__(self, spec: RouterSpec) -> None:
        self.spec = spec
        self.announce_at = NEVER
        self._announced_at = -NEVER
        self._announce_step = 0
        self._series_at = -NEVER

    def announce(self, now: int, effects: "Effects") -> None:
        """Announce the addresses now, unless that was just done, and again a few times."""
        if now - self._announced_at >= ANNOUNCE_AT_MOST_EVERY:
            self._announce_now(now, effects)
            self._announce_step = 0
            self.announce_at = now + ANNOUNCE_AGAIN[0]
            self._series_at = now
        else:
            # What hosts have learned from a rival since then is put right soon.
            self.announce_at = min(self.announce_at, self._announced_at + ANNOUNCE_AT_MOST_EVERY)
            if now - self._series_at >= ANNOUNCE_AGAIN[-1]:
                # The rival says it again, too.
                self._series_at = now
                self._announce_step = -1

    def announce_soon(self, when: int) -> None:
        """Announce the addresses at a time at the latest."""
        self.announce_at = min(self.announce_at, when)

    def allow_announcement_now(self) -> None:
        """Let the next announcement pass, however short ago the last was."""
        self._announced_at = -NEVER

    def repeat_announcement(self, now: int, effects: "Effects") -> None:
        """Do the announcement that is due and set the time of the next."""
        self._announce_now(now, effects)
        self._announce_step += 1
        if self._announce_step < len(ANNOUNCE_AGAIN):
            self.announce_at = now + ANNOUNCE_AGAIN[self._announce_step]
        elif self.spec.announce_refresh_us:
            self.announce_at = now + self.spec.announce_refresh_us
        else:
            self.announce_at = NEVER

    def _announce_now(self, now: int, effects: "Effects") -> None:
        self._announced_at = now
        effects.append(Announce(self.spec.name))
