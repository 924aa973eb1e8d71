# SPDX-License-Identifier: GPL-2.0-or-later
"""What routers tell each other of leases: all at first, then each as it is given, and that it has arrived.

A peer that does not answer in time is not waited for again until it does; it gets everything anew then.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any

from haven.agent.carrier import Carrier, Document, PeerLine
from haven.agent.leases.binding import Binding, BindingError, read_binding
from haven.agent.leases.lease_table import Table
from haven.agent.loop import Scope
from haven.contract.channel import LEASES_AT_ONCE

# As long as the client is made to wait, and what all of a table may take.
PATIENCE_S, PATIENCE_ALL_S = 0.1, 5.0
# So often both say how many they know.
COUNT_EVERY_S = 5.0
# Numbers that stay different are no reason to tell everything all the time.
ALL_AGAIN_S = 60.0
# Of one peer; one that never answers is told everything again and again.
MOST_WAITING = 256

Done = Callable[[bool], None]


class Neighbour:
    """One peer: what it has not answered yet, and how many leases it knows."""

    def __init__(self, line: PeerLine) -> None:
        self.line = line
        self.waiting: dict[int, Done] = {}
        self.parts_left = 0
        self.known: int | None = None
        self.is_in_sync = self.is_late = False
        self.counted_at = self.told_all_at = 0.0

    @property
    def is_heard(self) -> bool:
        """Whether it is worth while to wait for its answer."""
        return self.line.is_open and not self.is_late

    def forget(self) -> None:
        """Take it for one that knows nothing, as it may have been started anew."""
        self.known, self.is_in_sync, self.parts_left = None, False, 0
        waiting, self.waiting = self.waiting, {}
        for done in waiting.values():
            done(False)


class LeaseExchange:
    """Keeps the tables of all paired routers the same; `news` is called for what came from another."""

    def __init__(
        self, scope: Scope, carrier: Carrier, table: Table, news: Callable[[list[Binding]], None]
    ) -> None:
        self._scope, self._carrier, self._table, self._news = scope, carrier, table, news
        self._neighbours: dict[PeerLine, Neighbour] = {}
        self._numbers = itertools.count(1)
        carrier.hear("leases", lambda line, message: scope.guard(lambda: self._hear(line, message)))
        carrier.hear("leases-kept", lambda line, message: scope.guard(lambda: self._hear_kept(line, message)))

    @property
    def is_waited_for(self) -> bool:
        """Whether an ACK is to wait for somebody."""
        return any(each.is_heard for each in self._neighbours.values())

    def is_in_sync(self) -> bool:
        """Tell whether this router has heard all from everybody who is there."""
        return all(each.is_in_sync for each in self._neighbours.values() if each.line.is_open)

    def look(self) -> None:
        """See who has come and who has gone; to be called every second."""
        now = time.monotonic()
        lines = self._carrier.lines()
        self._neighbours = {line: self._neighbours.get(line) or Neighbour(line) for line in lines}
        for neighbour in self._neighbours.values():
            if not neighbour.line.is_open:
                neighbour.forget()
            elif not neighbour.is_in_sync or neighbour.is_late:
                self._tell_all(neighbour, now)
            elif now - neighbour.counted_at >= COUNT_EVERY_S:
                self._count(neighbour, now)

    def _count(self, neighbour: Neighbour, now: float) -> None:
        is_different = neighbour.known not in (None, len(self._table.good(now)))
        if is_different and now - neighbour.told_all_at >= ALL_AGAIN_S:
            self._tell_all(neighbour, now)
        neighbour.counted_at = now
        self._say(neighbour, [], lambda _kept: None)

    def _tell_all(self, neighbour: Neighbour, now: float) -> None:
        if neighbour.parts_left and now - neighbour.told_all_at < PATIENCE_ALL_S:
            return
        rows = [binding.document(now) for binding in self._table.all()]
        parts = [rows[at : at + LEASES_AT_ONCE] for at in range(0, len(rows) or 1, LEASES_AT_ONCE)]
        neighbour.told_all_at, neighbour.parts_left = now, len(parts)

        def kept(is_kept: bool) -> None:
            neighbour.parts_left -= is_kept
            neighbour.is_in_sync = neighbour.is_in_sync or not neighbour.parts_left

        for part in parts:
            self._say(neighbour, part, kept)

    def tell(self, binding: Binding, done: Done) -> None:
        """Tell everybody of a lease; once all who are heard have answered, `done` learns if one has it."""
        heard = [each for each in self._neighbours.values() if each.is_heard]
        left, found = set(heard), []
        if not heard:
            done(False)
            return
        document = binding.document(time.monotonic())
        for neighbour in heard:

            def kept(is_kept: bool, neighbour: Neighbour = neighbour) -> None:
                left.discard(neighbour)
                found.append(is_kept)
                if not left:
                    done(any(found))

            number = self._say(neighbour, [document], kept)
            self._scope.after(PATIENCE_S, lambda of=neighbour, number=number: _look_late(of, number))  # type: ignore[misc]

    def _say(self, neighbour: Neighbour, documents: list[Document], done: Done) -> int:
        number = next(self._numbers)
        if len(neighbour.waiting) >= MOST_WAITING:
            neighbour.waiting.pop(next(iter(neighbour.waiting)))(False)
        neighbour.waiting[number] = done
        known = len(self._table.good(time.monotonic()))
        neighbour.line.say("leases", number=number, known=known, leases=documents)
        return number

    def is_told(self) -> bool:
        """Tell whether everybody who is heard has answered everything."""
        return not any(each.waiting for each in self._neighbours.values() if each.is_heard)

    # What is heard

    def _hear(self, line: PeerLine, message: Document) -> None:
        now = time.monotonic()
        taken = []
        for document in message["leases"]:
            try:
                binding = read_binding(document, now)
            except BindingError:
                # Of a release that knows of other leases than this one.
                continue
            if self._table.put(binding, now):
                taken.append(binding)
        # Said before anything else is done with it: a client waits.
        line.say("leases-kept", number=message["number"], known=len(self._table.good(now)))
        neighbour = self._neighbours.setdefault(line, Neighbour(line))
        neighbour.known = message["known"]
        if taken:
            self._news(taken)

    def _hear_kept(self, line: PeerLine, message: Document) -> None:
        neighbour = self._neighbours.get(line)
        if neighbour is None:
            return
        neighbour.known = message["known"]
        done = neighbour.waiting.pop(message["number"], None)
        # Whoever is late answers in the order in which it was told.
        if not neighbour.waiting:
            neighbour.is_late = False
        if done is not None:
            done(True)

    def account(self) -> list[dict[str, Any]]:
        """Return how many leases each peer knows."""
        return [
            {
                "node": line.peer.node,
                "known": each.known if line.is_open else None,
                "in_sync": line.is_open and each.is_in_sync and not each.is_late,
            }
            for line, each in self._neighbours.items()
        ]

    def close(self) -> None:
        """Hear nothing more."""
        self._carrier.forget("leases", "leases-kept")


def _look_late(neighbour: Neighbour, number: int) -> None:
    if number in neighbour.waiting:
        neighbour.is_late = True
