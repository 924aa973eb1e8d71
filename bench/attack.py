# SPDX-License-Identifier: GPL-2.0-or-later
"""What an attacker on the LAN does to a pair at 100 ms: everything in turn."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.table import Comparison, Row
from tests.lab.agent_node import AgentNode
from tests.lab.attack_watch import AttackWatch, descriptors
from tests.lab.attacker import Attacker
from tests.lab.attacks import ATTACKS, PAIRS, Attack
from tests.lab.haven_node import HavenNode
from tests.lab.local_user import LooseNode, trespasses
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.wait import now_ns, wait_until

INTERVAL_MS = 100
# A Backup with priority 200 waits so long for an Active whose interval is believed to be a second; the words
# of that one, and the last one before it, are up to an interval away each.
LONGEST_AWAY_MS = 3 * 1000 + 1000 * (256 - 200) / 256 + 2 * INTERVAL_MS
# In intervals; Active_Down_Interval is less than four.
ALLOWED_GAP, BACK_WITHIN = 1.5, 4
NAMED_WITHIN_S = 5
GROWTH_KB = 512
# What a group remembers of words, and a status of packets, is over after this.
CALM_S = 120
# What is shown for an hour after it has been seen.
LASTING = {"address-moves", "adverts-lost"}
# Who was Backup until now asks nobody any more by then.
SETTLED_S = 5
IDLE_CONNECTIONS = 40
READINGS = 5


@dataclass
class Suffered:
    """One attack, and what came of it."""

    what: str
    attack: Attack
    interval_ms: int
    none: float
    two: float
    moves: int
    gap_ms: float
    back_ms: float
    codes: set[str]
    named_s: float | None
    unanswered: int
    memory: list[tuple[int, int]] = field(default_factory=list)
    descriptors: list[tuple[int, int]] = field(default_factory=list)

    def _missed(self) -> Iterator[str]:
        if self.attack.named and (self.named_s is None or self.named_s > NAMED_WITHIN_S):
            yield "named"
        if self.unanswered:
            yield "answers"
        if self.moves > self.attack.moves:
            yield "moves"
        if self.attack.holds and (self.none or self.gap_ms > ALLOWED_GAP * self.interval_ms):
            yield "gap"
        if self.attack.times and self.gap_ms > LONGEST_AWAY_MS:
            yield "gap"
        if self.back_ms > BACK_WITHIN * self.interval_ms and not self.attack.times:
            yield "back"
        if any(after - before > GROWTH_KB for before, after in self.memory):
            yield "memory"
        # Whoever was Backup and asked the Active's kernel has them no more as Active, and vice versa.
        if sum(after - before for before, after in self.descriptors) > 0:
            yield "descriptors"

    def kept(self) -> bool:
        """Tell whether everything is as it should be."""
        return not list(self._missed())

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        names = (
            f"{'attack (packets/s)':<42} | none %  two % | moves | longest gap | back after | named after"
            f" | memory kB, both | descriptors |"
        )
        return f"{names}\n{'-' * len(names)}"

    def row(self) -> str:
        """Return the line of the table."""
        named = "-" if self.named_s is None else f"{self.named_s:.1f} s"
        missed = ", ".join(self._missed())
        return " | ".join(
            [
                f"{self.what:<42}",
                f"{self.none:>5.1f} {self.two:>6.1f} ",
                f"{self.moves:>5}",
                f"{self.gap_ms:>8.0f} ms",
                f"{self.back_ms:>7.0f} ms",
                f"{named:>11}",
                " ".join(f"{after - before:+d}" for before, after in self.memory).rjust(15),
                " ".join(f"{before}>{after}" for before, after in self.descriptors).rjust(11),
                f"MISSED ({missed})" if missed else "ok",
                " ".join(sorted(self.codes)),
            ]
        )


def attacks(minutes: float) -> Iterator[Row]:
    """Let a pair suffer each attack in turn, for so many minutes in all."""
    yield from _local()
    seconds = 60 * minutes / len(ATTACKS)
    for kind in PAIRS:
        with _attacked(kind) as (network, nodes, attacker):
            for attack in ATTACKS:
                if attack.pair == kind:
                    yield _suffer(network, nodes, attacker, attack, seconds)


def _local() -> Iterator[Comparison]:
    """Try what a user without rights may try, and let programs of root idle on the control socket."""
    network = Network(2)
    try:
        node = LooseNode(network, "r1")
        node.start().wait_state("active")
        possible = trespasses(node)
        for what in possible:
            print(f"a user without rights {what}")
        yield Comparison("what a user without rights can do", "", [len(possible)], most=0)
        with ExitStack() as opened:
            for _ in range(IDLE_CONNECTIONS):
                line = opened.enter_context(socket.socket(socket.AF_UNIX))
                line.connect(str(node.run_dir / "havend.sock"))
                line.sendall(b'{"command": "events", "follow": true}\n')
            refused = "Active" not in node.cli("status")
        what = f"refusals beside {IDLE_CONNECTIONS} followers that do not read"
        yield Comparison(what, "", [float(refused)], most=0)
    finally:
        network.delete()


@contextmanager
def _attacked(kind: str) -> Iterator[tuple[Network, Sequence[HavenNode], Attacker]]:
    network = Network(2)
    try:
        nodes = pair(AgentNode, network, **PAIRS[kind])
        # Each opens what an Active sends through, and keeps it.
        for node in nodes:
            _hand_over(nodes, node)
        yield network, nodes, Attacker(network)
    finally:
        network.delete()


def _suffer(
    network: Network, nodes: Sequence[HavenNode], attacker: Attacker, attack: Attack, seconds: float
) -> Suffered:
    _wait_calm(nodes)
    before = [_taken(node) for node in nodes]
    capture = network.capture("lan")
    watch, sent = AttackWatch(nodes, capture), attacker.sent()
    with attacker.attacking(attack):
        watch.watch(seconds)
    ended, sent = now_ns(), attacker.sent() - sent
    wait_until(lambda: _holds(nodes), 15, "somebody is Active afterwards")
    wait_until(lambda: [each for each in capture.adverts(since=ended) if each.priority], 15, "it says so")
    back_ms = next(each.at - ended for each in capture.adverts(since=ended) if each.priority) / 1e6
    time.sleep(1)
    after = [_taken(node) for node in nodes]
    capture.close()
    return Suffered(
        f"{attack.name} ({_rate(sent / seconds)})",
        attack,
        nodes[0].gateway.interval_ms,
        watch.percent_with(0),
        watch.percent_with(2),
        watch.moves(),
        max(watch.gaps_ms()),
        back_ms,
        watch.codes(),
        watch.named_after_s(attack.named),
        watch.unanswered(),
        [(then[0], now[0]) for then, now in zip(before, after, strict=True)],
        [(then[1], now[1]) for then, now in zip(before, after, strict=True)],
    )


def _rate(per_second: float) -> str:
    return f"{per_second:.0f}" if per_second >= 1 else f"{per_second:.2g}"


def _taken(node: HavenNode) -> tuple[int, int]:
    """Tell the memory in kB that is a havend's alone, and its descriptors; each question takes one more."""
    readings = []
    for _ in range(READINGS):
        readings.append(descriptors(node))
        time.sleep(0.1)
    lines = Path(f"/proc/{node.status()['pid']}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")), min(readings)


def _holds(nodes: Sequence[HavenNode]) -> bool:
    return sorted(str(node.state()) for node in nodes) == ["active", "backup"]


def _wait_calm(nodes: Sequence[HavenNode]) -> None:
    """Wait until nothing is the matter now, and let the first node be Active and the second ask it."""
    wait_until(lambda: _holds(nodes) and not set().union(*map(_codes, nodes)) - LASTING, CALM_S, "calm")
    if nodes[1].state() == "active":
        _hand_over(nodes, nodes[1])
    wait_until(lambda: nodes[1].group()["detection"]["by"] == "heartbeat", CALM_S, "the Active is asked")
    time.sleep(SETTLED_S)


def _codes(node: HavenNode) -> set[str]:
    return {each["code"] for each in node.problems()}


def _hand_over(nodes: Sequence[HavenNode], node: HavenNode) -> None:
    node.ask("switchover", group=None)
    wait_until(lambda: _holds(nodes) and node.state() == "backup", 15, "the other is Active")
