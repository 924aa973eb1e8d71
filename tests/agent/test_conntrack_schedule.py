# SPDX-License-Identifier: GPL-2.0-or-later
"""What conntrackd is told, and when."""

from haven.agent.conntrack.schedule import CALM_S, HANDOVER_S, SILENCE_S, WHOLE_TABLE_S, SyncSchedule

RENEW = 30.0


def running(renew: float = RENEW) -> SyncSchedule:
    replication = SyncSchedule(renew)
    replication.started(0)
    return replication


def test_a_node_that_starts_asks_for_everything() -> None:
    assert SyncSchedule(RENEW).started(0) == ["forget what was told", "ask for everything"]


def test_a_new_active_leaves_the_first_seconds_to_the_packets() -> None:
    replication = running()
    assert replication.set_state("active", 10) == []
    assert replication.tick(10 + CALM_S - 0.1) == []
    assert replication.next_deadline() == 10 + CALM_S
    assert replication.tick(10 + CALM_S) == ["read the kernel", "send everything"]
    assert replication.tick(10 + CALM_S + 0.1) == []


def test_an_active_sends_everything_again_now_and_then() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    rounds = [replication.tick(CALM_S + number * RENEW) for number in range(1, 6)]
    assert rounds[:3] == [["read the kernel", "send everything"]] * 3
    assert rounds[3:] == [["send everything"]] * 2
    assert replication.tick(CALM_S + 5.5 * RENEW) == []


def test_renewing_can_be_turned_off() -> None:
    replication = running(renew=0)
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    assert replication.next_deadline() is None


def test_renewing_more_often_takes_effect_at_once_and_less_often_with_the_next_round() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    replication.renew_every(5, 10)
    assert replication.tick(14.9) == [] and replication.tick(15) != []
    replication.renew_every(RENEW, 16)
    assert replication.tick(20) != [] and replication.tick(20 + RENEW - 0.1) == []
    replication.renew_every(0, 40)
    assert replication.next_deadline() is None
    replication.renew_every(5, 50)
    assert replication.tick(55) != []


def test_a_new_standby_forgets_at_once_what_it_has_told() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    assert replication.set_state("backup", 100) == ["forget what was told"]
    assert replication.tick(100 + CALM_S) == ["ask for everything"]


def test_an_active_that_hands_over_tells_no_more_of_what_the_kernel_then_ends() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    assert replication.prepare_handover(100) == ["forget what was told"]
    replication.set_state("backup", 100.1)
    assert replication.tick(100.1 + CALM_S) == ["ask for everything"]


def test_an_active_that_stays_after_all_tells_again() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    replication.prepare_handover(100)
    assert replication.tick(100 + HANDOVER_S) == ["read the kernel", "send everything"]


def test_nothing_is_read_again_while_a_handover_goes_on() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    renewed_at = CALM_S + RENEW
    replication.prepare_handover(renewed_at - 0.1)
    assert replication.tick(renewed_at) == replication.tick(renewed_at + CALM_S) == []


def test_a_peer_has_some_time_to_be_heard_first() -> None:
    replication = SyncSchedule(RENEW)
    replication.started(100)
    assert not replication.is_silent(100 + SILENCE_S)
    assert replication.is_silent(100.1 + SILENCE_S)


def test_without_conntrackd_a_standby_is_not_in_sync() -> None:
    replication = running()
    for second in range(int(WHOLE_TABLE_S) + 3):
        replication.record_statistics(received=second, now=float(second))
    assert replication.is_in_sync(7)
    replication.ended()
    replication.record_statistics(None, 9)
    assert not replication.is_in_sync(9)


def test_a_backup_has_nothing_to_hand_over() -> None:
    assert running().prepare_handover(100) == []


def test_a_standby_forgets_again_what_a_stray_packet_made_it_tell_of() -> None:
    replication = running()
    replication.tick(0)
    assert replication.tick(RENEW - 0.1) == []
    assert replication.tick(RENEW) == replication.tick(2 * RENEW) == ["forget what was told"]


def test_a_short_role_leaves_nothing_to_do_behind() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.set_state("backup", 1)
    assert replication.tick(1 + CALM_S) == ["ask for everything"]
    assert replication.tick(1 + CALM_S + 0.1) == []


def test_the_same_state_again_is_no_news() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    assert replication.set_state("active", 50) == []


def test_a_conntrackd_that_is_restarted_does_what_its_role_asks_for() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.tick(CALM_S)
    replication.ended()
    assert replication.next_deadline() is None
    assert replication.started(60) == []
    assert replication.tick(60 + CALM_S) == ["read the kernel", "send everything"]


def test_a_standby_is_in_sync_when_the_peer_has_been_heard_long_enough() -> None:
    replication = running()
    for second in range(int(WHOLE_TABLE_S) + 2):
        replication.record_statistics(received=second, now=float(second))
        assert replication.is_in_sync(second) == (second >= 1 + WHOLE_TABLE_S)


def test_a_standby_that_hears_its_peer_knows_when_it_will_be_in_sync() -> None:
    replication = running()
    replication.record_statistics(received=0, now=0.0)
    assert replication.sync_left(0.0) is None
    replication.record_statistics(received=1, now=1.0)
    assert replication.sync_left(3.0) == WHOLE_TABLE_S - 2.0
    replication.record_statistics(received=9, now=1.0 + WHOLE_TABLE_S)
    assert replication.is_in_sync(6.0) and replication.sync_left(2.0 + WHOLE_TABLE_S) is None


def test_a_peer_is_heard_while_it_is_not_silent() -> None:
    replication = running()
    assert not replication.hears_peer(0)
    replication.record_statistics(received=7, now=1)
    # It takes a second look to see that something has come.
    assert not replication.hears_peer(1)
    replication.record_statistics(received=8, now=2)
    assert replication.hears_peer(2) and replication.hears_peer(2 + SILENCE_S)
    assert not replication.hears_peer(2.1 + SILENCE_S)
    replication.ended()
    assert not replication.hears_peer(3)


def test_a_standby_that_hears_nothing_is_not_in_sync() -> None:
    replication = running()
    for second in range(20):
        replication.record_statistics(received=min(second, 10), now=float(second))
    assert replication.is_silent(20) and not replication.is_in_sync(20)
    assert replication.heard_age(20) == 20 - 10
    assert SILENCE_S < 10


def test_a_standby_asks_for_everything_when_it_hears_again() -> None:
    replication = running()
    for second in range(5):
        replication.record_statistics(received=second, now=float(second))
    silent_until = int(4 + SILENCE_S + 2)
    for second in range(5, silent_until):
        replication.record_statistics(received=4, now=float(second))
        assert replication.tick(second) == []
    replication.record_statistics(received=5, now=silent_until)
    assert replication.tick(silent_until) == ["ask for everything"]
    assert not replication.is_in_sync(silent_until)
    replication.record_statistics(received=6, now=silent_until + 1)
    assert replication.tick(silent_until + 1) == []


def test_an_active_that_hears_again_asks_for_nothing() -> None:
    replication = running()
    replication.record_statistics(received=0, now=0)
    replication.record_statistics(received=1, now=1)
    replication.record_statistics(received=1, now=1 + SILENCE_S + 1)
    replication.set_state("active", 20)
    replication.tick(20 + CALM_S)
    replication.record_statistics(received=2, now=25)
    assert replication.tick(25) == []


def test_what_is_malformed_is_not_the_peer() -> None:
    replication = running()
    for now in range(100, 110):
        replication.record_statistics(now, now)
    # One packet of several malformed messages makes the number fall.
    for now in range(110, 120):
        replication.record_statistics(109 - 3 * (now - 109), now)
    assert replication.is_silent(119) and not replication.is_in_sync(119)


def test_a_standby_is_not_in_sync_from_the_moment_on_that_the_peer_is_told_as_silent() -> None:
    replication = running()
    for now in range(100, 110):
        replication.record_statistics(now, now)
    assert replication.is_in_sync(109 + SILENCE_S) and not replication.is_silent(109 + SILENCE_S)
    later = 109.1 + SILENCE_S
    assert replication.is_silent(later) and not replication.is_in_sync(later)
    assert replication.sync_left(later) is None, "nothing says when it will be again"


def test_an_active_is_in_sync_with_itself() -> None:
    replication = running()
    replication.set_state("active", 0)
    replication.record_statistics(received=0, now=1)
    replication.record_statistics(received=0, now=20)
    assert replication.is_in_sync(109)


def test_a_conntrackd_that_does_not_answer_is_not_taken_for_the_peer() -> None:
    replication = running()
    for now in range(100, 110):
        replication.record_statistics(now, now)
    assert replication.is_in_sync(109)
    for now in range(110, 120):
        replication.record_statistics(None, now)
    assert replication.is_silent(119) and not replication.is_in_sync(119)
