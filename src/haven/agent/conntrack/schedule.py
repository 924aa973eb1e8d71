# SPDX-License-Identifier: GPL-2.0-or-later
"""What conntrackd has to be told, and when: events in, orders out, time injected (seconds).

Entries arrive in the standby's kernel as they are made (injection), so a takeover needs no commit. What
is left to do:

- The new Active reads its kernel's table into conntrackd, or it would not tell of the end of flows that
  it has inherited; then it sends the whole of it, since the other may have missed something.
- A node that becomes standby forgets the flows that it has told of: they run out in its kernel, and
  telling the Active of that would end them there, alive as they are.
- A quiet flow sends no events, so its copy would run out. The Active sends everything again now and then,
  and the standby forgets again what a stray packet may have made it tell of.
"""

from haven.agent.roles import ACTIVE

# The first seconds after a takeover belong to the packets: reading and sending a great table takes the
# processor from them, and nothing of it is urgent.
CALM_S = 3.0
# A handover is over by then: its longest part is a Skew_Time, of an interval at the most (RFC 9568, 6.1).
HANDOVER_S = 10.0
# What is missing in the cache of a new Active is missed by every copy; some is found only later.
ROUNDS_READ = 3
# How long after the peer was first heard its whole table has come: conntrackd sends 46 000 flows a second.
WHOLE_TABLE_S = 5.0
# conntrackd says that it lives every second.
SILENCE_S = 5.0


class SyncSchedule:
    """The state of one node's copy."""

    def __init__(self, renew: float) -> None:
        self._renew = renew
        self._active = False
        self._running = False
        self._started_at = 0.0
        self._renew_at: float | None = None
        self._calm_until = 0.0
        self._waiting: list[str] = []
        self._rounds_to_read = 0
        self._received: int | None = None
        self._heard_at: float | None = None
        self._first_heard_at: float | None = None
        self._missed = False
        self._in_sync = False

    def renew_every(self, seconds: float, now: float) -> None:
        """Renew so often from now on; 0 for never."""
        if seconds == self._renew:
            return
        before, self._renew = self._renew, seconds
        if not seconds:
            self._renew_at = None
        elif self._running and (self._renew_at is None or seconds < before):
            self._renew_at = min(now + seconds, self._renew_at or now + seconds)

    def started(self, now: float) -> list[str]:
        """conntrackd has just started, for the first time or again."""
        self._running = True
        self._started_at = now
        self._received = self._heard_at = self._first_heard_at = None
        self._missed = self._in_sync = False
        if self._active:
            return self._become_active(now)
        self._renew_later(now)
        # It has read the kernel at its start, and would tell the Active of the end of copies.
        return ["forget what was told", "ask for everything"]

    def ended(self) -> None:
        """conntrackd is not there any more."""
        self._running = False
        self._renew_at = None
        self._waiting = []
        self._received = self._heard_at = self._first_heard_at = None
        self._in_sync = False

    def set_state(self, state: str, now: float) -> list[str]:
        """Take the state of the gateway on this node; return the orders that follow."""
        active = state == ACTIVE
        if active == self._active:
            return []
        self._active = active
        if not self._running:
            return []
        if active:
            return self._become_active(now)
        self._renew_later(now)
        self._first_heard_at = None
        self._in_sync = False
        self._later(now, ["ask for everything"])
        return ["forget what was told"]

    def prepare_handover(self, now: float) -> list[str]:
        """The addresses are about to leave: the kernel then ends what it has masqueraded to one of them."""
        if not self._active or not self._running:
            return []
        # Should the node stay Active after all; until then nothing may be read again.
        self._calm_until, self._waiting = now + HANDOVER_S, ["read the kernel", "send everything"]
        self._renew_later(now + HANDOVER_S)
        return ["forget what was told"]

    def _become_active(self, now: float) -> list[str]:
        self._in_sync = True
        self._later(now, ["read the kernel", "send everything"])
        self._renew_later(now + CALM_S)
        self._rounds_to_read = ROUNDS_READ
        return []

    def _renew_later(self, now: float) -> None:
        self._renew_at = now + self._renew if self._renew else None

    def _later(self, now: float, orders: list[str]) -> None:
        self._calm_until, self._waiting = now + CALM_S, orders

    def next_deadline(self) -> float | None:
        """Return when tick() has something to do, or None."""
        times = [self._calm_until if self._waiting else None, self._renew_at]
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: float) -> list[str]:
        """Do what time asks for."""
        orders: list[str] = []
        if self._waiting and now >= self._calm_until:
            orders, self._waiting = self._waiting, []
        if self._renew_at is not None and now >= self._renew_at:
            self._renew_at = now + self._renew
            orders = orders or self._round()
        return orders

    def _round(self) -> list[str]:
        if not self._active:
            return ["forget what was told"]
        self._rounds_to_read -= 1
        return ["read the kernel", "send everything"] if self._rounds_to_read >= 0 else ["send everything"]

    def hears_peer(self, now: float) -> bool:
        """Tell whether the peer's conntrackd has been heard lately."""
        return self._heard_at is not None and not self.is_silent(now)

    def record_statistics(self, received: int | None, now: float) -> None:
        """Take the count of what was received well formed: it shows whether the peer lives and has sent all.

        None where conntrackd did not answer: then nothing was heard.
        """
        if received is not None:
            self._record_received(received, now)
        if self._active:
            return
        if self.is_silent(now):
            self._missed = self._missed or self._heard_at is not None
            self._first_heard_at = None
        self._in_sync = self._first_heard_at is not None and now - self._first_heard_at >= WHOLE_TABLE_S

    def _record_received(self, received: int, now: float) -> None:
        before, self._received = self._received, received
        if before is not None and received > before:
            self._heard_at = now
            self._hear_again(now)

    def _hear_again(self, now: float) -> None:
        if self._first_heard_at is None:
            self._first_heard_at = now
        if self._missed and not self._active and not self._waiting:
            # What was said meanwhile was not all kept for us.
            self._calm_until, self._waiting = now, ["ask for everything"]
        self._missed = False

    def is_in_sync(self, now: float) -> bool:
        """Tell whether this node has the whole table of the Active, and still hears it."""
        return self._in_sync and (self._active or not self.is_silent(now))

    def sync_left(self, now: float) -> float | None:
        """Return in how many seconds this node will be in sync if all goes on; None where nothing says so."""
        if self._in_sync or self._active or self._first_heard_at is None:
            return None
        return max(0.0, self._first_heard_at + WHOLE_TABLE_S - now)

    def heard_age(self, now: float) -> float | None:
        """Return how long ago the peer was heard, in seconds; None when it never was."""
        return None if self._heard_at is None else now - self._heard_at

    def is_silent(self, now: float) -> bool:
        """Tell whether the peer's conntrackd has not been heard for long."""
        since = self._started_at if self._heard_at is None else self._heard_at
        return now - since > SILENCE_S
