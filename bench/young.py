# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of connections that have just begun when the power goes, with the guard on and off."""

import time
from collections.abc import Iterator

from bench.nodes import HavenAgent, HavenUnguarded, Stock
from bench.table import Comparison
from bench.world import Moment, world
from tests.lab.flows import Births

CROWD = 50_000
BIRTHS_PER_SECOND = 500
YOUNG_MS = 100
# Each says something twice a second; one that has not since then waits for an answer in vain.
SAYS_NS = 500_000_000
# A segment is sent again after 0.2, 0.6, 1.4 and 3 s.
AFTERMATH_S = 5


def young_connections(runs: int) -> Iterator[Comparison]:
    """Cut the power while many connections begin."""
    guarded, bare = _rows("guard on"), _rows("guard off")
    for _ in range(runs):
        _run(guarded, "haven", HavenAgent)
        _run(guarded, "keepalived", Stock)
        _run(bare, "haven", HavenUnguarded)
    yield from [*guarded.values(), *bare.values()]


def _rows(words: str) -> dict[str, Comparison]:
    title = f"power cut, {BIRTHS_PER_SECOND} new/s, {words}: "
    return {
        "all": Comparison(f"{title}lost", ""),
        "young": Comparison(f"{title}of last {YOUNG_MS} ms", ""),
        "grown": Comparison(f"{title}older", "", most=0),
    }


def _run(rows: dict[str, Comparison], program: str, kind: type[HavenAgent] | type[Stock]) -> None:
    with world(kind, CROWD) as made:
        births = Births(made.network, BIRTHS_PER_SECOND)
        # By then as many end as begin.
        time.sleep(4)
        moment = made.happen("power cut")
        time.sleep(AFTERMATH_S)
        for key, value in lost(births, moment).items():
            rows[key].of(program).append(value)


def lost(births: Births, moment: Moment) -> dict[str, float]:
    """Count those lost: all, those born in the last moments before the cut, and older ones."""
    # Packets pass until the last cable is off, some milliseconds after the programs stand still.
    ages = births.lost_ages_ms(moment.done, moment.back + SAYS_NS)
    young = sum(1 for age in ages if age <= YOUNG_MS)
    return {"all": len(ages), "young": young, "grown": len(ages) - young}
