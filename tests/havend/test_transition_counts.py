# SPDX-License-Identifier: GPL-2.0-or-later
"""What is counted of each group, and under which name after a reload."""

from haven.contract.counted_transitions import BOUNDS_US, check_counted
from haven.core.effects import Transition
from haven.havend.last_transitions import LastTransitions
from haven.havend.transition_counts import Durations


def test_a_duration_counts_up_to_its_bound() -> None:
    durations = Durations()
    for microseconds in (0, BOUNDS_US[0], BOUNDS_US[0] + 1, BOUNDS_US[-1], BOUNDS_US[-1] + 1):
        durations.add(microseconds)
    found = durations.report()
    assert found["counts"] == [2, 1, *[0] * (len(BOUNDS_US) - 3), 1, 1]
    assert found["sum_us"] == 2 * BOUNDS_US[0] + 1 + 2 * BOUNDS_US[-1] + 1
    assert list(BOUNDS_US) == sorted(set(BOUNDS_US))


def test_transitions_are_counted_by_reason_and_silences_by_length() -> None:
    last = LastTransitions()
    assert last.counts.report("lan") == {}
    for _time in range(2):
        last.record(Transition("lan", "backup", "active", "silence", peer=bytes(4), silence=33_000))
    last.record(Transition("lan", "active", "initialize", "fault", faults=(("link-down", "eth0"),)))
    # Who is handed the group, or is better, waited for no death.
    for reason in ("resigned", "preempt"):
        last.record(Transition("lan", "backup", "active", reason, peer=bytes(4), silence=20_000))
    last.counts.add_takeover("lan", 1_500)
    found = last.counts.report("lan")
    check_counted(found)
    assert [(each["from"], each["to"], each["reason"], each["count"]) for each in found["transitions"]] == [
        ("active", "fault", "fault", 1),
        ("backup", "active", "preempt", 1),
        ("backup", "active", "resigned", 1),
        ("backup", "active", "silence", 2),
    ]
    assert (sum(found["detections"]["counts"]), found["detections"]["sum_us"]) == (2, 66_000)
    assert (sum(found["takeovers"]["counts"]), found["takeovers"]["sum_us"]) == (1, 1_500)
    assert last.counts.report("wan") == {}


def test_a_group_that_is_renamed_goes_on_counting() -> None:
    last = LastTransitions()
    last.record(Transition("lan", "initialize", "backup", "startup"))
    last.record(Transition("wan", "initialize", "active", "owner"))
    # Each has the other's name now.
    last.rename({"lan": "wan", "wan": "lan"})
    last.record(Transition("lan", "active", "initialize", "stop"))
    reasons = {
        name: [each["reason"] for each in last.counts.report(name)["transitions"]] for name in ("lan", "wan")
    }
    assert reasons == {"lan": ["stop", "owner"], "wan": ["startup"]}
