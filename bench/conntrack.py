# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of busy connections when a router fails or hands over."""

import contextlib
import time
from collections.abc import Iterator
from statistics import median

from bench.nodes import KINDS
from bench.pair import PROGRAMS
from bench.table import Comparison
from bench.world import EVENTS, Moment, World, world
from tests.lab.flows import Busy
from tests.lab.wait import now_ns, wait_until

COUNT = 200
CROWDS = (0, 50_000)
# Both programs send their whole table after a takeover, haven three seconds later: its cost counts too.
AFTERMATH_S = 5
LATE_S = 5
SECOND_NS = 1_000_000_000

Rows = dict[str, Comparison]


def busy_connections(runs: int) -> Iterator[Comparison]:
    """Let each thing happen to each program with each crowd, and yield the rows as they are complete."""
    for event in EVENTS:
        outages = []
        for crowd in CROWDS:
            rows = _rows(event, crowd)
            for _ in range(runs):
                _run_each(rows, event, crowd)
            yield from rows.values()
            outages.append(rows["outage"])
        yield _growth(event, *outages)


def _rows(event: str, crowd: int) -> Rows:
    words = f"{event}, +{crowd}: "
    stall = 100 if event == "switchover" else None
    return {
        "survived": Comparison(f"{words}survived of {COUNT}", "", least=COUNT),
        "refusals": Comparison(f"{words}routers' resets, errors", "", most=0),
        "outage": Comparison(f"{words}outage", "ms"),
        "stall": Comparison(f"{words}longest stall of those", "ms", most=stall),
    }


def _run_each(rows: Rows, event: str, crowd: int) -> None:
    for program in PROGRAMS:
        with world(KINDS[program], crowd) as made:
            for key, value in suffer(made, event).items():
                rows[key].of(program).append(value)


def suffer(made: World, event: str) -> dict[str, float]:
    """Let something happen to busy connections and tell what it has cost."""
    busy = Busy(made.network, COUNT)
    # The copies of the last ones are on their way.
    time.sleep(1)
    busy.forget_stalls()
    moment = made.happen(event)
    _wait_aftermath(busy, moment)
    fates = busy.fates(moment.back + AFTERMATH_S * SECOND_NS)
    return {
        "survived": fates.alive,
        "refusals": made.refusals(),
        "outage": moment.outage_ms,
        "stall": fates.longest_stall_ms,
    }


def _wait_aftermath(busy: Busy, moment: Moment) -> None:
    end = moment.back + AFTERMATH_S * SECOND_NS
    wait_until(lambda: now_ns() > end, AFTERMATH_S + 5, "the aftermath is over")
    # Who is lost will never move again; who is merely late, as on a busy machine, has time to show it.
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: busy.moving_since(end) + busy.ended() == COUNT, LATE_S, "who lives moves")


def _growth(event: str, small: Comparison, great: Comparison) -> Comparison:
    row = Comparison(f"{event}: outage, +{CROWDS[1]} less +{CROWDS[0]}", "ms", limit=20)
    for program in PROGRAMS:
        row.of(program).append(median(great.of(program)) - median(small.of(program)))
    return row
