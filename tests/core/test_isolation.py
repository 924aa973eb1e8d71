# SPDX-License-Identifier: GPL-2.0-or-later
"""A witness, or a majority, on the links: who is alone there does not serve."""

from haven.core.clock import SECOND
from haven.core.effects import HeldBack
from haven.core.events import OtherPath, RouterHeard, Vouched, WitnessHeard
from haven.core.vrrp.constants import multicast_group
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.wire import Wire, group, octets_of, pair, router

WITNESS = octets_of("192.168.51.9")
PATIENCE = 5 * SECOND
# How often is asked and greeted.
PACE = SECOND // 2


class Company:
    """Routers on links with a witness each; `sides` are those that reach each other on a link."""

    def __init__(self, count=2, specs=None, witnesses=("lan",), greet=True, **settings):
        settings.setdefault("witness_patience_us", PATIENCE)
        settings.setdefault("witnesses", tuple((device, WITNESS) for device in witnesses))
        self.wire, self.nodes, self.greet = Wire(), [], greet
        self.answers = dict.fromkeys(witnesses, True)
        self.sides = {}
        for number in range(count):
            priority = 200 - 50 * number
            spec = specs(priority) if specs else group(router(priority=priority))
            self.nodes.append(self.wire.node("n%d" % number, _with(spec, settings)))
        for node in self.nodes:
            node.start()
        self.run(10 * SECOND)
        for node in self.nodes:
            node.forget()

    def run(self, duration):
        """Let time pass, with what is asked and said meanwhile."""
        end = self.wire.now + duration
        while self.wire.now < end:
            self.wire.run(min(PACE, end - self.wire.now))
            for node in self.nodes:
                if node.is_awake():
                    self._visit(node)

    def _visit(self, node):
        for device in sorted({member.spec.device for member in node.engine.groups["gateway"].members}):
            if self.answers.get(device) and self._reach(device, node, "witness"):
                node.handle(WitnessHeard(device, WITNESS))
            for other in self.nodes:
                heard = other is not node and other.is_awake() and self._reach(device, node, other.name)
                if self.greet and heard:
                    spec = node.member(device).spec
                    node.handle(RouterHeard(device, 4, spec.vrid, other.address(device)))

    def _reach(self, device, node, name):
        for side in self.sides.get(device, ()):
            if node.name in side:
                return name in side
        return True

    def split(self, device, *sides):
        """Cut a link into sides."""
        self.sides[device] = sides
        for one in self.nodes:
            for other in self.nodes:
                if not self._reach(device, one, other.name):
                    self.wire.cut(device, one, other)

    def heal(self):
        """Join every link again."""
        self.sides = {}
        self.wire.heal()

    def states(self):
        """Return the state of each node that has power."""
        return [node.state() if node.powered else None for node in self.nodes]


def _with(spec, settings):
    for key in settings:
        setattr(spec, key, settings[key])
    return spec


def reasons(node):
    """Return why a node changed its state."""
    return [reason for _at, _state, reason in node.transitions()]


def test_behind_a_cut_only_the_side_with_the_witness_serves():
    for side, states in ((("n1", "witness"), [BACKUP, ACTIVE]), (("n0", "witness"), [ACTIVE, BACKUP])):
        company = Company()
        other = "n0" if "n1" in side else "n1"
        company.split("lan", side, (other,))
        company.run(12 * SECOND)
        assert company.states() == states
        company.run(60 * SECOND)
        assert company.states() == states
        company.heal()
        company.run(6 * SECOND)
        assert company.states() == states


def test_active_that_is_alone_gives_up_before_long_and_says_why():
    company = Company()
    company.split("lan", ("n0",), ("n1", "witness"))
    company.run(PATIENCE - SECOND)
    assert company.nodes[0].state() == ACTIVE
    company.run(2 * SECOND)
    assert company.nodes[0].state() == BACKUP
    assert reasons(company.nodes[0]) == ["alone"]


def test_standby_that_is_alone_is_held_back_and_says_so():
    company = Company()
    company.split("lan", ("n1",), ("n0", "witness"))
    company.run(30 * SECOND)
    assert company.states() == [ACTIVE, BACKUP]
    assert [effect.router for _at, effect in company.nodes[1].said(HeldBack)] == ["lan"]


def test_with_the_witness_a_takeover_takes_no_longer_than_without():
    took = []
    for witnesses in (("lan",), ()):
        company = Company(witnesses=witnesses)
        company.nodes[0].power_off()
        began = company.wire.now
        company.run(4 * SECOND)
        took.append(company.nodes[1].transitions()[0][0] - began)
    assert took[0] == took[1]


def test_witness_that_never_answered_stops_nothing():
    company = Company(count=2)
    for node in company.nodes:
        node.power_off()
    company.answers["lan"] = False
    company.nodes[1].start()
    company.run(5 * SECOND)
    assert company.nodes[1].state() == ACTIVE
    company.run(60 * SECOND)
    assert company.nodes[1].state() == ACTIVE


def test_witness_that_falls_silent_while_the_routers_hear_each_other_decides_nothing():
    company = Company()
    company.answers["lan"] = False
    company.run(30 * SECOND)
    assert company.states() == [ACTIVE, BACKUP]
    assert reasons(company.nodes[0]) == []
    company.nodes[0].power_off()
    company.run(5 * SECOND)
    assert company.nodes[1].state() == ACTIVE
    company.run(30 * SECOND)
    assert reasons(company.nodes[1]) == ["silence"]


def test_witness_that_answers_again_decides_again():
    company = Company()
    company.answers["lan"] = False
    company.run(30 * SECOND)
    company.answers["lan"] = True
    company.run(10 * SECOND)
    company.split("lan", ("n1",), ("n0", "witness"))
    company.run(20 * SECOND)
    assert company.states() == [ACTIVE, BACKUP]


def test_last_router_gives_up_without_a_witness_and_serves_again_with_it():
    company = Company()
    company.nodes[1].power_off()
    company.run(20 * SECOND)
    company.answers["lan"] = False
    company.run(PATIENCE + SECOND)
    assert company.nodes[0].state() == BACKUP
    company.run(10 * SECOND)
    company.answers["lan"] = True
    company.run(4 * SECOND)
    assert company.nodes[0].state() == ACTIVE


def test_planned_handover_waits_for_no_witness():
    company = Company()
    company.answers["lan"] = False
    company.nodes[0].stop()
    company.run(2 * SECOND)
    assert company.nodes[1].state() == ACTIVE


def test_active_that_is_alone_on_one_link_leaves_the_group_to_who_is_not():
    company = Company(specs=lambda priority: pair(priority))
    company.split("lan", ("n0",), ("n1", "witness"))
    company.run(PATIENCE + 2 * SECOND)
    assert company.states() == [BACKUP, ACTIVE]
    company.heal()
    company.run(20 * SECOND)
    assert company.states() == [BACKUP, ACTIVE]


def test_word_by_another_path_is_no_sign_of_the_link():
    company = Company(greet=False)
    first, second = company.nodes
    second.handle(OtherPath(True))
    company.split("lan", ("n1",), ("n0", "witness"))
    for _ in range(30):
        company.run(SECOND)
        said = first.member().advertisement()
        second.handle(Vouched("lan", 4, said.source, multicast_group(4), said.packets[0][1]))
    assert second.state() == BACKUP
    assert second.engine.groups["gateway"].isolation.alone_on(company.wire.now) is second.member()
    first.power_off()
    company.run(20 * SECOND)
    assert second.state() == BACKUP


def test_of_three_the_majority_serves():
    company = Company(count=3, witnesses=(), majority=3)
    assert company.states() == [ACTIVE, BACKUP, BACKUP]
    company.split("lan", ("n0",), ("n1", "n2"))
    company.run(15 * SECOND)
    assert company.states() == [BACKUP, ACTIVE, BACKUP]
    company.heal()
    company.run(15 * SECOND)
    assert company.states().count(ACTIVE) == 1
    company.split("lan", ("n0",), ("n1",), ("n2",))
    company.run(15 * SECOND)
    assert company.states() == [BACKUP, BACKUP, BACKUP]


def test_router_that_greets_on_two_families_is_one_of_the_majority():
    company = Company(count=1, witnesses=(), majority=3)
    node = company.nodes[0]
    for _ in range(20):
        node.handle(RouterHeard("lan", 4, 51, octets_of("10.0.0.7")))
        node.handle(RouterHeard("lan", 4, 51, octets_of("10.0.0.1")))
        node.handle(RouterHeard("lan", 4, 99, octets_of("10.0.0.8")))
        company.run(SECOND // 2)
    assert node.state() == ACTIVE
    company.run(10 * SECOND)
    assert node.state() == BACKUP


def test_process_that_stood_still_asks_before_it_gives_up():
    company = Company()
    node = company.nodes[0]
    company.nodes[1].power_off()
    node.sleep(20 * SECOND)
    company.run(21 * SECOND)
    company.run(10 * SECOND)
    assert node.state() == ACTIVE and reasons(node) == []


def test_reload_forgets_no_answer_and_a_reload_without_a_witness_holds_nobody_back():
    company = Company()
    second = company.nodes[1]
    second.load(*second.specs)
    company.split("lan", ("n1",), ("n0", "witness"))
    company.run(20 * SECOND)
    assert second.state() == BACKUP
    second.load(_with(group(router(priority=150)), {"witnesses": ()}))
    company.run(SECOND)
    assert second.state() == ACTIVE
