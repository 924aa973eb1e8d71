# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the heartbeat takes a living Active for dead: on a busy machine, on links that lose frames."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.cost import cpu_percent
from bench.pair import pair
from bench.table import Figures
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.wait import wait_until

INTERVAL_MS = 1000
BUSY_LOOPS = 8
# Of ten thousand frames.
LOSSES = (10, 100, 500)
LOSING = """
table netdev losing {{
    chain {device} {{
        type filter hook ingress device "{device}" priority -500;
        numgen random mod 10000 < {loss} drop
    }}
}}
"""


def heartbeats(minutes: float) -> Iterator[Figures]:
    """Watch a pair at the default settings for so many minutes under each condition."""
    for loss in (None, 0, *LOSSES):
        busy = f"{BUSY_LOOPS} busy loops" if loss is None else f"{loss / 100:g} % lost each way"
        found = Figures(f"{busy}, {minutes:g} min")
        with pair("haven", interval_ms=INTERVAL_MS) as (network, _first, second):
            assert isinstance(second, HavenNode)
            wait_until(lambda node=second: _detection(node)["by"] == "heartbeat", 30, "it is trusted")
            with _busy() if loss is None else _losing(network, loss):
                found.add(_watch(second, minutes))
        yield found


def _detection(node: HavenNode) -> dict:
    found: dict = node.group()["detection"]
    return found


def _watch(node: HavenNode, minutes: float) -> dict[str, float]:
    began = {way["device"]: way for way in _detection(node)["ways"]}
    cpu = cpu_percent([node.status()["pid"]], 60 * minutes)[0]
    events = [each["code"] for each in node.events()]
    detection = node.group()["detection"] or {"ways": [], "after_ms": 0}
    ways = detection["ways"]
    return {
        "false alarms": events.count("heartbeat-false"),
        "takeovers": max(each["counters"]["became_active"] for each in node.status()["virtual_routers"]),
        "asked": sum(way["asked"] - began[way["device"]]["asked"] for way in ways),
        "lost": sum(way["lost"] - began[way["device"]]["lost"] for way in ways),
        "patience, ms": max((way["patience_ms"] for way in ways), default=0),
        "would take over after, ms": detection["after_ms"],
        "% of a core": cpu,
    }


@contextmanager
def _busy() -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]
    try:
        time.sleep(1)
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@contextmanager
def _losing(network: Network, loss: int) -> Iterator[None]:
    for router in network.routers if loss else ():
        for segment in ("lan", "wan"):
            network[router].namespace.nft(LOSING.format(device=segment, loss=loss))
    yield
