# SPDX-License-Identifier: GPL-2.0-or-later
"""A way on which a kernel is asked: what is learned on it, and which silence is a death."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.engine import AT_ONCE
from haven.core.events import KernelSilent, Together
from haven.core.heartbeat import QUICK_US, SHORTEST_US, HeartbeatPath, is_dead, questions_for
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.wire import Wire, group, octets_of, pair, router

PACE = 10 * MILLISECOND


class Asked:
    """A way and the time on it: `answers` tells of each question whether it is answered at once."""

    def __init__(self, leniency=1):
        self.now = 0
        self.path = HeartbeatPath(PACE, 0)
        self.path.leniency = leniency

    def ask(self, count, answers=None, late=0):
        """Ask so often; every question is answered, or those for which `answers` says so."""
        for number in range(count):
            if self.path.unanswered and self.was_answered:
                self.path.hear(1, self.now)
            self.path.ask(self.now)
            self.was_answered = answers is None or answers(number)
            self.now += self.path.next_us(self.now) + late

    def silence(self, most=200):
        """Ask without any answer until that means a death; return after how long, or None."""
        began = self.now
        for _ in range(most):
            if self.path.unanswered and self.was_answered:
                self.path.hear(1, self.now)
            self.path.ask(self.now)
            self.was_answered = False
            self.now += self.path.next_us(self.now)
            if is_dead([self.path], 0, self.now):
                return self.now - began
        return None


def learned(count=3000, answers=None, leniency=1):
    asked = Asked(leniency)
    asked.ask(count, answers)
    return asked


def test_nothing_is_concluded_from_a_way_that_has_not_shown_that_it_answers():
    asked = Asked()
    asked.ask(500, lambda number: False)
    assert not asked.path.is_believed() and not is_dead([asked.path], 0, asked.now)
    for count, believed in ((50, False), (150, True)):
        assert learned(count).path.is_believed() == believed


def test_silence_of_a_way_that_answers_is_a_death_after_its_patience():
    asked = learned()
    assert asked.path.patience_us() == SHORTEST_US
    silence = asked.silence()
    assert SHORTEST_US <= silence <= SHORTEST_US + PACE


def test_the_more_is_lost_the_longer_a_silence_is_borne_and_too_much_is_not_believed():
    patience = []
    for every in (1000, 100, 20):
        asked = learned(20000, lambda number, every=every: number % every != 1)
        patience.append(asked.path.patience_us())
        # Never more than one false takeover in ten years, at the loss that was seen.
        assert asked.path.years() >= 10
    assert patience == sorted(patience) and patience[0] < patience[2]
    assert not learned(3000, lambda number: number % 3 == 0).path.is_believed()


def test_questions_follow_from_loss():
    for loss, questions in ((0.001, 4), (0.01, 6), (0.05, 9), (0.2, 16)):
        assert questions_for(loss) == questions
        assert 3.2e10 * loss**questions <= 1


def test_gap_that_was_seen_makes_patient_and_is_forgotten():
    asked = learned()
    # A kernel that stood still for 40 ms, and answers everything then.
    asked.path.ask(asked.now)
    for _ in range(10):
        asked.path.ask(asked.now)
    asked.now += 40 * MILLISECOND
    asked.path.hear(11, asked.now)
    assert asked.path.patience_us() >= 60 * MILLISECOND
    asked.was_answered = True
    asked.ask(150_000)
    assert asked.path.patience_us() == SHORTEST_US


def test_answers_that_are_late_were_not_lost():
    asked = learned()
    before = asked.path.lost
    for _ in range(5):
        asked.path.ask(asked.now)
    asked.path.hear(1, asked.now + 12 * MILLISECOND)
    assert asked.path.lost > before
    asked.path.ask(asked.now)
    asked.path.hear(1 + 5, asked.now + 20 * MILLISECOND)
    assert asked.path.lost == before


def test_answers_that_are_always_late_are_waited_for_before_more_is_asked():
    for delay in (12 * MILLISECOND, 25 * MILLISECOND):
        asked = Asked()
        due_at, quick = [], 0
        for _ in range(5000):
            here = [at for at in due_at if at <= asked.now]
            if here:
                asked.path.hear(len(here), asked.now)
                due_at = due_at[len(here) :]
            asked.path.ask(asked.now)
            # In turn, and sometimes two at once, as over a wireless bridge.
            due_at.append(asked.now + delay * (1 + len(due_at) % 2))
            step = asked.path.next_us(asked.now)
            quick += step == QUICK_US
            asked.now += step
        assert asked.path.is_believed() and quick < 100
        assert asked.path.patience_us() >= delay


def test_alarm_is_over_with_the_first_answer():
    asked = learned()
    asked.path.is_alarmed = True
    asked.path.ask(asked.now)
    assert asked.path.next_us(asked.now) == QUICK_US
    asked.path.hear(1, asked.now)
    asked.path.ask(asked.now)
    assert asked.path.next_us(asked.now) == PACE


def test_answers_that_nobody_asked_for_make_up_for_no_loss():
    asked = learned(3000, lambda number: number % 50 != 1)
    lost = asked.path.lost
    for _ in range(100):
        asked.path.ask(asked.now)
        asked.path.hear(16, asked.now)
    assert lost > 10 and asked.path.lost >= lost - 1


def test_time_in_which_the_asker_slept_is_nobodys_silence():
    asked = learned()
    asked.silence(3)
    asked.now += SECOND
    asked.path.oversleep(SECOND)
    assert not is_dead([asked.path], 0, asked.now)
    assert not asked.path.is_given_up(asked.now)


def test_after_a_long_sleep_answers_have_some_more_time():
    asked = learned()
    asked.silence(1)
    asked.now += SECOND
    asked.path.oversleep(SECOND)
    asked.now += SECOND // 10
    assert asked.path.silence_us(asked.now) <= 0
    asked.now += 2 * SECOND // 10
    assert asked.path.silence_us(asked.now) >= SHORTEST_US


def test_after_a_short_sleep_they_have_no_more():
    asked = learned()
    asked.silence(1)
    before = asked.path.silence_us(asked.now)
    asked.now += SHORTEST_US // 2
    asked.path.oversleep(SHORTEST_US // 2)
    assert asked.path.silence_us(asked.now) == before


def test_after_a_false_alarm_a_silence_is_borne_longer():
    assert learned(leniency=4).silence() >= 4 * SHORTEST_US


def test_way_that_is_silent_beside_one_that_answers_is_no_death():
    silent, other = learned(), learned()
    assert silent.silence() is not None
    assert not is_dead([silent.path, other.path], 0, silent.now)


def test_second_way_that_was_asked_later_does_not_delay():
    first, second = learned(), learned()
    second.now = first.now
    took = first.silence()
    # Asked quickly since the first did not answer, a pace later.
    began = first.now - took + PACE
    second.path.hear(1, began)
    for number in range(5):
        second.path.ask(began + 2 * MILLISECOND * number)
    assert is_dead([first.path, second.path], 0, max(first.now, began + 8 * MILLISECOND))


def test_way_that_has_been_silent_for_long_is_asked_seldom_and_learned_anew():
    asked = learned()
    for _ in range(1200):
        asked.path.ask(asked.now)
        asked.now += asked.path.next_us(asked.now)
    assert asked.path.is_given_up(asked.now) and asked.path.next_us(asked.now) == SECOND
    lost = asked.path.lost
    asked.path.hear(1, asked.now)
    assert asked.path.lost == lost and not asked.path.is_given_up(asked.now)


# What a group does about it


def backup():
    wire = Wire()
    one, two = wire.node("one", pair(priority=200)), wire.node("two", pair())
    wire.start()
    wire.run(10 * SECOND)
    two.forget()
    return wire, one, two


def test_group_takes_over_from_a_kernel_that_is_silent_on_every_link():
    wire, one, two = backup()
    one.power_off()
    members = two.engine.groups["gateway"].members
    for number, member in enumerate(members):
        assert two.state() == BACKUP
        two.handle(KernelSilent("gateway", member.spec.device, member.active_source, 17 * MILLISECOND))
        assert two.state() == (ACTIVE if number == len(members) - 1 else BACKUP)
    assert [reason for _at, _state, reason in two.transitions()] == ["unanswered"]


def test_word_of_the_active_takes_the_silence_back():
    wire, one, two = backup()
    member = two.engine.groups["gateway"].members[0]
    two.handle(KernelSilent("gateway", member.spec.device, member.active_source, 17 * MILLISECOND))
    assert member.silent
    wire.run(2 * SECOND)
    assert not member.silent
    assert two.state() == BACKUP


def test_silence_of_somebody_else_or_of_a_group_that_is_gone_moves_nothing():
    wire, one, two = backup()
    member = two.engine.groups["gateway"].members[0]
    for name, device, source in (
        ("elsewhere", member.spec.device, member.active_source),
        ("gateway", "dmz", member.active_source),
        ("gateway", member.spec.device, octets_of("192.0.2.9")),
    ):
        two.handle(KernelSilent(name, device, source, SECOND))
        one.handle(KernelSilent(name, device, source, SECOND))
    assert (one.state(), two.state()) == (ACTIVE, BACKUP)


def many(count, priority):
    """Return so many groups of a virtual router each."""
    return [
        group(
            router(
                "v%d" % number,
                vrid=number,
                device="lan",
                priority=priority,
                addresses=(bytes((10, 9, 9, number)),),
            ),
            name="v%d" % number,
        )
        for number in range(1, count + 1)
    ]


def test_many_that_die_together_are_told_of_and_judged_together():
    wire = Wire()
    one, two = (wire.node(name, *many(100, priority)) for name, priority in (("a", 200), ("b", 100)))
    wire.start()
    wire.run(10 * SECOND)
    one.power_off()
    source = one.address("lan")
    two.handle(Together(tuple([KernelSilent(name, "lan", source, SECOND) for name in two.engine.groups])))
    assert {each.state for each in two.engine.groups.values()} == {ACTIVE}


def test_of_many_timers_some_wait_until_it_was_read_who_else_has_taken_over():
    wire = Wire()
    one, two = (wire.node(name, *many(100, priority)) for name, priority in (("a", 200), ("b", 100)))
    wire.start()
    wire.run(10 * SECOND)
    one.power_off()
    late = wire.now + 10 * SECOND
    two.engine.tick(late)
    states = [each.state for each in two.engine.groups.values()]
    assert states.count(ACTIVE) == AT_ONCE and two.engine.next_deadline() <= late
    two.engine.tick(late)
    assert {each.state for each in two.engine.groups.values()} == {ACTIVE}
