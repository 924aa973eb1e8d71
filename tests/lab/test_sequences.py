# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node does on taking over and on each way of leaving is what its plan says, in that order."""

import itertools
import json
import sys
from pathlib import Path

import pytest

from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.wait import wait_until

# havend that notes what it does, a line for what it does in one go.
NOTING = """
import json, sys
from haven.havend.address_keeper import AddressKeeper
from haven.havend.executor import Executor
from haven.havend.main import main
from haven.havend.vrrp_sockets import VrrpSockets

path, acts = sys.argv.pop(1), []

def note(owner, method, say):
    was = getattr(owner, method)
    def noting(self, *given):
        acts.append(say(*given))
        return was(self, *given)
    setattr(owner, method, noting)

def perform(executor, *given, was=Executor.perform):
    acts.clear()
    was(executor, *given)
    if acts:
        with open(path, "a") as file:
            file.write(json.dumps(acts) + "\\n")

def sent(effect):
    # The octet after the VRID is the priority.
    return "advertise" if effect.packets[0][1][2] else "resign", effect.router

note(VrrpSockets, "send", sent)
note(VrrpSockets, "announce", lambda router: ("announce", router))
note(AddressKeeper, "take", lambda routers, _now: ("takeover", *routers))
note(AddressKeeper, "release", lambda routers: ("release", *routers))
Executor.perform = perform
sys.exit(main())
"""

Act = tuple[str, list[str]]


class Noted(HavenNode):
    """A node whose deeds are written down."""

    @property
    def notes(self) -> Path:
        """The file with a line for what was done in one go."""
        return self.folder / f"{self.name}.acts"

    def command(self) -> list[str]:
        """Start the havend of the sources with eyes on it."""
        return [sys.executable, "-c", NOTING, str(self.notes), *super().command()[-4:]]

    def batches(self) -> list[list[Act]]:
        """Return what was done in one go each time, alike next to alike joined."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [_joined(json.loads(line)) for line in lines]

    def wait_batch(self, code: str, since: int = 0) -> list[Act]:
        """Wait for what is done in one go with a deed of this kind in it."""

        def found() -> list[Act] | None:
            return next(
                (batch for batch in self.batches()[since:] if code in [act for act, _ in batch]), None
            )

        return wait_until(found, 30, f"{self.name} does {code}")

    def sequences(self) -> dict[str, list[Act]]:
        """Return what the plan says of the group: code and virtual routers of each item."""
        (group,) = json.loads(self.cli("plan", "--json"))["groups"]
        return {
            name: [(item["code"], item["facts"].get("virtual_routers", [])) for item in items]
            for name, items in group["sequences"].items()
        }


def _is_beat(batch: list[Act]) -> bool:
    return {code for code, _names in batch} == {"advertise"}


def _joined(acts: list[list[str]]) -> list[Act]:
    grouped = itertools.groupby(acts, lambda act: act[0])
    found = [(code, [name for act in each for name in act[1:]]) for code, each in grouped]
    # What is announced is told by its addresses.
    return [(code, [] if code == "announce" else names) for code, names in found]


@pytest.fixture
def pair(network: Network) -> tuple[Noted, HavenNode]:
    """A noted Active, and a Backup."""
    first = Noted(network, "r1", priority=200, preempt=True).start().wait_state("active")
    second = HavenNode(network, "r2", preempt=True).start().wait_state("backup")
    wait_until(second.hears_active, 30, "the Backup hears the Active")
    return first, second


def test_a_takeover(pair: tuple[Noted, HavenNode]) -> None:
    first, _second = pair
    assert first.wait_batch("takeover") == first.sequences()["takeover"]


def test_a_handover(pair: tuple[Noted, HavenNode]) -> None:
    first, second = pair
    since = len(first.batches())
    first.ask("switchover", group=None)
    second.wait_state("active")
    released = first.wait_batch("release", since)
    # What it says by its interval may come before it is asked.
    done = list(itertools.dropwhile(_is_beat, first.batches()[since:]))
    begun, waits, asked, ended = first.sequences()["handover"]
    assert done[0] == [begun] and released == [ended] and waits[0] == "await-active"
    # Priority 0 is said again while it waits; whoever is heard is asked.
    between = [act for batch in done[1 : done.index(released)] for act in batch]
    assert {code for code, _names in between} == {asked[0]}


def test_yielding_to_a_higher_rank(pair: tuple[Noted, HavenNode]) -> None:
    first, second = pair
    since = len(first.batches())
    second.configure(priority=250)
    second.cli("reload")
    first.wait_state("backup")
    assert first.wait_batch("release", since) == first.sequences()["yield"]


def test_a_fault(network: Network, pair: tuple[Noted, HavenNode]) -> None:
    first, second = pair
    since = len(first.batches())
    network.cable_pull("r1", "lan")
    second.wait_state("active")
    assert first.wait_batch("release", since) == first.sequences()["fault"]
