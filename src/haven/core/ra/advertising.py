# SPDX-License-Identifier: GPL-2.0-or-later
"""When router advertisements leave: the advertising interface of RFC 4861 6.2, as a table.

Everything that decides on that stands in this file. A row says: in this state, on this event, do these
actions in this order and go to that state. The host tells the events, asks when the next timer is due, and
gives the messages their content at the moment when they leave.
"""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.ra.advert_spec import AdvertSpec
from haven.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# RFC 4861 10.
MAX_INITIAL_RTR_ADVERT_INTERVAL = 16 * SECOND
MAX_INITIAL_RTR_ADVERTISEMENTS = 3
MIN_DELAY_BETWEEN_RAS = 3 * SECOND
MAX_RA_DELAY_TIME = 500 * MILLISECOND

# States. A virtual router is an advertising interface while it is Active (RFC 9568 6.4.2, 6.4.3).
SILENT = "not an advertising interface"
ADVERTISING = "advertising interface"
LEAVING = "advertising interface that another router is asked to be"

# Events.
ACTIVE = "becomes Active"
TIMER = "the unsolicited timer fires"
SOLICITED = "a valid router solicitation"
CHANGED = "what is advertised has changed, or another has taken it back"
HANDING_OVER = "priority 0 was said"
KEPT = "nobody took over"
GIVEN_UP = "the addresses were given up"
CEASED = "the virtual router ceases to be a router for good"

# Actions.
SEND = "multicast an advertisement"
SEND_FINAL = "multicast an advertisement with Router Lifetime 0"
BEGIN_INITIAL = "begin anew with the initial advertisements"
SET_TIMER = "set the unsolicited timer by chance"
SEND_SOON = "set the unsolicited timer to the earliest time allowed"
ANSWER_SOON = "delay an answer by chance"
PAUSE = "cancel the timers, and remember the unsolicited one"
RESUME = "set the unsolicited timer to when it would have fired"
STOP_TIMERS = "cancel the timers"

_BEGIN = (BEGIN_INITIAL, SEND, SET_TIMER)

# (state, event, actions, next state, where it is said)
TABLE = (
    (SILENT, ACTIVE, _BEGIN, ADVERTISING, "RFC 4861 6.2.4; RFC 9568 6.4.3"),
    # The addresses were taken anew, on a device with another MAC address perhaps.
    (ADVERTISING, ACTIVE, _BEGIN, ADVERTISING, "RFC 4861 6.2.4"),
    (ADVERTISING, TIMER, (SEND, SET_TIMER), ADVERTISING, "RFC 4861 6.2.4"),
    (ADVERTISING, SOLICITED, (ANSWER_SOON,), ADVERTISING, "RFC 4861 6.2.6; RFC 9568 6.4.3"),
    (ADVERTISING, CHANGED, (BEGIN_INITIAL, SEND_SOON), ADVERTISING, "RFC 4861 6.2.4"),
    # The next Active may have spoken already: ours would tell hosts the wrong MAC address.
    (ADVERTISING, HANDING_OVER, (PAUSE,), LEAVING, ""),
    # Whoever is in maintenance asks every 10 s: no reason to tell the hosts as often.
    (LEAVING, KEPT, (RESUME,), ADVERTISING, ""),
    (LEAVING, ACTIVE, _BEGIN, ADVERTISING, ""),
    # No final one: to the hosts the next Active is the same router (RFC 9568 8.2), whose route it would end.
    (ADVERTISING, GIVEN_UP, (STOP_TIMERS,), SILENT, "RFC 9568 6.4.2"),
    (LEAVING, GIVEN_UP, (STOP_TIMERS,), SILENT, "RFC 9568 6.4.2"),
    (SILENT, CEASED, (SEND_FINAL,), SILENT, "RFC 4861 6.2.5"),
    (ADVERTISING, CEASED, (SEND_FINAL, STOP_TIMERS), SILENT, "RFC 4861 6.2.5"),
    (LEAVING, CEASED, (SEND_FINAL, STOP_TIMERS), SILENT, "RFC 4861 6.2.5"),
)

_ROWS = {(row[0], row[1]): row for row in TABLE}


class Emission(Value):
    """One advertisement that is to leave now: to one host (its address and MAC), or to all (None)."""

    def __init__(self, to: "tuple[bytes, bytes] | None" = None, final: bool = False) -> None:
        self.to = to
        self.final = final


class AdvertisingInterface:
    """The timers of one virtual router; `chance` returns a whole number below another, by chance."""

    def __init__(self, spec: AdvertSpec, chance: "Callable[[int], int]") -> None:
        self.spec = spec
        self.state = SILENT
        self.timer = NEVER
        self.answer_at = NEVER
        self._answer_to: tuple[bytes, bytes] | None = None
        self._chance = chance
        self._initial_left = 0
        self._resume_at = NEVER
        self._multicast_at = -NEVER
        self._emissions: list[Emission] = []

    def deadline(self) -> int:
        """Return when tick() has something to do."""
        return min(self.timer, self.answer_at)

    def handle(self, event: str, now: int) -> "list[Emission]":
        """Return what is to leave because of an event; one that a state does not know means nothing to it."""
        row = _ROWS.get((self.state, event))
        if row is not None:
            self.state = row[3]
            for action in row[2]:
                self._perform(action, now)
        emissions, self._emissions = self._emissions, []
        return emissions

    def solicit(self, solicitor: "tuple[bytes, bytes] | None", now: int) -> "list[Emission]":
        """Note a router solicitation of a host (its address and MAC), or of one that has not said who it is.

        One answer is waited for at a time; a second host that asks meanwhile makes it one to all.
        """
        if self.state == ADVERTISING:
            is_another = self.answer_at != NEVER and solicitor != self._answer_to
            self._answer_to = None if is_another else solicitor
        return self.handle(SOLICITED, now)

    def tick(self, now: int) -> "list[Emission]":
        """Return what is to leave because its time has come."""
        emissions = self._answer(now) if now >= self.answer_at else []
        if now >= self.timer:
            emissions += self.handle(TIMER, now)
        return emissions

    def _answer(self, now: int) -> "list[Emission]":
        to, self._answer_to, self.answer_at = self._answer_to, None, NEVER
        if to is not None:
            return [Emission(to)]
        # To all, so it takes the place of the next unsolicited one (RFC 4861 6.2.6).
        self.timer = min(self.timer, self._earliest(now))
        return []

    def _perform(self, action: str, now: int) -> None:
        if action == SEND:
            self._multicast_at = now
            if self._answer_to is None:
                # It answers whoever has not said who it is.
                self.answer_at = NEVER
            self._emissions.append(Emission())
        elif action == SEND_FINAL:
            self._emissions.append(Emission(None, True))
        elif action == BEGIN_INITIAL:
            self._initial_left = MAX_INITIAL_RTR_ADVERTISEMENTS
        elif action == SET_TIMER:
            self.timer = now + self._interval()
        elif action == SEND_SOON:
            self.timer = min(self.timer, self._earliest(now))
        elif action == ANSWER_SOON:
            if self.answer_at == NEVER:
                self.answer_at = now + self._chance(MAX_RA_DELAY_TIME + 1)
        elif action in (PAUSE, STOP_TIMERS):
            self._resume_at = self.timer if action == PAUSE else NEVER
            self.timer = self.answer_at = NEVER
            self._answer_to = None
        elif action == RESUME:
            self.timer = max(now, self._resume_at)

    def _earliest(self, now: int) -> int:
        return max(now, self._multicast_at + MIN_DELAY_BETWEEN_RAS)

    def _interval(self) -> int:
        spec = self.spec
        chosen = spec.min_interval_us + self._chance(spec.max_interval_us - spec.min_interval_us + 1)
        if self._initial_left:
            self._initial_left -= 1
            # The first three, of which one has just left, follow each other more closely.
            if self._initial_left:
                chosen = min(chosen, MAX_INITIAL_RTR_ADVERT_INTERVAL)
        return chosen
