# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians, ratios, and how they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Comparison:
    """What both programs measured of one thing; `bound` is for haven's median over keepalived's."""

    what: str
    unit: str
    haven: list[float] = field(default_factory=list)
    keepalived: list[float] = field(default_factory=list)
    bound: float | None = None
    limit: float | None = None

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
        ratio, said = self.ratio(), []
        if self.bound is not None and ratio is not None:
            said.append(f"{'ok' if ratio <= self.bound else 'MISSED'} (at most {self.bound:g} times)")
        if self.limit is not None and self.haven:
            kept = median(self.haven) <= self.limit
            said.append(f"{'ok' if kept else 'MISSED'} (at most {self.limit:g} {self.unit})")
        return ", ".join(said)

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


def heading() -> str:
    """Return the lines above the rows."""
    names = f"{'median (least - most), runs':<46} | {'haven':>24} | {'keepalived':>24} | ratio |"
    return f"{names}\n{'-' * len(names)}"


def _figure(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{median(values):.4g} ({min(values):.4g} - {max(values):.4g}) n={len(values)}"
