# SPDX-License-Identifier: GPL-2.0-or-later
"""haven beside Debian's ucarp, by CARP at one second: power cuts and stops, both roles, and ucarp alone."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from tests.interop.ucarp import ONCE_A_SECOND, UcarpNode
from tests.lab.capture import Capture
from tests.lab.carp_node import CarpHaven
from tests.lab.network import GATEWAY, Network
from tests.lab.node import Node
from tests.lab.pair import wait_one_holder
from tests.lab.wait import now_ns, wait_until

# No machine is back sooner: haven's heartbeat takes one that is for a false alarm, and is more patient then.
BOOT_S = 3.5
ALONE = {"group_more": {"heartbeat": 0}}
# Who fails, and who takes over; with what haven's own heartbeat makes of it.
PAIRS: dict[str, tuple[type[Node], type[Node], dict[str, object]]] = {
    "ucarp, ucarp takes over": (UcarpNode, UcarpNode, {}),
    "ucarp, haven takes over": (UcarpNode, CarpHaven, ALONE),
    "haven, ucarp takes over": (CarpHaven, UcarpNode, ALONE),
    "ucarp, haven with heartbeat": (UcarpNode, CarpHaven, {}),
}


@dataclass
class Takeovers:
    """How long the gateway was nobody's, and in how many runs one alone had it in the end."""

    what: str
    measured: dict[str, list[float]] = field(default_factory=dict)
    alone: int = 0
    runs: int = 0
    complaints: list[str] = field(default_factory=list)

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        return f"{'median (least - most), s':<34} |\n{'-' * 80}"

    def row(self) -> str:
        """Return the line of the table."""
        found = [
            f"{event} {median(each):.2f} ({min(each):.2f} - {max(each):.2f}) n={len(each)}"
            for event, each in self.measured.items()
        ]
        end = f"one alone in {self.alone} of {self.runs}, complaints {len(self.complaints)}"
        return f"{self.what:<34} | {', '.join([*found, end])}"

    def kept(self) -> bool:
        """Tell whether one alone had the address each time, and nobody complained."""
        return self.alone == self.runs and not self.complaints


def carp_takeovers(runs: int) -> Iterator[Takeovers]:
    """Cut the power of the Active, and stop it, so many times each."""
    for what, (failing, other, more) in PAIRS.items():
        row = Takeovers(what)
        network = Network(2)
        try:
            _measure(network, (failing, other), more, runs, row)
        finally:
            network.delete()
        yield row


def _measure(
    network: Network, kinds: tuple[type[Node], type[Node]], more: dict[str, object], runs: int, row: Takeovers
) -> None:
    first, second = (
        kind(network, name, priority=priority, preempt=True, **ONCE_A_SECOND, **more)
        for kind, name, priority in zip(kinds, ("r1", "r2"), (253, 153), strict=True)
    )
    second.start()
    for run in range(2 * runs):
        _give_back(first, second)
        if isinstance(second, CarpHaven) and more is not ALONE:
            wait_until(second.asks_kernel, 60, "haven asks the kernel of the Active")
        capture = network.capture("lan")
        wait_for_word(capture, "r1")
        event = "power cut" if run % 2 else "stop"
        if event == "power cut":
            ended = network.power_cut("r1").ended
        else:
            first.stop(budget=30)
            ended = now_ns()
        second.wait_state("active")
        wait_until(lambda capture=capture: _announced(capture), 10, "the address is announced")
        row.measured.setdefault(event, []).append((_announced(capture)[0] - ended) / 1e9)
        capture.close()
        if event == "power cut":
            time.sleep(BOOT_S)
            network.power_on("r1")
        row.runs += 1
        row.alone += _is_alone(second)
    row.complaints = [line for node in (first, second) for line in complaints(node)]


def _give_back(first: Node, second: Node) -> None:
    first.start().wait_state("active")
    second.wait_state("backup")
    wait_one_holder(first.network, "r1", GATEWAY, budget=10)


def _announced(capture: Capture) -> list[int]:
    return [each.at for each in capture.gratuitous_arps(GATEWAY) if each.sender == "r2"]


def _is_alone(node: Node) -> bool:
    try:
        wait_one_holder(node.network, node.name, GATEWAY, budget=10)
    except TimeoutError:
        return False
    return True


def wait_for_word(capture: Capture, sender: str) -> None:
    """Wait until a router has just advertised: silence is judged from there."""
    seen = len(capture.adverts(sender=sender))
    wait_until(lambda: len(capture.adverts(sender=sender)) > seen, 10, f"{sender} speaks", interval=0.001)


def complaints(node: Node) -> list[str]:
    """Return what a node finds wrong with the words of the other."""
    if isinstance(node, UcarpNode):
        return node.complaints()
    if not isinstance(node, CarpHaven) or not node.running:
        return []
    return list(node.dropped())
