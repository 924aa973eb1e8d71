# SPDX-License-Identifier: GPL-2.0-or-later
"""One router that is asked on one device: when, and what is made of its answers."""

from haven.core.clock import MILLISECOND, NEVER, SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.heartbeat import HeartbeatPath
    from haven.havend.heartbeat_socket import HeartbeatSocket

# All ways but one of a group are asked so often until that one is silent, or a little sooner with another.
SELDOM_US, SOONER_US = 100 * MILLISECOND, 10 * MILLISECOND


class HeartbeatPlace:
    """One place that is asked: the socket, what came of it, and when it is asked next."""

    def __init__(self, sock: "HeartbeatSocket", path: "HeartbeatPath", now: int) -> None:
        self.socket, self.path = sock, path
        self.due = now
        self.taken_for_dead_at: int | None = None
        # When another machine answered last, and when it did so again and again: a router with two ports on a
        # link answers the first question by both.
        self._strange_once_at, self.strange_at = -NEVER, -NEVER

    def is_due(self, now: int) -> bool:
        """Tell whether it is asked now."""
        return now >= self.due - (SOONER_US if self.path.pace_us >= SELDOM_US else 0)

    def turn(self, now: int) -> None:
        """Read the answers, and ask again."""
        path = self.path
        if now > self.due:
            path.oversleep(now - self.due)
        is_noticed, strange = path.is_noticed(now), self.socket.strange
        answers = self.socket.answers(path.unanswered, is_noticed)
        if self.socket.strange != strange:
            if now - self._strange_once_at < SECOND:
                self.strange_at = now
            self._strange_once_at = now
        if answers is not None:
            path.hear(answers, now)
        elif is_noticed and self.taken_for_dead_at is None:
            self.socket.ask_everybody()
        self.socket.ask()
        path.ask(now)
        self.due = now + (path.next_us(now) if self.taken_for_dead_at is None else SELDOM_US)

    def is_urgent(self, now: int) -> bool:
        """Tell whether a millisecond matters."""
        return self.path.is_alarmed or self.path.is_noticed(now) or self.taken_for_dead_at is not None

    def alarm(self, now: int) -> None:
        """Ask at once, and quickly until there is an answer."""
        self.path.is_alarmed = True
        self.due = now

    def counts(self, now: int) -> bool:
        """Tell whether its silence would mean something."""
        return self.path.is_believed() and not self.path.is_given_up(now)
