# SPDX-License-Identifier: GPL-2.0-or-later
"""Of several Actives that hear each other one stays: which one, as far as this node can tell.

Addresses, or priorities that are not alike, may rank two nodes one way on one link and the other way on the
next; were each link judged by itself, both nodes would yield, or neither. So what counts is the highest rank
(priority, source address; RFC 9568 6.4.3) that anybody has on any link where the rivals hear each other: all
of them see the same ranks there, and one has the highest.
"""

from haven.core.virtual_router import VirtualRouter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.virtual_router import Rank

# A rival that goes on for so many Active_Down_Intervals where it ranks lower does not hear this node there.
DEAF_AFTER = 2

YIELD = "yield"
STAY = "stay"
# It ranks higher here, and there may be a link on which it does not.
WAIT = "wait"


class RivalHeard:
    """What is heard of rivals on one link: since when, until when at the least, and the highest rank."""

    def __init__(self, rank: "Rank", now: int) -> None:
        self.since = self.until = now
        self.rank = rank


class Rivals:
    """The other Actives that the members of an Active group hear."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, int, int], RivalHeard] = {}

    def forget(self) -> None:
        """Know of none, as on becoming Active."""
        self._heard = {}

    def is_heard(self, member: VirtualRouter, now: int) -> bool:
        """Tell whether a rival is heard on a link."""
        heard = self._heard.get(member.spec.wire())
        return heard is not None and now < heard.until

    def has_vanished(self, member: VirtualRouter, now: int) -> bool:
        """Tell whether a higher rival said no more than a word or two on a link, and is silent."""
        heard = self._heard.get(member.spec.wire())
        if heard is None or now < heard.until or heard.rank < member.rank():
            return False
        return heard.until - heard.since < 2 * _patience(member, member.spec.advert_interval_us)

    def hear(self, member: VirtualRouter, rank: "Rank", interval_us: int, now: int) -> bool:
        """Take the ADVERTISEMENT of a rival; tell whether it is not the first one on this link."""
        heard = self._heard.get(member.spec.wire())
        goes_on = heard is not None and now < heard.until
        if heard is None or not goes_on:
            heard = self._heard[member.spec.wire()] = RivalHeard(rank, now)
        heard.rank = max(heard.rank, rank)
        heard.until = now + _patience(member, interval_us)
        return goes_on and now > heard.since

    def has_lasted(self, member: VirtualRouter, interval_us: int, now: int) -> bool:
        """Tell whether the rival heard on a link has gone on long enough to be more than a word or two."""
        return now - self._heard[member.spec.wire()].since >= _patience(member, interval_us)

    def judge(
        self,
        members: "Iterable[VirtualRouter]",
        member: VirtualRouter,
        rank: "Rank",
        interval_us: int,
        now: int,
    ) -> str:
        """Return YIELD, STAY or WAIT for what a rival's rank on one link means."""
        if rank < member.rank():
            return STAY
        verdict = YIELD
        patience_over = now - self._heard[member.spec.wire()].since
        for other in members:
            if other is member or other.rank() < rank or self._is_deaf(other, interval_us, now):
                continue
            if self.is_heard(other, now):
                return STAY
            if patience_over < _patience(other, interval_us):
                verdict = WAIT
        return verdict

    def _is_deaf(self, member: VirtualRouter, interval_us: int, now: int) -> bool:
        """Tell whether a rival does not hear this node on a link, or it would have yielded."""
        heard = self._heard.get(member.spec.wire())
        if heard is None or now >= heard.until or heard.rank > member.rank():
            return False
        return now - heard.since > DEAF_AFTER * _patience(member, interval_us)


def _patience(member: VirtualRouter, interval_us: int) -> int:
    """Return how long it may take until a rival with this interval is heard on a link."""
    return member.patience_us(max(interval_us, member.spec.advert_interval_us))
