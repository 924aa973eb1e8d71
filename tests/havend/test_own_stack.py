# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies in this machine's own kernel is nobody's silence: a datagram to itself tells."""

import pytest

from haven.core.clock import MILLISECOND, SECOND
from haven.core.events import Flooded, Switchover
from haven.core.vrrp.states import ACTIVE, BACKUP
from haven.havend.host.cpython_own_stack import OwnStack
from tests.core.wire import Wire, pair
from tests.havend.test_heartbeats import Standby, both


class Kernel:
    """A socket whose datagrams come back as the test wants."""

    def __init__(self) -> None:
        self.sent = self.lying = 0
        self.is_slow = False

    def send(self, _octets: bytes) -> None:
        self.sent += 1
        self.lying += 1

    def recv(self, _length: int) -> bytes:
        if self.is_slow or not self.lying:
            raise BlockingIOError
        self.lying -= 1
        return b"\0"


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


def own_stack(kernel: Kernel) -> OwnStack:
    made = OwnStack(0)
    made.close()
    made._socket, made._sent_at, made._back_at = kernel, None, -SECOND
    return made


def test_the_real_one_is_never_late_for_long():
    own = OwnStack(0)
    for _ in range(20):
        if not own.is_late(0):
            own.close()
            return
    pytest.fail("a datagram to itself does not come back")


def test_it_is_late_until_what_came_with_the_datagram_could_be_read(kernel):
    own = own_stack(kernel)
    assert not own.is_late(0)
    kernel.is_slow = True
    assert own.is_late(MILLISECOND) and own.is_late(2 * MILLISECOND)
    assert kernel.sent == 2, "one is under way at a time"
    kernel.is_slow = False
    assert own.is_late(3 * MILLISECOND), "what came before it has not been read yet"
    assert not own.is_late(4 * MILLISECOND)


def test_what_came_back_while_nobody_looked_is_no_lateness(kernel):
    own = own_stack(kernel)
    own.is_late(0)
    kernel.is_slow = True
    assert own.is_late(0)
    kernel.is_slow = False
    assert not own.is_late(60 * SECOND) and kernel.sent == 3


def test_what_never_comes_back_is_waited_for_a_second_and_nothing_where_nothing_ever_did(kernel):
    own = own_stack(kernel)
    own.is_late(0)
    kernel.is_slow = True
    assert own.is_late(0) and own.is_late(SECOND - 1) and not own.is_late(SECOND)
    own = own_stack(kernel)
    own._is_prompt = False
    assert not own.is_late(0) and not own.is_late(MILLISECOND)


def test_one_that_was_lost_is_no_reason_to_go_by_none_for_ever(kernel):
    own = own_stack(kernel)
    own.is_late(0)
    kernel.is_slow = True
    assert own.is_late(0) and not own.is_late(SECOND) and not own.is_late(10 * SECOND)
    kernel.is_slow, kernel.lying = False, 0
    assert not own.is_late(20 * SECOND) and not own.is_late(30 * SECOND)
    kernel.is_slow = True
    assert own.is_late(30 * SECOND)


def test_all_who_ask_in_one_turn_get_the_same_word(kernel):
    """The second of two groups went by a datagram of its own, before what lay with the first was read."""
    own = own_stack(kernel)
    own.is_late(0)
    kernel.is_slow = True
    assert own.is_late(MILLISECOND)
    kernel.is_slow = False
    assert own.is_late(20 * MILLISECOND) and own.is_late(20 * MILLISECOND)
    assert not own.is_late(40 * MILLISECOND)


def test_a_takeover_waits_for_what_lies_in_its_own_kernel(kernel):
    own, wire = own_stack(kernel), Wire()
    one, two = (wire.node(name, pair(priority=p)) for name, p in (("one", 200), ("two", 100)))
    wire.start()
    wire.run(10 * SECOND)
    groups = two.engine.groups.values()
    assert own.doubts(groups, wire.now) == [] and kernel.sent == 0, "nothing is due"
    one.power_off()
    due = two.engine.groups["gateway"].members[0].deadline
    assert own.doubts(groups, due) == []
    kernel.is_slow = True
    assert own.doubts(groups, due) == [Flooded("lan", 4), Flooded("wan", 4)]
    assert own.doubts(one.engine.groups.values(), due) == [], "an Active waits for nobody"


def test_a_handover_waits_for_what_lies_in_its_own_kernel(kernel):
    own, wire = own_stack(kernel), Wire()
    one, two = (wire.node(name, pair(priority=p)) for name, p in (("one", 200), ("two", 100)))
    wire.start()
    wire.run(10 * SECOND)
    two.power_off()
    one.handle(Switchover())
    kernel.is_slow = True
    until = one.engine.groups["gateway"].succession.until
    assert own.doubts(one.engine.groups.values(), until - 1) == []
    assert own.doubts(one.engine.groups.values(), until) == [Flooded("lan", 4), Flooded("wan", 4)]


def test_answers_that_lie_in_the_own_kernel_are_no_silence(monkeypatch):
    """A kernel that was late by tenths of a second made a standby take over from a living router."""
    standby = Standby(monkeypatch, both)
    standby.heartbeats.is_own_late = lambda _now: True
    standby.one.power_off()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(300 * MILLISECOND)
    assert standby.node.state() == BACKUP
    standby.heartbeats.is_own_late = lambda _now: False
    standby.run(30 * MILLISECOND)
    assert standby.node.state() == ACTIVE
