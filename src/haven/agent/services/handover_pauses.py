# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a group stays where it is before a broken service may move it once more.

Each router counts what it has seen of the group's moves, its own giving up and its taking over alike. In a
pair both see all of them, so that two broken routers wait together without a word to each other.
"""

from haven.core.silence import SILENCES

# After no move, one, two, and more: together at most three in any hour.
PAUSES_S = (0.0, 60.0, 900.0, 3600.0)
MEMORY_S = 6 * 3600.0
# Nobody took over: the next try costs no more than a priority 0 that is taken back.
FIRST_REFUSED_S, LONGEST_REFUSED_S = 10.0, 300.0

# Why a group comes to be Active here when another router had it.
TAKEN_OVER = ("resigned", *SILENCES, "preempt")
# What is no move from one router to another.
NO_MOVE = ("restart", "stop")


class HandoverPauses:
    """The moves of one group of late; times are seconds of a clock that only grows."""

    def __init__(self, moves: "list[float] | None" = None) -> None:
        self.moves = list(moves or [])
        self._refused_until = 0.0
        self._refusals = 0

    def note(self, before: str, after: str, reason: str, now: float) -> None:
        """Take a change of state of the group."""
        left = before == "active" and reason not in NO_MOVE
        if left or (after == "active" and reason in TAKEN_OVER):
            self.moves = [*self._recent(now), now]
            self._refusals, self._refused_until = 0, 0.0

    def note_refusal(self, now: float) -> None:
        """Take that no other router took over."""
        self._refused_until = now + min(FIRST_REFUSED_S * 2**self._refusals, LONGEST_REFUSED_S)
        self._refusals = min(self._refusals + 1, 10)

    def allowed_at(self, now: float) -> float:
        """Return when a service may move the group; a time gone by means now."""
        moves = self._recent(now)
        pause = PAUSES_S[min(len(moves), len(PAUSES_S) - 1)]
        return max(self._refused_until, moves[-1] + pause if moves else 0.0)

    def count(self, now: float) -> int:
        """Return how many moves are remembered."""
        return len(self._recent(now))

    def _recent(self, now: float) -> list[float]:
        return [at for at in self.moves if now - at < MEMORY_S]
