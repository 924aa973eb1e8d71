# SPDX-License-Identifier: GPL-2.0-or-later
"""One BFD session: RFC 5880 6.8 in asynchronous mode, in the active role, as a table and its timers.

Time comes in with each call; what is to be sent is asked for (`to_send`), and what has happened stands in
`changes` until the host takes it. Whether the other router is to be taken for silent is said by the cause of
a change: one that speaks, and hears nothing itself, is none that is dead.
"""

from haven.core.bfd.control_packet import (
    ADMIN_DOWN,
    ADMINISTRATIVELY,
    DOWN,
    ECHO_FAILED,
    EXPIRED,
    INIT,
    NEIGHBOUR_SAID,
    NO_DIAGNOSTIC,
    UP,
    ControlPacket,
    encode,
)
from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.value import Value

# While a session is not Up, nobody sends more often (RFC 5880 6.8.3).
SLOWLY_US = SECOND
# Between answers and changes that cannot wait for their turn, so that nobody makes this node send a flood.
AT_ONCE_US = 5 * MILLISECOND

# Events: a packet with that state was heard, or none within the Detection Time; or this node wants it.
HEARD_ADMIN_DOWN, HEARD_DOWN, HEARD_INIT, HEARD_UP = ADMIN_DOWN, DOWN, INIT, UP
SILENT, DISABLED = "no packet within the Detection Time", "the user wants it down"

# (state, event, next state, the diagnostic that this node then says, where it is said)
TABLE = (
    (DOWN, HEARD_DOWN, INIT, None, "RFC 5880 6.8.6"),
    (DOWN, HEARD_INIT, UP, NO_DIAGNOSTIC, "RFC 5880 6.8.6"),
    (INIT, HEARD_INIT, UP, NO_DIAGNOSTIC, "RFC 5880 6.8.6"),
    (INIT, HEARD_UP, UP, NO_DIAGNOSTIC, "RFC 5880 6.8.6"),
    (INIT, HEARD_ADMIN_DOWN, DOWN, NEIGHBOUR_SAID, "RFC 5880 6.8.6"),
    (INIT, SILENT, DOWN, EXPIRED, "RFC 5880 6.8.4"),
    (UP, HEARD_DOWN, DOWN, NEIGHBOUR_SAID, "RFC 5880 6.8.6"),
    (UP, HEARD_ADMIN_DOWN, DOWN, NEIGHBOUR_SAID, "RFC 5880 6.8.6"),
    (UP, SILENT, DOWN, EXPIRED, "RFC 5880 6.8.4"),
    (DOWN, DISABLED, ADMIN_DOWN, ADMINISTRATIVELY, "RFC 5880 6.8.16"),
    (INIT, DISABLED, ADMIN_DOWN, ADMINISTRATIVELY, "RFC 5880 6.8.16"),
    (UP, DISABLED, ADMIN_DOWN, ADMINISTRATIVELY, "RFC 5880 6.8.16"),
)

_ROWS = {(row[0], row[1]): row for row in TABLE}

# Why a session is not Up any more: nothing was heard; the other says that it does not forward; the other
# hears nothing of this one; the other has started anew, or forgotten; the user of the other, or of this one,
# wants it down.
SILENCE, TOLD, UNHEARD, RESTARTED, PEER_DISABLED, OWN_DISABLED = (
    "silence",
    "told",
    "unheard",
    "restarted",
    "peer-disabled",
    "disabled",
)
FAILURES = (SILENCE, TOLD)
# With these the other router speaks of what it hears, not of what it forwards.
OF_HEARING = (EXPIRED, ECHO_FAILED, NEIGHBOUR_SAID)


class SessionSpec(Value):
    """What the user wants of a session: with whom, on which device, and how fast; times are microseconds."""

    def __init__(
        self, name: str, device: str, address: bytes, min_tx_us: int, min_rx_us: int, multiplier: int
    ) -> None:
        self.name = name
        self.device = device
        self.address = address
        self.min_tx_us = min_tx_us
        self.min_rx_us = min_rx_us
        self.multiplier = multiplier

    def place(self) -> "tuple[str, bytes]":
        """Return by what a session is known that has no discriminator of ours yet."""
        return self.device, self.address


class SessionChange(Value):
    """A session has come Up (`cause` is None), or is Up no more, after so much silence."""

    def __init__(self, cause: "str | None", silence_us: int) -> None:
        self.cause = cause
        self.silence_us = silence_us


class BfdSession:
    """The state variables of RFC 5880 6.8.1 of one session, and when it has something to do."""

    def __init__(self, spec: SessionSpec, discriminator: int, now: int) -> None:
        self.spec = spec
        self.discriminator = discriminator
        self.state, self.diagnostic = DOWN, NO_DIAGNOSTIC
        self.remote_state, self.remote_diagnostic = DOWN, NO_DIAGNOSTIC
        self.remote_discriminator = 0
        # None has been heard yet: it sends seldom, and takes everything.
        self.remote_min_tx_us, self.remote_min_rx_us, self.remote_multiplier = 0, 1, 1
        self.remote_demands = False
        self.heard_at: int | None = None
        self.since = now
        self.sent = self.received = 0
        self.changes: list[SessionChange] = []
        # Until the other has confirmed other intervals, those hold that suit both (6.8.3).
        self._confirmed_tx_us, self._confirmed_rx_us = spec.min_tx_us, spec.min_rx_us
        self._polls = False
        self._owes_final = self._has_news = False
        self._sent_at: int | None = None
        self._transmit_at, self._at_once_at = now, now
        # Time in which this node did not listen.
        self._overslept_us = 0
        # Why it may be Up no more, by words since the last packet that anybody may have forged.
        self._claimed: str | None = None

    # What is wanted

    def change_spec(self, spec: SessionSpec) -> None:
        """Take other intervals for the same session; the other router is asked to confirm them."""
        if spec != self.spec:
            self.spec = spec
            self._polls = self._has_news = self.state == UP
            if not self._polls:
                self._confirm()

    def _confirm(self) -> None:
        self._confirmed_tx_us, self._confirmed_rx_us = self.spec.min_tx_us, self.spec.min_rx_us

    def disable(self, now: int) -> None:
        """Take it down by the user's wish: the other router is told that this is no failure."""
        self._go(DISABLED, now, OWN_DISABLED)
        # There may be no later.
        self._at_once_at = now

    # Intervals

    def desired_min_tx_us(self) -> int:
        """Return bfd.DesiredMinTxInterval."""
        return self.spec.min_tx_us if self.state == UP else max(SLOWLY_US, self.spec.min_tx_us)

    def transmit_us(self) -> int:
        """Return how long there is between two packets at the most (RFC 5880 6.8.7)."""
        own_us = self.desired_min_tx_us()
        if self._polls:
            own_us = min(own_us, self._confirmed_tx_us)
        return max(own_us, self.remote_min_rx_us)

    def detection_us(self) -> int:
        """Return the Detection Time (RFC 5880 6.8.4)."""
        own_us = max(self.spec.min_rx_us, self._confirmed_rx_us)
        return self.remote_multiplier * max(own_us, self.remote_min_tx_us)

    def is_silent(self, now: int) -> bool:
        """Tell whether the Detection Time is over without a packet."""
        return now >= self.silent_at()

    def is_up(self) -> bool:
        """Tell whether both routers hear each other."""
        return self.state == UP

    def silent_at(self) -> int:
        """Return when the Detection Time is over, if nothing is heard until then."""
        if self.heard_at is None:
            return NEVER
        return self.heard_at + self._overslept_us + self.detection_us()

    # Time

    def deadline(self) -> int:
        """Return when tick() or to_send() has something to do."""
        soonest = self.silent_at() if self.state != ADMIN_DOWN else NEVER
        if self._owes_final or self._has_news:
            soonest = min(soonest, self._at_once_at)
        return min(soonest, self._transmit_at) if self._is_sending() else soonest

    def oversleep(self, late_us: int) -> None:
        """Take that this node has not listened for so long: that is nobody's silence."""
        self._overslept_us += late_us

    def tick(self, now: int) -> None:
        """Notice a silence."""
        if not self.is_silent(now):
            return
        self._go(SILENT, now, self._claimed or SILENCE)
        self._claimed = None
        # RFC 5880 6.8.1: who starts anew may have another one.
        self.remote_discriminator, self.heard_at = 0, None
        if self.remote_state != ADMIN_DOWN:
            # Who was taken down on purpose need not say so for ever.
            self.remote_state = DOWN
        self.remote_min_rx_us, self.remote_demands = 1, False
        self._come_sooner(now)

    # What is heard

    def hear(self, packet: ControlPacket, now: int) -> None:
        """Take a packet that is for this session (RFC 5880 6.8.6, from the discriminator on).

        While it is Up, one without this session's number waits for the Detection Time: who has begun anew is
        not heard until then, and if it is heard, somebody else has said so. RFC 5880 has the session go Down
        at once, and what it says then would go to the number that was forged: a silence to the other router.
        """
        if self.state == UP and not packet.yours:
            self.doubt(packet)
            return
        self.received += 1
        self.remote_discriminator = packet.mine
        self.remote_state, self.remote_diagnostic = packet.state, packet.diagnostic
        self.remote_demands = packet.demand
        self.remote_min_tx_us, self.remote_multiplier = packet.min_tx_us, packet.multiplier
        self._take_min_rx(packet.min_rx_us, now)
        if packet.final:
            self._polls = False
            self._confirm()
        cause = self._cause(packet)
        # The silence that is told of was before this packet.
        self._go(packet.state, now, cause)
        self.heard_at, self._overslept_us, self._claimed = now, 0, None
        if packet.poll and self.state != ADMIN_DOWN:
            self._owes_final = True

    def doubt(self, packet: ControlPacket) -> None:
        """Take that the other router speaks, but not to this session: its silence here is no death."""
        self._claimed = self._cause(packet) if not packet.yours else UNHEARD

    def _take_min_rx(self, min_rx_us: int, now: int) -> None:
        before, self.remote_min_rx_us = self.transmit_us(), min_rx_us
        if self.transmit_us() != before:
            self._come_sooner(now)

    def _cause(self, packet: ControlPacket) -> str:
        if packet.state == ADMIN_DOWN:
            return PEER_DISABLED
        if packet.diagnostic in OF_HEARING:
            return UNHEARD
        # Anybody can say so without knowing a number.
        return TOLD if packet.yours else RESTARTED

    def _go(self, event: "int | str", now: int, cause: str) -> None:
        """Do what the table has for an event."""
        row = _ROWS.get((self.state, event))
        if row is None:
            return
        before, self.state, self.since = self.state, row[2], now
        if row[3] is not None:
            self.diagnostic = row[3]
        self._has_news = True
        if UP in (before, self.state):
            silence_us = 0 if self.heard_at is None else now - self.heard_at
            self.changes.append(SessionChange(None if self.state == UP else cause, silence_us))
        # Up, it may send more often, and asks the other to confirm that (6.8.3).
        self._polls = self.state == UP
        self._confirm()
        self._come_sooner(now)

    def _come_sooner(self, now: int) -> None:
        since = now if self._sent_at is None else self._sent_at
        self._transmit_at = min(self._transmit_at, since + self.transmit_us())

    # What is sent

    def to_send(self, now: int, chance: float) -> "bytes | None":
        """Return the packet that is to leave now, or None; `chance` is a new number of 0 to 1 each time."""
        is_final = self._owes_final and now >= self._at_once_at
        is_news = self._has_news and now >= self._at_once_at
        if not (is_final or is_news or (self._is_sending() and now >= self._transmit_at)):
            return None
        if is_final or is_news:
            self._at_once_at = now + AT_ONCE_US
        self._owes_final = self._owes_final and not is_final
        self._has_news = False
        self._sent_at, self._transmit_at = now, now + self._jittered_us(chance)
        self.sent += 1
        return encode(self._packet(is_final))

    def _is_sending(self) -> bool:
        """Tell whether packets leave periodically (RFC 5880 6.8.7)."""
        if not self.remote_min_rx_us or self.state == ADMIN_DOWN:
            return False
        both_up = self.state == UP and self.remote_state == UP
        return not (self.remote_demands and both_up) or self._polls

    def _jittered_us(self, chance: float) -> int:
        """Return the next interval, shorter by chance by up to a quarter (RFC 5880 6.8.7)."""
        longest = 0.9 if self.spec.multiplier == 1 else 1.0
        return int(self.transmit_us() * (0.75 + (longest - 0.75) * chance))

    def _packet(self, is_final: bool) -> ControlPacket:
        return ControlPacket(
            self.state,
            self.discriminator,
            self.remote_discriminator,
            self.desired_min_tx_us(),
            self.spec.min_rx_us,
            self.spec.multiplier,
            self.diagnostic,
            # Never both (RFC 5880 6.5).
            self._polls and not is_final,
            is_final,
        )
