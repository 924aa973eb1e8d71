# SPDX-License-Identifier: GPL-2.0-or-later
"""A standby whose WAN is the Active's alone has the Internet: before, during and after a failover."""

import sys
from pathlib import Path

from tests.lab.dialled import ROOT, DhcpProvider, DialledNode, dialled_pair
from tests.lab.namespace import Namespace
from tests.lab.network import SERVICE, Network
from tests.lab.wait import now_ns, wait_until

KINDS = ("package", "name", "time")


def run(where: Namespace, network: Network, *words: str) -> None:
    """Run one end of the Internet."""
    argv = [sys.executable, "-m", "tests.lab.internet_process", *words]
    log_path = network.folder / f"internet-{words[0]}.log"
    network.logs[f"internet, {words[0]}"] = log_path
    with open(log_path, "ab") as log:
        where.spawn(argv, log, {"PYTHONPATH": str(ROOT)})


def worked_since(note: Path, since: int) -> set[str]:
    """Tell what has worked since a moment."""
    lines = [line.split() for line in note.read_text().splitlines()] if note.exists() else []
    return {kind for kind, at in lines if int(at) > since}


def wait_all(note: Path, what: str) -> None:
    """Wait until packages, names and the time have come since now."""
    since = now_ns()
    wait_until(lambda: worked_since(note, since).issuperset(KINDS), 20, what)


def leased(node: DialledNode) -> bool:
    """Tell whether a router has an address on its WAN."""
    return any(":" not in each for each in node.addresses("wan"))


def test_packages_names_and_the_time_come_to_a_standby_before_during_and_after_a_failover(
    network: Network,
) -> None:
    DhcpProvider(network)
    run(network.server, network, "serve", SERVICE)
    first, second = dialled_pair(network)
    notes = {node: node.folder / "internet" for node in (first, second)}
    assert leased(first) and not leased(second)
    for node, note in notes.items():
        run(node.router.namespace, network, "use", SERVICE, str(note))
    wait_all(notes[second], "a standby has the Internet through the Active")
    assert "large" not in worked_since(notes[second], 0)
    first.ask("switchover", group=None)
    second.wait_wan("up")
    for node, note in notes.items():
        wait_all(note, f"{node.name} has the Internet after the roles have changed")
    second.ask("switchover", group=None)
    first.wait_wan("up")
    wait_all(notes[second], "it is a standby again")
    assert leased(first) and not leased(second)
    network.power_cut("r1")
    second.wait_state("active")
    wait_all(notes[second], "the new Active has it by itself")
    wait_until(lambda: "large" in worked_since(notes[second], 0), 40, "what was on its way has come")
