# SPDX-License-Identifier: GPL-2.0-or-later
"""Nights in which a drill is due: the clock that its schedule goes by is stepped, and all else is real."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.table import Comparison
from tests.lab.agent_node import AgentNode
from tests.lab.haven_node import SOURCES
from tests.lab.network import Network
from tests.lab.pair import pair, wait_settled
from tests.lab.test_pairing import join
from tests.lab.wait import wait_until

# Every night at three, by any name of the node.
SCHEDULE = "\toption drill '0 3 * * *'\n\toption drill_kind '%s'\n"
SECTION = "config haven 'main'\n"
NIGHT_S, HOUR_S = 86_400, 3600
# So long before the minute that is due it is, when the clock has been stepped.
BEFORE_S = 2.0
# A minute that begins nothing has begun nothing after so long.
QUIET_S = 6.0
DRILL_S = 90.0
# Python reads it before the agent's program: the schedule's clocks, that on the wall and the one that only
# grows, are ahead by what stands in a file.
CLOCK = """
import os, time
from haven.agent.drill import drill_keeper, timetable

class Ahead:
    def __getattr__(self, name):
        return getattr(time, name)
    def time(self):
        return time.time() + self._by(0)
    def monotonic(self):
        return time.monotonic() + self._by(1)
    def _by(self, place):
        with open(os.environ["CLOCK_AHEAD"]) as file:
            return float(file.read().split()[place])

drill_keeper.time = timetable.time = Ahead()
"""


class NightlyNode(AgentNode):
    """A router with a schedule, whose clock can be stepped."""

    kind = "hard"

    def config_text(self) -> str:
        """Write the UCI text, with the schedule."""
        return super().config_text().replace(SECTION, SECTION + SCHEDULE % self.kind, 1)

    def start_agent(self) -> None:
        """Start the agent by the clock of all routers."""
        folder, ahead = self.folder / "clock", _ahead(self.network)
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(CLOCK)
        if not ahead.exists():
            ahead.write_text("0 0")
        self.agent_environment = {"PYTHONPATH": f"{SOURCES}:{folder}", "CLOCK_AHEAD": str(ahead)}
        super().start_agent()


def _ahead(network: Network) -> Path:
    return Path(network.folder) / "ahead"


def drill_nights(runs: int) -> Iterator[Comparison]:
    """Let as many nights pass as there are runs, with what else a clock does."""
    made = Comparison("nights: drills in a night", "", least=1, most=1)
    well = Comparison("nights: of them well, and back where it was", "", least=1)
    more = Comparison("other moments (noon, the same hour again, a clock set back): drills", "", most=0)
    network = Network(2)
    try:
        nodes = pair(NightlyNode, network)
        join(*nodes)
        for number in range(runs):
            wait_settled(list(nodes))
            _let_pass(network, nodes, number, (made, well, more))
    finally:
        network.delete()
    yield from (made, well, more)


def _let_pass(network: Network, nodes: Any, number: int, rows: tuple[Comparison, ...]) -> None:
    """Let a night pass, and the day before it; every third one begins with the other router as Active."""
    made, well, more = rows
    if number % 3 == 2:
        _active(nodes).cli("switchover")
        wait_settled(list(nodes))
    for node in nodes:
        node.cli("status", "--wait")
    maker = _active(nodes)
    at_three = _seconds_to_three() + number * NIGHT_S
    more.haven.append(_drills_at(network, nodes, at_three - 15 * HOUR_S))
    before, last = _known(nodes[1]), _last_drill(nodes[1])
    _step(network, at_three)
    wait_until(lambda: _known(nodes[1]) > before, DRILL_S, "the drill of the night is noted")
    result = _result_after(nodes[1], last)
    print(f"night {number + 1}, by {maker.name}: {result['code']}, {result['legs']}", flush=True)
    # Until the night is over, set back to it once.
    for at in (at_three, at_three + HOUR_S):
        more.haven.append(_drills_at(network, nodes, at))
    made.haven.append(_known(nodes[1]) - before)
    well.haven.append(float(result["ok"] and _active(nodes) is maker))


def _last_drill(node: AgentNode) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = node.status().get("drills", [])
    return found[-1] if found else None


def _result_after(node: AgentNode, last: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the status has of the drill that has just been noted."""
    wait_until(lambda: _last_drill(node) != last, 20, "the status has the drill")
    found = _last_drill(node)
    assert found is not None
    return found


def _active(nodes: Any) -> AgentNode:
    found: AgentNode = wait_until(
        lambda: next((each for each in nodes if each.state() == "active"), None), 20, "one is Active"
    )
    return found


def _drills_at(network: Network, nodes: Any, ahead_s: float) -> float:
    """Return how many drills a minute begins in which none is due."""
    before = _known(nodes[1])
    _step(network, ahead_s)
    time.sleep(QUIET_S)
    wait_until(
        lambda: not any((each.run_dir / "drill.json").exists() for each in nodes), DRILL_S, "none holds"
    )
    return _known(nodes[1]) - before


def _known(node: AgentNode) -> int:
    """Count the drills that a router has noted since it began."""
    return sum(each["code"] in ("drill-done", "drill-failed") for each in node.events())


def _seconds_to_three() -> float:
    """Return how far ahead a clock is that says three o'clock soon, by this machine's midnight."""
    now = time.time()
    today = time.localtime(now)
    three = time.mktime((today.tm_year, today.tm_mon, today.tm_mday + 1, 3, 0, 0, 0, 0, -1))
    return three - now


def _step(network: Network, ahead_s: float) -> None:
    path = _ahead(network)
    made = path.with_suffix(".new")
    grown = max(ahead_s - BEFORE_S, float(path.read_text().split()[1]))
    made.write_text(f"{ahead_s - BEFORE_S} {grown}")
    made.replace(path)
