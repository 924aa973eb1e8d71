# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a group is alone on a link: neither the other routers nor a witness are heard there.

Silence of the Active has two reasons, its death and a cut, and behind a cut nobody but this node hears this
node. A witness is a third machine on the link that answers when it is asked. Several routers need none:
those that hear more than half of all are on the right side.

What is heard there counts: ADVERTISEMENTs, answers of witnesses, and greetings, by which routers that are not
Active are heard, too. What another path brings says nothing about the link.
"""

from haven.core.clock import NEVER, SECOND
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.lockstep import Lockstep
    from haven.core.virtual_router import VirtualRouter

    Wire = tuple[str, int, int]

# A Backup takes over after three intervals of silence. Whoever was heard within the last two was heard when
# the Active was silent already.
HEARD_WITHIN = 2
# Greetings that are so far apart do not show that the link has worked in between.
GREETINGS_APART = 3 * SECOND
# An Active that looks later than by this part of its patience stood still itself.
LATE = 4
# So many routers are known of each virtual router, whoever greets.
MOST_ROUTERS = 32


class Greeted:
    """A device on which routers have greeted: since when without a break, and until when."""

    def __init__(self, now: int) -> None:
        self.since = self.last = now


class Isolation:
    """What a group hears on its links beside the Active, and whether it may serve by that."""

    def __init__(self, group: "Lockstep", before: "Isolation | None" = None) -> None:
        self._group = group
        # Since when the group has its state.
        self._since = -NEVER
        self._is_held_back = False
        # (device, address) of each witness that has answered -> when it last did.
        self._answered: dict[tuple[str, bytes], int] = {}
        self._greeted: dict[str, Greeted] = {}
        # The other routers of each virtual router by their addresses, and when they last greeted.
        self._routers: dict[Wire, dict[bytes, int]] = {}
        if before is not None:
            self._since, self._is_held_back = before._since, before._is_held_back
            self._greeted, self._routers = before._greeted, before._routers
            answered = before._answered
            self._answered = {key: answered[key] for key in group.spec.witnesses if key in answered}

    def begin(self, now: int) -> None:
        """Count patience from here, as after a change of state."""
        self._since, self._is_held_back = now, False

    # What is heard

    def hear_witness(self, device: str, address: bytes, now: int) -> None:
        """Note the answer of a witness."""
        if (device, address) in self._group.spec.witnesses:
            self._answered[(device, address)] = now
            self._end_holding_back(now)

    def hear_router(self, member: "VirtualRouter", source: bytes, now: int) -> None:
        """Note the greeting of another router."""
        device = member.spec.device
        greeted = self._greeted.get(device)
        if greeted is None or now - greeted.last > GREETINGS_APART:
            greeted = self._greeted[device] = Greeted(now)
        greeted.last = now
        routers = self._routers.setdefault(member.spec.wire(), {})
        if source not in routers and len(routers) >= MOST_ROUTERS:
            # Whoever was not heard for the longest time: names of machines that never were must not stay.
            del routers[min(routers, key=lambda each: routers[each])]
        routers[source] = now
        self._end_holding_back(now)

    # What follows from it

    def alone_on(self, now: int) -> "VirtualRouter | None":
        """Return a member on whose link nobody was heard lately, or None."""
        within_us = self._group.spec.witness_patience_us
        if self._group.state == states.BACKUP:
            within_us = HEARD_WITHIN * self._interval_us()
        for device, member in self._links():
            heard_at = self._heard_at(device)
            if heard_at is not None and now - heard_at >= within_us:
                return member
        return None

    def deadline(self) -> int:
        """Return when an Active that hears nobody any more has been patient for long enough."""
        if self._group.state != states.ACTIVE:
            return NEVER
        found = NEVER
        for device, _member in self._links():
            heard_at = self._heard_at(device)
            if heard_at is not None:
                found = min(found, max(heard_at, self._since) + self._group.spec.witness_patience_us)
        return found

    def give_up(self, now: int) -> None:
        """Be Active no more, unless it was this process that stood still."""
        alone = self.alone_on(now)
        if alone is None or now - self.deadline() > self._group.spec.witness_patience_us // LATE:
            self._since = now
        else:
            self._group.fire(states.ALONE, now, by=alone, reason="alone")

    def hold_back(self, now: int) -> "VirtualRouter | None":
        """Return on which link this node is alone, so that it must not take over from who is silent."""
        alone = self.alone_on(now)
        self._is_held_back = alone is not None
        return alone

    def _end_holding_back(self, now: int) -> None:
        """Go on to take over: an Active that is reached again speaks within an interval."""
        silent = self._is_held_back and all(member.silent for member in self._group.members)
        if not silent or self.alone_on(now) is not None:
            return
        self._is_held_back = False
        for member in self._group.members:
            member.silent = False
            member.deadline = now + member.active_adver_interval_us + member.skew_us()

    def is_out(self, device: str, address: bytes) -> bool:
        """Tell whether a witness decides nothing: it has never answered, or is gone while routers are heard.

        Else a witness that was switched off would keep the last router from serving.
        """
        answered_at, greeted = self._answered.get((device, address)), self._greeted.get(device)
        if answered_at is None or greeted is None:
            return answered_at is None
        return greeted.last - max(answered_at, greeted.since) >= self._group.spec.witness_patience_us

    def _links(self) -> "list[tuple[str, VirtualRouter]]":
        """Return each device once, with the first member on it: hundreds may be on one."""
        first = {member.spec.device: member for member in reversed(self._group.members)}
        return [(device, first[device]) for device in sorted(first)]

    def _interval_us(self) -> int:
        return max([member.active_adver_interval_us for member in self._group.members])

    def _heard_at(self, device: str) -> "int | None":
        """Return when a link last brought enough to serve, or None where nothing has to be heard."""
        if self._group.spec.majority:
            return self._majority_heard_at(device)
        answers = [
            self._answered[key]
            for key in self._group.spec.witnesses
            if key[0] == device and not self.is_out(device, key[1])
        ]
        if not answers:
            return None
        signs = [_link_heard_at(each) for each in self._group.members if each.spec.device == device]
        if device in self._greeted:
            signs.append(self._greeted[device].last)
        return max(answers + signs)

    def _majority_heard_at(self, device: str) -> int:
        # With this node they are more than half of all.
        others, found = self._group.spec.majority // 2, -NEVER
        for wire in self._routers:
            heard = sorted(self._routers[wire].values())
            if wire[0] == device and len(heard) >= others:
                found = max(found, heard[-others])
        return found


def _link_heard_at(member: "VirtualRouter") -> int:
    """Return when a link last brought an ADVERTISEMENT itself."""
    vouched = member.anomalies.get("vouched")
    if member.heard_at is None or (vouched is not None and vouched[1] >= member.heard_at):
        return -NEVER
    return member.heard_at
