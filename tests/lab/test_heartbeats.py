# SPDX-License-Identifier: GPL-2.0-or-later
"""What hangs or floods delays no ADVERTISEMENT and no report: nobody takes over who is not asked to."""

import itertools
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import Through, agent_gateway, codes, wait_code
from tests.lab.before_others import before_others
from tests.lab.capture import Capture
from tests.lab.gateway import wide_sides
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.wait import holds_for, now_ns, wait_until

INTERVAL_MS = 1000
# Active_Down_Interval without its Skew_Time: after so long a Backup takes over.
SILENCE_NS = 3 * INTERVAL_MS * 1_000_000
FAST_MS = 300
FAST_SILENCE_NS = 3 * FAST_MS * 1_000_000
# Longer than the agent may be silent before it is missed.
WATCHED_S = 7
NAMED = {"conntrack-peer-silent", "conntrack-down"}

# havend with a netlink buffer for a few messages, which notes when it was too small.
HARD_OF_HEARING = """
import sys
from haven.havend.host import cpython
from haven.havend.kernel_tables import KernelTables
from haven.havend.main import main

cpython.RECEIVE_BUFFER = 2304
path = sys.argv.pop(1)
forget = KernelTables._forget_waiting

def forget_and_note(tables):
    with open(path, "a") as file:
        file.write("x")
    forget(tables)

KernelTables._forget_waiting = forget_and_note
sys.exit(main())
"""


class HardOfHearing(HavenNode):
    """A node on which more happens than its netlink buffer holds."""

    @property
    def overruns(self) -> Path:
        """The file that grows with each overrun."""
        return self.folder / f"{self.name}.overruns"

    def command(self) -> list[str]:
        """Start the havend of the sources with its buffer cut down."""
        return [sys.executable, "-c", HARD_OF_HEARING, str(self.overruns), *super().command()[-4:]]

    def has_overrun(self) -> bool:
        """Tell whether the buffer was too small at least once."""
        return self.overruns.exists()


def _longest_silence(capture: Capture, sender: str) -> int:
    """Return the longest time in ns between two ADVERTISEMENTs of a node, now that several have come."""
    wait_until(lambda: len(capture.adverts(sender=sender)) > 4, 30, "the Active goes on")
    times = [advert.at for advert in capture.adverts(sender=sender)]
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def _flood(node: HavenNode, rounds: int, device: str = "lo") -> None:
    """Add and delete addresses, all at once; by default on a device that nobody asks about."""
    places = [f"172.20.{high}.{low}/32 dev {device}" for high in range(8) for low in range(256)]
    for _ in range(rounds):
        for verb in ("add", "del"):
            node.router.namespace.ip(*(f"addr {verb} {place}" for place in places))


def test_a_netlink_overrun_costs_no_heartbeat_and_no_knowledge(network: Network) -> None:
    first = HardOfHearing(network, "r1", priority=200, interval_ms=INTERVAL_MS)
    second = HavenNode(network, "r2", interval_ms=INTERVAL_MS)
    first.start().wait_state("active")
    second.start().wait_state("backup")
    capture = network.capture("lan")
    wait_until(lambda: len(capture.adverts(sender="r1")) > 1, 30, "the Active is heard")
    (address,) = first.virtual_router("lan")["addresses"]
    # It reads faster than addresses are added: it has to stand still for its buffer to overflow.
    with before_others():
        first.freeze()
        _flood(first, 1)
        first.router.namespace.run("ip", "addr", "del", f"{address.split('/')[0]}/32", "dev", "lan")
        first.thaw()
    wait_until(first.has_overrun, 30, "the buffer was too small")
    wait_until(lambda: first.holds(address.split("/")[0]), 30, "the address is put back")
    assert _longest_silence(capture, "r1") < SILENCE_NS
    assert first.state() == "active" and second.state() == "backup"
    assert [event["to"] for event in second.events() if event["kind"] == "transition"] == ["backup"]
    network.cable_pull("r1", "lan")
    first.wait_state("fault")
    second.wait_state("active")


@pytest.mark.parametrize("device", ["lo", "lan"])
def test_addresses_that_come_and_go_by_the_thousand_cost_no_heartbeat(network: Network, device: str) -> None:
    first, second = pair(HavenNode, network, interval_ms=FAST_MS)
    capture = network.capture("lan")
    _flood(first, 2, device)
    wait_until(first.holds, 5, "r1 holds the addresses")
    assert capture.longest_gap_ns() < FAST_SILENCE_NS
    assert first.state() == "active" and second.state() == "backup"


@pytest.mark.parametrize("power", [True, False], ids=["power cut", "switchover"])
def test_a_thousand_addresses_that_move_cost_no_heartbeat(network: Network, power: bool) -> None:
    first, second = pair(HavenNode, network, interval_ms=FAST_MS, own_sides=wide_sides(4, 250))
    captures = [network.capture("lan"), network.capture("wan")]
    began = now_ns()
    if power:
        network.power_cut("r1")
    else:
        first.ask("switchover", group=None)
    second.wait_state("active")
    wait_until(second.holds, 10, "r2 holds the addresses")
    # A renewal of all of them is in it.
    holds_for(lambda: second.state() == "active", 3, "r2 stays Active")
    for capture in captures:
        assert capture.longest_gap_ns("r2", since=began) < FAST_SILENCE_NS
    told = [event["to"] for event in second.events() if event["kind"] == "transition"]
    assert told == ["backup", "active"]
    if not power:
        first.wait_state("backup")
        wait_until(first.holds_none, 5, "r1 has let go of the addresses")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for programs that hang, first in the PATH of every agent of the test."""
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


def _missed(node: AgentNode) -> bool:
    return "agent-silent" in codes(node)


def _watch(
    capture: Capture, active: AgentNode, standby: AgentNode, look: Callable[[], object] = lambda: True
) -> None:
    """See that both agents go on reporting, that the Active goes on, and that the standby stays one.

    Meanwhile `look` is called again and again.
    """
    holds_for(
        lambda: look() and not _missed(active) and not _missed(standby) and standby.state() == "backup",
        WATCHED_S,
        "both agents report, and nobody takes over",
    )
    assert active.state() == "active" and _longest_silence(capture, active.name) < SILENCE_NS


def test_a_stuck_nft_during_a_handover(
    network: Network, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin"
    monkeypatch.setattr(AgentNode, "agent_environment", {"PATH": path})
    (tools / "nft").symlink_to(shutil.which("nft") or "")
    first, second = agent_gateway(network, interval_ms=INTERVAL_MS)
    through = Through(network, second)
    (tools / "nft.new").write_text("#!/bin/sh\nexec sleep 1000\n")
    (tools / "nft.new").chmod(0o755)
    (tools / "nft.new").rename(tools / "nft")
    first.ask("switchover", budget=60, group=None)
    second.wait_state("active")
    capture = network.capture("lan")
    _watch(capture, second, first)
    wait_code(second, "conntrack-no-guard")
    through.wait_moving()


def test_a_conntrackd_that_does_not_answer_during_a_handover(network: Network) -> None:
    first, second = agent_gateway(network, interval_ms=INTERVAL_MS)
    for node in (first, second):
        node.freeze_conntrackd()
    first.ask("switchover", budget=60, group=None)
    second.wait_state("active")
    capture, named = network.capture("lan"), set()

    def look() -> bool:
        # An agent ends what hangs and starts it again: then nothing is the matter any more.
        named.update(node.name for node in (first, second) if codes(node) & NAMED)
        return True

    _watch(capture, second, first, look)
    wait_until(lambda: look() and named == {"r1", "r2"}, 30, "it is named on both")
