# SPDX-License-Identifier: GPL-2.0-or-later
"""The means against loss, alone and together: injection, commit, a commit behind a hold, and the guard."""

from collections.abc import Iterator

from bench.conntrack import suffer
from bench.conntrack_cost import cost
from bench.hold import HoldingStock, TimedStock, missing
from bench.nodes import HavenAgent, HavenUnguarded, Stock
from bench.table import Figures
from bench.world import World, world
from bench.young import BIRTHS_PER_SECOND, lost
from haven.agent.conntrack import guard
from tests.lab import firewall
from tests.lab.flows import Births

CROWDS = (1_000, 50_000, 150_000)
COSTS = ("CPU % Active", "CPU % standby", "MB Active", "MB standby")
TITLES = {"survived": "survived of 200", "outage": "outage ms", "stall": "longest stall ms"}


class Guarded:
    """haven's guard, armed for good on a node that knows nothing of it."""

    def start(self) -> object:
        """Arm it first."""
        inside = self.router.namespace
        rules = guard.script(self.gateway.bare_addresses, [])
        inside.nft(rules.replace(f" timeout {guard.LIFETIME_S}s", ""))
        firewall.set_tracking(inside, tcp_loose=1)
        return super().start()


class GuardedCommit(Guarded, TimedStock):
    """Commit and guard."""


class GuardedHold(Guarded, HoldingStock):
    """All but injection."""


MEANS: dict[str, type[HavenAgent] | type[Stock]] = {
    "injection": HavenUnguarded,
    "injection, guard": HavenAgent,
    "commit": TimedStock,
    "commit, guard": GuardedCommit,
    "commit, hold": HoldingStock,
    "commit, hold, guard": GuardedHold,
}


def means(runs: int) -> Iterator[Figures]:
    """Cut the power under each of them with each crowd; the cost is measured once."""
    for crowd in CROWDS:
        for name, kind in MEANS.items():
            found = Figures(f"+{crowd}: {name}")
            if issubclass(kind, HoldingStock) and missing():
                yield Figures(f"+{crowd}: {name}: not measured, {missing()}")
                continue
            for number in range(runs):
                with world(kind, crowd) as made:
                    found.add(_measure(made, with_cost=number == 0))
            yield found


def _measure(made: World, with_cost: bool) -> dict[str, float]:
    idle = dict(zip(COSTS, cost(made), strict=True)) if with_cost else {}
    births = Births(made.network, BIRTHS_PER_SECOND)
    suffered = suffer(made, "power cut")
    suffered["new lost"] = lost(births, made.moment)["all"]
    if isinstance(made.second, TimedStock):
        suffered["commit ms"] = made.second.commit_ms()
    return {**{TITLES.get(key, key): value for key, value in suffered.items()}, **idle}
