# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven upgrade` of three routers with connections through them, of which the best or the last is Active."""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.table import Figures
from tests.lab import firewall
from tests.lab.flows import Busy, echo_server
from tests.lab.network import Network
from tests.lab.packaged_node import PackagedNode, build_package, own_version
from tests.lab.test_pairing import join
from tests.lab.wait import now_ns, wait_until

COUNT = 200
NEWER = "99.0.0"
PRIORITIES = (200, 150, 100)
HEARD_S = 40


def upgrades(runs: int) -> Iterator[Figures]:
    """Upgrade from a standby; tell how long it took and how many connections lived."""
    with tempfile.TemporaryDirectory() as folder:
        packages = {each: build_package(Path(folder), each)[0] for each in (own_version(), NEWER)}
        for what, order in (("the best", (0, 1, 2)), ("the last", (2, 1, 0))):
            figures = Figures(f"haven upgrade of three routers, of which {what} is Active")
            for _ in range(runs):
                network = Network(3)
                try:
                    figures.add(_measure(network, packages, order))
                finally:
                    network.delete()
            yield figures


def _measure(network: Network, packages: dict[str, Path], order: tuple[int, ...]) -> dict[str, float]:
    active, *others = _routers(network, packages[own_version()], order)
    echo_server(network.server)
    busy = Busy(network, COUNT)
    since = now_ns()
    wait_until(lambda: busy.moving_since(since) == COUNT, 20, "every connection moves")
    busy.forget_stalls()
    began = time.monotonic()
    done = others[-1].upgrade("--yes", packages[NEWER])
    took = time.monotonic() - began
    if done.returncode or "everybody is what it was" not in done.stdout:
        raise RuntimeError(done.stdout + done.stderr)
    since = now_ns()
    wait_until(lambda: busy.moving_since(since) == COUNT, 20, "every connection moves on")
    found = {each.get("haven") for each in active.versions().values()}
    if found != {f"{NEWER}-r1"} or active.state() != "active":
        raise RuntimeError(f"{found}, and {active.name} is {active.state()}")
    return {"all three upgraded in, s": took, f"alive of {COUNT}": float(busy.fates(since).alive)}


def _routers(network: Network, package: Path, order: tuple[int, ...]) -> list[PackagedNode]:
    """Install haven on all, the Active first, and pair them."""
    names, nodes = list(network.routers), []
    for at in order:
        firewall.set_up(network.routers[names[at]])
        node = PackagedNode(network, names[at], priority=PRIORITIES[at], preempt=False)
        node.install(package).wait_state("backup" if nodes else "active", 30)
        nodes.append(node)
    for node in nodes[1:]:
        node.wait_in_sync()
        join(nodes[0], node)
    for node in nodes:
        wait_until(lambda node=node: len(_heard(node)) == 2, HEARD_S, f"{node.name} hears both")
    return nodes


def _heard(node: PackagedNode) -> list[str]:
    return [each["node"] for each in json.loads(node.cli("peers", "--json")) if each["heard_ms"] is not None]
