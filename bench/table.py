# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians, ratios, and how they are printed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol


class Row(Protocol):
    """A line of a table, and whether what it says is as it should be."""

    what: str

    def heading(self) -> str:
        """Return the lines above the rows."""

    def row(self) -> str:
        """Return the line."""

    def kept(self) -> bool:
        """Tell whether every bound is kept."""


@dataclass
class Comparison:
    """What both programs measured of one thing.

    `bound` is for haven's median over keepalived's, `limit` for its median, `least` and `most` for each run.
    """

    what: str
    unit: str
    haven: list[float] = field(default_factory=list)
    keepalived: list[float] = field(default_factory=list)
    bound: float | None = None
    limit: float | None = None
    least: float | None = None
    most: float | None = None

    def of(self, program: str) -> list[float]:
        """Return the list to append to."""
        return self.haven if program == "haven" else self.keepalived

    def ratio(self) -> float | None:
        """Return haven's median over keepalived's, where keepalived has one that is not zero."""
        if not self.haven or not self.keepalived or median(self.keepalived) == 0:
            return None
        return median(self.haven) / median(self.keepalived)

    def verdict(self) -> str:
        """Say whether the bounds are kept."""
        said = [f"{'ok' if kept else 'MISSED'} ({words})" for kept, words in self._checks()]
        return ", ".join(said)

    def kept(self) -> bool:
        """Tell whether every bound is kept."""
        return all(kept for kept, _words in self._checks())

    def _checks(self) -> Iterator[tuple[bool, str]]:
        ratio, unit = self.ratio(), f" {self.unit}".rstrip()
        if self.bound is not None and ratio is not None:
            yield ratio <= self.bound, f"at most {self.bound:g} times"
        if not self.haven:
            return
        if self.limit is not None:
            yield median(self.haven) <= self.limit, f"at most {self.limit:g}{unit}"
        if self.least is not None:
            yield min(self.haven) >= self.least, f"each run at least {self.least:g}{unit}"
        if self.most is not None:
            yield max(self.haven) <= self.most, f"each run at most {self.most:g}{unit}"

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        names = f"{'median (least - most), runs':<46} | {'haven':>24} | {'keepalived':>24} | ratio |"
        return f"{names}\n{'-' * len(names)}"

    def row(self) -> str:
        """Return the line of the table."""
        ratio = self.ratio()
        return " | ".join(
            [
                f"{self.what:<46}",
                f"{_figure(self.haven):>24}",
                f"{_figure(self.keepalived):>24}",
                f"{'' if ratio is None else f'{ratio:.2f}':>5}",
                self.verdict(),
            ]
        )


@dataclass
class Figures:
    """What was measured of one subject: medians of everything, without a bound."""

    what: str
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, measured: dict[str, float]) -> None:
        """Take what one run has measured."""
        for key, value in measured.items():
            self.values.setdefault(key, []).append(value)

    def kept(self) -> bool:
        """Tell that there is no bound to miss."""
        return True

    def row(self) -> str:
        """Return the line: each figure with its name, as not every subject has all of them."""
        told = [f"{key} {median(values):.4g}" for key, values in self.values.items()]
        return f"{self.what:<28} | " + ", ".join(told)

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        return f"{'medians':<28} |\n{'-' * 80}"


def _figure(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{median(values):.4g} ({min(values):.4g} - {max(values):.4g}) n={len(values)}"
