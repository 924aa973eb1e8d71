# SPDX-License-Identifier: GPL-2.0-or-later
"""What conntrackd has failed at lately: its own figures count from its start, and never fall."""

NAMES = ("inject_failed", "lost", "errors", "malformed")
# What was missed is sent again with the next renewal: after some of them it is over.
LATELY_S = 120.0


class RecentFailures:
    """The figures as they were, once for each time that they changed."""

    def __init__(self) -> None:
        self._before = dict.fromkeys(NAMES, 0)
        self._added: list[tuple[float, dict[str, int]]] = []

    def started(self) -> None:
        """Begin anew, as conntrackd has with its figures."""
        self._before = dict.fromkeys(NAMES, 0)
        self._added.clear()

    def record(self, figures: dict[str, int], now: float) -> None:
        """Take the figures of now; one that is not told stays as it was."""
        present = {name: figures.get(name, self._before[name]) for name in NAMES}
        added = {name: present[name] - self._before[name] for name in NAMES}
        self._before = present
        if any(count > 0 for count in added.values()):
            self._added.append((now, added))

    def lately(self, now: float) -> dict[str, int]:
        """Return what has been added lately, by name."""
        while self._added and now - self._added[0][0] >= LATELY_S:
            self._added.pop(0)
        return {name: sum(max(added[name], 0) for _at, added in self._added) for name in NAMES}
