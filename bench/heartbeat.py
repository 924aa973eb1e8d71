# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the heartbeat takes a living Active for dead: on bad links, on a machine with other work."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

from bench.cost import cpu_percent
from bench.pair import pair
from bench.table import Figures
from tests.lab.haven_node import HavenNode
from tests.lab.network import SERVICE, Network
from tests.lab.wait import wait_until

INTERVAL_MS = 1000
BUSY_LOOPS = 8
# So long the Active stands still, once a second: it bears 15 ms.
PAUSE_MS = 12
LONGEST_DELAY_MS = 20
JITTER = f"delay {LONGEST_DELAY_MS // 2}ms {LONGEST_DELAY_MS // 2}ms"
# Frames are dropped at the entry of both routers, so that a question and its answer pass twice.
LOSING = """
table netdev losing {{
    chain {device} {{
        type filter hook ingress device "{device}" priority -500;
        numgen random mod 10000 < {loss} drop
    }}
}}
"""
# Large datagrams, as fast as they go, through the Active to an address that takes them.
GENERATOR = """
import socket
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.connect(("%s", 9))
octets = bytes(1400)
while True:
    try:
        sender.send(octets)
    except OSError:
        pass
"""
GENERATORS = 2

Condition = Callable[[Network], AbstractContextManager[None]]


@contextmanager
def _busy(_network: Network) -> Iterator[None]:
    with _running([subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]):
        yield


@contextmanager
def forwarding(network: Network) -> Iterator[None]:
    """Let the Active forward as much as it can."""
    argv = [sys.executable, "-c", GENERATOR % SERVICE]
    with _running([network.client.spawn(argv) for _ in range(GENERATORS)]):
        yield


@contextmanager
def _running(processes: "list[subprocess.Popen[bytes]]") -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def _losing(network: Network, loss: int) -> Iterator[None]:
    for router in network.routers:
        for segment in ("lan", "wan"):
            network[router].namespace.nft(LOSING.format(device=segment, loss=loss))
    yield


@contextmanager
def _relayed(network: Network, **times_us: int) -> Iterator[None]:
    for segment in ("lan", "wan"):
        network.relay("r1", segment, **times_us)
    yield


@contextmanager
def _netem(network: Network, how: str) -> Iterator[None]:
    for router in network.routers.values():
        for segment in ("lan", "wan"):
            router.namespace.run("tc", "qdisc", "add", "dev", segment, "root", "netem", *how.split())
    yield


@contextmanager
def _nothing(_network: Network) -> Iterator[None]:
    yield


# Those of one row are watched at the same time, each with a pair of its own.
CONDITIONS: dict[str, dict[str, Condition]] = {
    "links": {
        "nothing lost": _nothing,
        **{f"{loss / 100:g} % lost each way": partial(_losing, loss=loss) for loss in (10, 100, 500)},
        f"0 to {LONGEST_DELAY_MS} ms each way": partial(_relayed, longest_us=LONGEST_DELAY_MS * 1000),
        f"still for {PAUSE_MS} ms each second": partial(_relayed, hold_us=PAUSE_MS * 1000),
    },
    # On a kernel that has netem.
    "netem": {
        "nothing lost": _nothing,
        **{f"{loss} % lost each way": partial(_netem, how=f"loss {loss}%") for loss in (1, 5)},
        f"0 to {LONGEST_DELAY_MS} ms each way": partial(_netem, how=JITTER),
    },
    "busy": {f"{BUSY_LOOPS} busy loops": _busy},
    "forwarding": {"forwards all it can": forwarding},
}


def heartbeats(minutes: float, row: str) -> Iterator[Figures]:
    """Watch a pair at the default settings for so many minutes under each condition of a row."""
    conditions = CONDITIONS[row]
    with ExitStack() as stack:
        nodes = [_standby(stack, conditions[words]) for words in conditions]
        # What is learned of a condition is learned under it.
        time.sleep(60 * min(minutes, 1) / 6)
        for words, measured in zip(conditions, _watch(nodes, minutes), strict=True):
            found = Figures(f"{words}, {minutes:g} min")
            found.add(measured)
            yield found


def _standby(stack: ExitStack, condition: Condition) -> tuple[Network, HavenNode]:
    network, _first, second = stack.enter_context(pair("haven", interval_ms=INTERVAL_MS))
    assert isinstance(second, HavenNode)
    wait_until(lambda: second.group()["detection"]["by"] == "heartbeat", 30, "it is trusted")
    stack.enter_context(condition(network))
    return network, second


def _watch(nodes: list[tuple[Network, HavenNode]], minutes: float) -> list[dict[str, float]]:
    began = [(_ways(node), _forwarded(network), time.monotonic()) for network, node in nodes]
    cpu = cpu_percent([node.status()["pid"] for _network, node in nodes], 60 * minutes)
    return [
        _measured(node, ways, share) | _rate(_forwarded(network) - packets, time.monotonic() - at)
        for (network, node), (ways, packets, at), share in zip(nodes, began, cpu, strict=True)
    ]


def _ways(node: HavenNode) -> dict[str, dict]:
    return {way["device"]: way for way in (node.group()["detection"] or {"ways": ()})["ways"]}


def _measured(node: HavenNode, began: dict[str, dict], cpu: float) -> dict[str, float]:
    ways = _ways(node)
    events = [each["code"] for each in node.events()]
    return {
        "false alarms": events.count("heartbeat-false"),
        "takeovers": max(each["counters"]["became_active"] for each in node.status()["virtual_routers"]),
        **{
            what: sum(way[what] - began.get(device, way)[what] for device, way in ways.items())
            for what in ("asked", "lost")
        },
        "patience, ms": max((way["patience_ms"] for way in ways.values()), default=0),
        "would take over after, ms": (node.group()["detection"] or {"after_ms": 0})["after_ms"],
        "% of a core": cpu,
    }


def _forwarded(network: Network) -> int:
    lines = network["r1"].namespace.run("cat", "/proc/net/dev").splitlines()
    return next(int(line.split()[10]) for line in lines if line.strip().startswith("wan:"))


def _rate(packets: int, seconds: float) -> dict[str, float]:
    # Below that it is what the routers themselves send.
    per_second = packets / seconds
    return {"packets forwarded a second": per_second} if per_second > 1000 else {}
