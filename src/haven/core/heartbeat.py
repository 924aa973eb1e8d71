# SPDX-License-Identifier: GPL-2.0-or-later
"""A way on which the kernel of a router is asked whether it lives, and how long its silence is borne.

Nothing is concluded from a way before it has shown that it answers. From then on the losses and the gaps that
were seen on it say how many questions in a row have to stay without an answer, and for how long: so many that
losses alone would do it less than once in ten years.
"""

from haven.core.clock import MILLISECOND, SECOND

# After a question without an answer the next ones come quickly.
QUICK_US = 2 * MILLISECOND
# Of the time before that so much counts: a way that is asked seldom is not silent for longer by that.
NOTICED_AFTER_US = 10 * MILLISECOND
# What stands still falls silent on all of its ways within this time, by what is noticed of it.
TOGETHER_US = 100 * MILLISECOND
# While a way is being learned, and where it does not answer.
LEARNING_US, RARELY_US = 20 * MILLISECOND, SECOND
# Questions that a way has to be asked before it is believed, and its losses at the most.
BELIEVED_AFTER = 100
MOST_LOST = 0.2
KNOWN_AFTER = 2000
# Silences shorter than this, or with fewer questions, are nobody's death: a kernel that is busy, one frame.
SHORTEST_US = 15 * MILLISECOND
FEWEST = 3
# Of the questions of ten years, at one every 10 ms.
IN_TEN_YEARS = 3.2e10
# What is older counts half.
REMEMBERED = 100_000
# The longest gap is that of the last one or two of these.
GAPS_US = 600 * SECOND
# No answer is waited for longer than this before more questions are asked.
LATEST_USUAL_US = 50 * MILLISECOND
# Without an answer for so long it is not asked quickly any more.
GIVEN_UP_US = SECOND
# How much longer a silence is borne after a lateness of one's own, at the most.
MOST_BORNE_US = 200 * MILLISECOND


class HeartbeatPath:
    """What has been asked and answered on one way; times are microseconds."""

    def __init__(self, pace_us: int, now: int) -> None:
        self.pace_us = pace_us
        self.asked = 0
        self.lost = 0
        self.unanswered = 0
        self.answered_at: int | None = None
        # The first question since the last sign of life, later by the time that the asker has slept.
        self.open_since: int | None = None
        # After a false alarm the shortest silence is so many times longer.
        self.leniency = 1
        self._began = now
        # Counted as lost in the last silence, and how long that was: they may only be late.
        self._late = self._late_us = 0
        # How late answers come that are not lost.
        self._usual_us = self._usual_before_us = 0
        # Something else says that the router may be gone.
        self.is_alarmed = False
        self._longest_us = self._longest_before_us = 0
        self._gaps_since = now
        self._questions = FEWEST

    def ask(self, now: int) -> None:
        """Take that a question goes out now."""
        self.unanswered += 1
        if self.open_since is None:
            self.open_since = now
        elif self.unanswered == 2:
            self.open_since = max(self.open_since, now - NOTICED_AFTER_US)

    def oversleep(self, late_us: int) -> None:
        """Take that the asker has not looked for so long, by its own fault: that is nobody's silence.

        What held it up for long may hold up the way of an answer through this machine for as long again.
        """
        if self.open_since is not None:
            self.open_since += late_us + (min(late_us, MOST_BORNE_US) if late_us >= SHORTEST_US else 0)

    def hear(self, answers: int, now: int) -> None:
        """Take a sign of life, and so many answers, which came since the last question or a little before."""
        if self.open_since is not None and not self.is_given_up(now):
            if now - self._gaps_since > GAPS_US:
                self._gaps_since = now
                self._longest_before_us, self._longest_us = self._longest_us, 0
                self._usual_before_us, self._usual_us = self._usual_us, 0
            # One question that was lost is no gap.
            if self.unanswered > 2:
                self._longest_us = max(self._longest_us, now - self.open_since)
            self._count(self.unanswered, self.unanswered - answers, now - self.open_since)
        self.answered_at, self.open_since, self.unanswered = now, None, 0
        self.is_alarmed = False

    def _count(self, asked: int, missing: int, silence_us: int) -> None:
        self.asked += asked
        if missing > 0:
            self._late, self._late_us = missing, silence_us
            self.lost += missing
        elif missing < 0 < self._late:
            late = min(self._late, -missing)
            self._late -= late
            self.lost -= late
            self._usual_us = max(self._usual_us, min(self._late_us, LATEST_USUAL_US))
        if self.asked > REMEMBERED:
            self.asked //= 2
            self.lost //= 2
        if missing or self.asked % BELIEVED_AFTER < asked:
            self._questions = max(FEWEST, questions_for(self.loss()))

    def loss(self) -> float:
        """Return which part of the questions is lost, rather too high than too low where few were asked."""
        return (max(0, self.lost) + 1) / (self.asked + 2)

    def is_given_up(self, now: int) -> bool:
        """Tell whether there has been no answer for so long that it says nothing about losses."""
        open_since = self._began if self.answered_at is None else self.open_since
        return open_since is not None and now - open_since > GIVEN_UP_US

    def is_believed(self) -> bool:
        """Tell whether a silence on this way would mean something."""
        return self.asked >= BELIEVED_AFTER and self.loss() <= MOST_LOST

    def is_known(self) -> bool:
        """Tell whether its losses are known so well that more questions would tell little."""
        return self.asked >= KNOWN_AFTER

    def next_us(self, now: int) -> int:
        """Return how long after a question the next one goes out."""
        if self.unanswered > 1 and self.is_given_up(now):
            return RARELY_US
        if not self.is_believed():
            return LEARNING_US
        return QUICK_US if self.is_alarmed or self.is_noticed(now) else self.pace_us

    def is_noticed(self, now: int) -> bool:
        """Tell whether an answer is missing: one to the last question has had no time yet.

        Where answers usually come late, a silence means nothing before they do.
        """
        usual_us = max(self._usual_us, self._usual_before_us)
        return self.unanswered > 1 and self.silence_us(now) >= usual_us

    def silence_us(self, now: int) -> int:
        """Return for how long there has been no answer to a question."""
        return 0 if self.open_since is None else now - self.open_since

    def patience_us(self) -> int:
        """Return how long a silence is borne."""
        longest = max(self._longest_us, self._longest_before_us)
        return max(SHORTEST_US * self.leniency, longest + longest // 2, self._questions * QUICK_US)

    def is_quiet(self, now: int) -> bool:
        """Tell whether losses alone do not explain its silence."""
        enough = self._questions
        return self.is_believed() and self.unanswered >= enough and self.silence_us(now) >= enough * QUICK_US

    def years(self) -> float:
        """Return in how many years losses alone look like a death once, at the most often."""
        return 10.0 / max(IN_TEN_YEARS * self.loss() ** self._questions, 1e-9)


def is_dead(paths: "list[HeartbeatPath]", more_us: int, now: int) -> bool:
    """Tell whether a router that lives would have answered on one of these ways by now.

    A router that stands still for a moment does so on all of its ways: one of them is waited for as long as
    the most patient says, and the others have to be silent as well.
    """
    if not paths or not all(path.is_quiet(now) for path in paths):
        return False
    longest = youngest = min([path.silence_us(now) for path in paths])
    for path in paths:
        # What is silent for much longer than the others failed by itself, as a link that was cut.
        if path.silence_us(now) <= youngest + TOGETHER_US:
            longest = max(longest, path.silence_us(now))
    return longest >= max([path.patience_us() for path in paths]) + more_us


def questions_for(loss: float) -> int:
    """Return how many in a row have to be lost, so that this is no chance of ten years."""
    found, chance = 0, IN_TEN_YEARS
    while chance > 1:
        chance *= loss
        found += 1
    return found
