# SPDX-License-Identifier: GPL-2.0-or-later
"""An election does not know for how long the machine has been up: no counter is about to begin anew."""

from haven.core.clock import SECOND
from tests.core.duel import two

MILLISECOND = SECOND // 1000
# Just before counters of milliseconds and microseconds of 31, 32, 53 and 62 bits are full.
UPTIMES = tuple(
    [(1 << bits) * unit - 13 * SECOND for bits, unit in ((31, 1000), (32, 1000), (32, 1), (53, 1))]
)


def _story(uptime):
    """Return when, from the start on, a pair of that uptime became what, through all that can happen."""
    wire, first, second = two(200, 100, preempt=True)
    wire.now = uptime
    wire.start()
    told = []

    def note(what):
        told.append((wire.now - uptime, what, first.state(), second.state()))

    wire.run_until(lambda: wire.active() == ["a"])
    note("started")
    wire.run(4 * SECOND)
    first.power_off()
    wire.run_until(lambda: wire.active() == ["b"])
    note("power cut")
    first.start()
    wire.run_until(lambda: wire.active() == ["a"])
    note("back")
    first.set_link("lan", False)
    wire.run_until(lambda: wire.active() == ["b"])
    note("cable")
    first.set_link("lan", True)
    wire.run_until(lambda: wire.active() == ["a"])
    note("plugged")
    return told, [(at - uptime, count) for at, count in sorted(_sent(second, uptime).items())]


def _sent(node, uptime):
    found = {}
    for at, _effect in node.effects:
        found[at] = found.get(at, 0) + 1
    return found


def test_an_election_takes_its_time_whatever_the_uptime_is():
    first, *others = [_story(uptime) for uptime in UPTIMES]
    assert len(first[0]) == 5 and first[1]
    for each in others:
        assert each == first
