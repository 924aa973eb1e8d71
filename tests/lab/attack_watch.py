# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of two routers while somebody attacks them: who is Active, what they send, what they say."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.capture import Capture
from tests.lab.haven_node import HavenNode, Refused
from tests.lab.wait import now_ns

EVERY_S = 0.2
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Sample:
    """What both nodes said at a time: which of them are Active, and the codes of their problems."""

    at: int
    active: tuple[str, ...]
    codes: frozenset[str]
    answered: int


class AttackWatch:
    """Asks the nodes again and again, and hears what they send on the LAN."""

    def __init__(self, nodes: Sequence[HavenNode], capture: Capture) -> None:
        self._nodes, self._capture = nodes, capture
        self._turns = self._count_turns()
        self.began = self.ended = now_ns()
        self.samples: list[Sample] = []

    def watch(self, seconds: float) -> None:
        """Look on for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.samples.append(self._sample())
            time.sleep(EVERY_S)
        self.ended = now_ns()

    def named_after_s(self, codes: frozenset[str]) -> float | None:
        """Tell how long it took until a status had one of these problems."""
        found = (each.at for each in self.samples if each.codes & codes)
        first = next(found, None)
        return None if first is None else (first - self.began) / SECOND_NS

    def codes(self) -> set[str]:
        """Tell every problem that a status had."""
        return set().union(*(each.codes for each in self.samples))

    def unanswered(self) -> int:
        """Count the questions that havend did not answer."""
        return sum(len(self._nodes) - each.answered for each in self.samples)

    def percent_with(self, count: int) -> float:
        """Tell in which part of the samples so many nodes were Active."""
        return 100 * sum(len(each.active) == count for each in self.samples) / len(self.samples)

    def moves(self) -> int:
        """Count how often a node has become Active."""
        return self._count_turns() - self._turns

    def gaps_ms(self) -> list[float]:
        """Tell the distances between the ADVERTISEMENTs on the LAN of whoever was Active."""
        times = [
            advert.at
            for advert in self._capture.adverts()
            if advert.priority and self.began <= advert.at <= self.ended
        ]
        return [
            (later - earlier) / 1e6 for earlier, later in itertools.pairwise([self.began, *times, self.ended])
        ]

    def _sample(self) -> Sample:
        told = [(node.name, status) for node in self._nodes for status in _statuses(node)]
        active = tuple(name for name, status in told if status["state"] == "active")
        codes = frozenset(each["code"] for _name, status in told for each in status["problems"])
        return Sample(now_ns(), active, codes, len(told))

    def _count_turns(self) -> int:
        members = [node.status()["virtual_routers"][0] for node in self._nodes]
        return sum(member["counters"]["became_active"] for member in members)


def _statuses(node: HavenNode) -> Iterator[dict]:
    try:
        yield node.status()
    except (OSError, Refused):
        return


def descriptors(node: HavenNode) -> int:
    """Count what a node's havend has open."""
    return len(list(Path(f"/proc/{node.status()['pid']}/fd").iterdir()))
