# SPDX-License-Identifier: GPL-2.0-or-later
"""haven beside the kernels of FreeBSD and OpenBSD, by what their sources do: one master each time."""

from haven.core.clock import SECOND
from haven.core.events import Maintenance, Switchover
from tests.core.carp_bsd import FREEBSD, OPENBSD, Bsd, Link
from tests.core.carp_line import carp
from tests.core.wire import Wire, group

KINDS = (FREEBSD, OPENBSD)


def link(kind, ours, theirs, preempt=False, **more):
    """Return a link on which both have just begun."""
    wire = Wire()
    node = wire.node("a", group(carp(ours), preempt=preempt))
    node.start()
    return Link(wire, node, Bsd(kind, theirs, preempt, now=wire.now, **more))


def check_content(line):
    """Check that haven has refused nothing."""
    assert sum(line.node.member().counters.errors.values()) == 0


def test_the_lower_advskew_is_master_and_nobody_disturbs_it():
    for kind in KINDS:
        for ours, theirs, master in ((0, 100, "haven"), (100, 0, "bsd")):
            line = link(kind, ours, theirs)
            line.run(10 * SECOND)
            assert line.masters() == [master], (kind, ours)
            for _ in range(60):
                line.run(SECOND)
                assert line.masters() == [master], (kind, ours)
            check_content(line)


def test_a_dead_bsd_is_missed_and_one_that_returns_preempts():
    for kind in KINDS:
        line = link(kind, 100, 0, preempt=True)
        line.run(10 * SECOND)
        line.bsd.is_up, line.bsd.state = False, "backup"
        line.run(4 * SECOND)
        assert line.masters() == ["haven"], kind
        line.bsd = Bsd(kind, 0, True, now=line.wire.now)
        line.bsd.counter += 1 << 59
        line.run(6 * SECOND)
        assert line.masters() == ["bsd"], kind
        check_content(line)


def test_one_that_bows_out_is_followed_sooner_than_a_dead_one():
    for kind in KINDS:
        line = link(kind, 100, 0)
        line.run(10 * SECOND)
        line.bsd.leave()
        line.run(SECOND)
        assert line.masters() == ["haven"], kind


def test_a_bsd_takes_over_at_once_from_a_switchover_and_from_maintenance():
    for kind in KINDS:
        for event in (Switchover(), Maintenance(True)):
            line = link(kind, 0, 100)
            line.run(10 * SECOND)
            line.node.handle(event)
            line.run(SECOND)
            assert line.masters() == ["bsd"], kind
            line.run(30 * SECOND)
            assert line.masters() == ["bsd"], kind
            check_content(line)


def test_a_demoted_openbsd_is_relieved():
    line = link(OPENBSD, 100, 0)
    line.run(10 * SECOND)
    assert line.masters() == ["bsd"]
    line.bsd.demote = 1
    line.run(3 * SECOND)
    assert line.masters() == ["haven"]
    line.bsd.demote = 0
    line.run(30 * SECOND)
    assert line.masters() == ["haven"]


def test_a_healed_link_leaves_one_within_two_words():
    for kind in KINDS:
        for ours, theirs, master in ((0, 100, "haven"), (100, 0, "bsd"), (50, 50, None)):
            line = link(kind, ours, theirs)
            line.is_cut = True
            line.run(20 * SECOND)
            assert line.masters() == ["haven", "bsd"]
            line.is_cut = False
            line.run(3 * SECOND)
            assert len(line.masters()) == 1, (kind, ours)
            assert master in (None, line.masters()[0]), (kind, ours)


def test_of_equals_one_stays_whichever_address_is_the_lower():
    for kind, last, earlier in [(kind, last, by) for kind in KINDS for last in (0, 9) for by in (0, 1, 2)]:
        line = link(kind, 50, 50)
        line.bsd.source = bytes((10, 0, 0, last))
        # Either may be the first to speak.
        line.bsd.deadline -= earlier * SECOND // 3
        line.is_cut = True
        line.run(20 * SECOND)
        line.is_cut = False
        line.run(2 * SECOND)
        for _ in range(20):
            line.run(SECOND // 2)
            assert len(line.masters()) == 1, (kind, last, earlier)
