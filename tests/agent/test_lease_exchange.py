# SPDX-License-Identifier: GPL-2.0-or-later
"""What routers tell each other of leases, over lines that a test holds in its hands."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.agent.carrier import Carrier
from haven.agent.leases.binding import Binding
from haven.agent.leases.lease_exchange import LeaseExchange
from haven.agent.leases.lease_table import Table
from haven.agent.loop import Loop, Scope
from haven.contract.channel import LEASES_AT_ONCE, MessageReader, encode


class Wire:
    """One end of a line; what is said waits until it is carried over."""

    def __init__(self, node: str) -> None:
        self.peer = SimpleNamespace(node=node)
        self.is_open = True
        self.said: list[bytes] = []

    def say(self, kind: str, **fields: object) -> bool:
        if self.is_open:
            self.said.append(encode(kind, **fields))
        return self.is_open


class Router:
    """A table and who speaks for it."""

    def __init__(self, loop: Loop, to: str) -> None:
        self.wire, self.carrier, self.table = Wire(to), Carrier(), Table()
        self.carrier.lines = lambda: [self.wire]
        self.news: list[Binding] = []
        self.failures: list[BaseException] = []
        scope = Scope(loop, "/nowhere", self.failures.append)
        self.exchange = LeaseExchange(scope, self.carrier, self.table, self.news.extend)

    def give(self, number: int, mac: str = "02:00:00:00:00:01") -> Binding:
        """Give a lease without a word to anybody."""
        now = time.monotonic()
        binding = Binding(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", mac, now, 3600)
        self.table.put(binding, now)
        return binding

    def known(self) -> int:
        return len(self.table.good(time.monotonic()))


class Two:
    """Two routers; `carry` brings what was said to the other one until nobody says anything."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.one, self.two = Router(self.loop, "r2"), Router(self.loop, "r1")

    def look(self) -> None:
        for each in (self.one, self.two):
            each.exchange.look()

    def carry(self) -> None:
        while self.one.wire.said or self.two.wire.said:
            for teller, hearer in ((self.one, self.two), (self.two, self.one)):
                said, teller.wire.said = teller.wire.said, []
                for octets in said:
                    (message,) = MessageReader().take(octets)
                    hearer.carrier.take(hearer.wire, message)
        assert self.one.failures == self.two.failures == []

    def pass_time(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.loop.at(time.monotonic() + 0.005, lambda: None)
            self.loop.turn()


@pytest.fixture
def both() -> Two:
    return Two()


def test_who_comes_gets_all_in_pieces_and_is_in_sync_then(both: Two):
    for number in range(2 * LEASES_AT_ONCE + 1):
        both.one.give(number)
    both.two.give(1 << 20)
    both.look()
    assert not both.one.exchange.is_in_sync()
    both.carry()
    assert both.one.known() == both.two.known() == 2 * LEASES_AT_ONCE + 2
    assert both.one.exchange.is_in_sync() and both.two.exchange.is_in_sync()
    assert both.two.exchange.account() == [{"node": "r1", "known": both.one.known(), "in_sync": True}]
    # What one has told comes back from nobody as news.
    both.one.news.clear()
    both.one.wire.is_open = False
    both.look()
    both.one.wire.is_open = True
    both.look()
    both.carry()
    assert both.one.news == []


def test_a_lease_is_known_when_the_other_one_says_so(both: Two):
    both.look()
    both.carry()
    said: list[bool] = []
    both.one.exchange.tell(both.one.give(5), said.append)
    assert said == [] and not both.one.exchange.is_told()
    both.carry()
    assert said == [True] and both.two.known() == 1 and both.one.exchange.is_told()


def test_with_nobody_there_nobody_is_waited_for(both: Two):
    both.one.wire.is_open = False
    both.look()
    said: list[bool] = []
    both.one.exchange.tell(both.one.give(5), said.append)
    assert said == [False] and not both.one.exchange.is_waited_for and both.one.exchange.is_in_sync()


def test_who_does_not_answer_is_waited_for_once(both: Two):
    both.look()
    both.carry()
    said: list[bool] = []
    both.one.exchange.tell(both.one.give(5), said.append)
    both.pass_time(0.15)
    assert not both.one.exchange.is_waited_for
    both.one.exchange.tell(both.one.give(6), said.append)
    assert said == [False]
    # It was only late: it is told again what it has missed, and waited for.
    both.look()
    both.carry()
    assert said == [False, True] and both.one.exchange.is_waited_for and both.two.known() == 2


def test_who_never_answers_is_not_remembered_for_ever(both: Two):
    both.look()
    both.carry()
    told: list[bool] = []
    for number in range(2000):
        both.one.exchange.tell(both.one.give(number % 250), told.append)
    (neighbour,) = both.one.exchange._neighbours.values()
    assert len(neighbour.waiting) < 300
    assert set(told) <= {False} and both.one.failures == []


def test_a_line_that_breaks_lets_the_client_go(both: Two):
    both.look()
    both.carry()
    said: list[bool] = []
    both.one.exchange.tell(both.one.give(5), said.append)
    both.one.wire.is_open = False
    both.look()
    assert said == [False]


def test_what_is_no_lease_is_left_out_and_the_rest_is_taken(both: Two):
    both.look()
    good = both.one.give(5).document(time.monotonic())
    octets = encode("leases", number=9, known=1, leases=[{"address": "x"}, good])
    (message,) = MessageReader().take(octets)
    both.two.carrier.take(both.two.wire, message)
    assert both.two.known() == 1 and both.two.failures == []


def test_what_is_given_back_here_is_so_there(both: Two):
    binding = both.one.give(5)
    both.look()
    both.carry()
    assert both.two.known() == 1
    time.sleep(0.01)
    ended = both.one.table.end(binding.key, time.monotonic())
    assert ended is not None
    both.one.exchange.tell(ended, lambda _kept: None)
    both.carry()
    assert both.two.known() == 0


def test_without_leases_nothing_of_it_is_loaded():
    code = "import haven.agent.main, haven.havend.main, sys; print(*sys.modules, sep='\\n')"
    source = str(Path(__file__).parents[2] / "src")
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    found = [name for name in loaded if name.startswith(("haven.leases", "haven.agent.leases"))]
    assert found == ["haven.agent.leases", "haven.agent.leases.part"]


def test_a_lease_that_one_of_two_others_has_is_not_this_routers_alone(both: Two):
    third = Wire("r3")
    both.one.carrier.lines = lambda: [both.one.wire, third]
    both.look()
    both.carry()
    done: list[bool] = []
    both.one.exchange.tell(both.one.give(1), done.append)
    both.carry()
    assert done == []
    # It is cut off before it has answered.
    third.is_open = False
    both.one.exchange.look()
    assert done == [True]
