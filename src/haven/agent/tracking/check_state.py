# SPDX-License-Identifier: GPL-2.0-or-later
"""From single answers and failures to a verdict: how many in a row it takes, and for whom it takes more."""

from haven.contract.check_documents import DOWN, UNABLE, UNKNOWN, UP

ANSWERED = "answered"
FAILED = "failed"
# It could not even be asked, for a reason that lies with this router and is no fault.
IMPOSSIBLE = "impossible"

# (outcome, which option says how many in a row, the verdict then)
TABLE = {ANSWERED: ("rise", UP), FAILED: ("fall", DOWN), IMPOSSIBLE: ("fall", UNABLE)}

# Who falls again within so many seconds is trusted less: each time twice the rise, up to sixteen times it.
RELAPSE_S = 600.0
MOST_DOUBLINGS = 4


class CheckOutcome:
    """What came of one check: how it was asked, why it failed, and how long the answer took (ms)."""

    def __init__(self, result: str, kind: str, error: str = "", latency_ms: float | None = None) -> None:
        self.result, self.kind, self.error, self.latency_ms = result, kind, error, latency_ms


class CheckState:
    """The verdict on one check, since when (seconds since the epoch), and how it comes to change."""

    def __init__(self, rise: int, fall: int, now: float) -> None:
        self.state, self.since = UNKNOWN, now
        self._needed = {"rise": rise, "fall": fall}
        self._last = ""
        self._in_a_row = 0
        self._fell_at: float | None = None
        self._doublings = 0

    def take(self, result: str, now: float) -> bool:
        """Take an outcome; tell whether the verdict is another one now."""
        self._in_a_row = self._in_a_row + 1 if result == self._last else 1
        self._last = result
        option, verdict = TABLE[result]
        if verdict == self.state or self._in_a_row < self.needed(option):
            return False
        if verdict == DOWN and self.state != UNABLE:
            self._note_fall(now)
        self.state, self.since = verdict, now
        return True

    def needed(self, option: str) -> int:
        """Return how many outcomes in a row make the verdict of an option, `rise` or `fall`."""
        return self._needed[option] << (self._doublings if option == "rise" else 0)

    def _note_fall(self, now: float) -> None:
        relapsed = self._fell_at is not None and now - self._fell_at < RELAPSE_S
        self._doublings = min(self._doublings + 1, MOST_DOUBLINGS) if relapsed else 0
        self._fell_at = now
