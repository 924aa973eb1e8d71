# SPDX-License-Identifier: GPL-2.0-or-later
"""A planned handover: priority 0 is said, and the addresses stay until another router is Active."""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.virtual_router import VirtualRouter
from haven.core.vrrp.constants import LOWEST_PRIORITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Why an Active waits for another to take over.
STOP = "stop"
SWITCHOVER = "switchover"
MAINTENANCE = "maintenance"
RETRY = "retry"

# How long past the longest Skew_Time the next Active is waited for.
MARGIN_US = 100 * MILLISECOND
# And for how much longer at the most where its first word may have been lost in a flood, or be on its way.
LONGEST_DOUBT_US = SECOND
# In maintenance, and still Active because nobody else could be: ask again now and then.
RETRY_AFTER_US = 10 * SECOND
# One packet can be lost. keepalived begins its Skew_Time anew with each priority 0, so the copies come soon.
COPY_AFTER_US = 50 * MILLISECOND
COPIES = (1, 3)
# Parts of an interval: how soon a copy comes at the latest, and the least margin of long intervals.
SHARE = 16


class Handover:
    """Why, until when, and when priority 0 is said again; `heard` when somebody has spoken since."""

    def __init__(self, purpose: str, members: "Sequence[VirtualRouter]", now: int) -> None:
        self.purpose = purpose
        self.heard: VirtualRouter | None = None
        interval_us = max([member.spec.advert_interval_us for member in members])
        copy_us = min(COPY_AFTER_US, interval_us // SHARE)
        # Whoever is Active when every Skew_Time is over answers at once (RFC 9568 6.4.3).
        asked_at = now + COPIES[-1] * copy_us + longest_skew(members)
        self.until = asked_at + _margin(purpose, members, interval_us)
        self._latest = self.until if purpose == RETRY else self.until + LONGEST_DOUBT_US
        self._say_at = [asked_at] + [now + number * copy_us for number in reversed(COPIES)]
        self._may_ask = not members[0].is_believed_at_once
        if not self._may_ask:
            # A copy that comes when the other has taken over is that of a rival: it is waited for.
            self._say_at = [now + longest_skew(members) * 3 // 5]

    def deadline(self) -> int:
        """Return when something is to be done."""
        return min(self.until, self._say_at[-1]) if self._say_at else self.until

    def wait_longer(self, now: int) -> None:
        """Wait somewhat longer, as another router may have spoken unread, and have it say so again."""
        until = min(now + MARGIN_US, self._latest)
        if until > self.until:
            self.until = until
            self._say_at = [now] if self._may_ask else []

    def says_again(self, now: int) -> bool:
        """Tell whether priority 0 is to be said again now; each time once."""
        due = False
        while self._say_at and now >= self._say_at[-1]:
            self._say_at.pop()
            due = True
        return due


def longest_skew(members: "Sequence[VirtualRouter]") -> int:
    """Return the Skew_Time of the lowest priority."""
    return max([each.longest_skew_us(each.spec.advert_interval_us) for each in members])


def short_margin(interval_us: int) -> int:
    """Return a margin that is well within Active_Down_Interval, and above what clocks differ by."""
    return max(min(MARGIN_US, interval_us), interval_us // SHARE)


def _margin(purpose: str, members: "Sequence[VirtualRouter]", interval_us: int) -> int:
    # Two nodes in maintenance: the one that asks (1) is back before the other (2) takes it for gone, and the
    # one that really leaves (3) stays until then.
    short = short_margin(interval_us)
    if purpose == RETRY:
        return short
    if all(member.priority <= LOWEST_PRIORITY for member in members):
        return max(MARGIN_US, 3 * short)
    return max(MARGIN_US, interval_us // SHARE)


def patience_in_maintenance(member: VirtualRouter) -> int:
    """Return how long a Backup in maintenance waits after the priority 0 of an Active that is, too."""
    interval_us = member.active_adver_interval_us
    asked = COPIES[-1] * interval_us // SHARE + member.longest_skew_us(interval_us)
    return asked + 2 * short_margin(interval_us)


class NoHandover:
    """In place of one: nothing is to be done."""

    purpose: "str | None" = None
    until = NEVER

    def deadline(self) -> int:
        """Return when something is to be done: never."""
        return NEVER

    def wait_longer(self, now: int) -> None:
        """Nobody is waited for."""
