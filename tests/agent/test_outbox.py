# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose turn it is follows from what all routers know, in whatever order they have heard it."""

import json
import random
from typing import Any

import pytest

from haven.agent.notify.outbox import KEPT_S, LONGEST_RETRY_S, PATIENCE_S, TWINS_S, Outbox
from haven.contract.channel import encode
from haven.contract.fields import DocumentError
from haven.contract.notices import MOST_NOTICES, check_notices

Document = dict[str, Any]
SECTION = {"name": "phone", "on": ["role", "problem"], "severity": "warning"}
NODES = ["r1", "r2", "r3", "r4"]
LATER = 1000 + LONGEST_RETRY_S


def of(node: str, *heard: Outbox, now: float = 1000.0) -> Outbox:
    """Return a router that has heard these say what they know."""
    made = Outbox(node)
    for other in heard:
        made.merge(told(other, now), now)
    return made


def told(outbox: Outbox, now: float = 1000.0) -> list[Document]:
    """Return what another router hears."""
    found: list[Document] = json.loads(json.dumps(check_notices(outbox.say(now))))
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_at_any_time_one_router_has_the_turn_and_each_after_the_other(count: int) -> None:
    ring = NODES[:count]
    for origin in ring:
        first = of(origin)
        first.add("x", "role", None, "a", "", 1000.0)
        routers = {node: first if node == origin else of(node, first) for node in ring}
        turns = []
        for _try in range(2 * count):
            (one,) = [node for node in ring if routers[node].due(SECTION, ring, LATER)]
            turns.append(one)
            due = routers[one].due(SECTION, ring, LATER)
            routers[one].note_failure("phone", due, 1000.0)
            for node in ring:
                routers[node].merge(told(routers[one]), 1000.0)
        place = ring.index(origin)
        assert turns == 2 * (ring[place:] + ring[:place])


def test_the_order_in_which_routers_hear_does_not_matter() -> None:
    dice = random.Random(7)
    for _time in range(200):
        routers = [of(node) for node in NODES[:3]]
        for router in routers:
            router.add(
                "x", dice.choice(["role", "problem"]), "warning", "a", "", 1000.0, dice.choice(["", "k"])
            )
        for _step in range(12):
            router = dice.choice(routers)
            waiting = router.waiting(SECTION)
            if waiting and dice.random() < 0.5:
                what = dice.choice(["sent", "failed"])
                if what == "sent":
                    router.note_sent("phone", waiting[:1])
                else:
                    router.note_failure("phone", waiting[:1], 1000.0)
            dice.choice(routers).merge(told(router), 1000.0)
        for _round in range(2):
            for router in routers:
                for other in routers:
                    other.merge(told(router), 1000.0)
        known = [sorted(told(router), key=lambda each: str(each["id"])) for router in routers]
        assert known[0] == known[1] == known[2]


def test_what_another_router_has_seen_alike_is_no_news_and_later_it_is() -> None:
    first = of("r1")
    assert first.add("x", "problem", "warning", "a", "", 1000.0, "split")
    second = of("r2", first)
    assert not second.add("y", "problem", "warning", "a", "", 1000.0 + TWINS_S, "split")
    assert second.add("y", "problem", "warning", "a", "", 1001.0 + TWINS_S, "split")


def test_what_two_see_before_they_hear_of_each_other_waits_until_they_have() -> None:
    both, ring = [of("r1"), of("r2")], ["r1", "r2"]
    for router in both:
        assert router.add("x", "problem", "warning", "a", "", 1000.0, "split")
    assert [router.due(SECTION, ring, 999.0 + PATIENCE_S) for router in both] == [[], []]
    # Alone, nobody else would be heard of.
    assert both[0].due(SECTION, ["r1"], 1000.0)
    for one, other in (both, both[::-1]):
        other.merge(told(one), 1001.0)
    assert [len(router.due(SECTION, ring, 1000.0 + PATIENCE_S)) for router in both] == [1, 0]


def test_after_all_have_failed_they_wait_longer_and_longer() -> None:
    outbox = of("r1")
    outbox.add("x", "role", None, "a", "", 0.0)
    now, waits = 0.0, []
    for _try in range(6):
        outbox.note_failure("phone", outbox.due(SECTION, ["r1"], now), now)
        began = now
        while not outbox.due(SECTION, ["r1"], now):
            now += 1
        waits.append(now - began)
    assert waits == [15, 30, 60, 120, 120, 120]


def test_what_is_told_is_forgotten_by_and_by_and_what_waits_is_not() -> None:
    outbox = of("r1")
    outbox.add("x", "role", None, "told", "", 0.0)
    outbox.note_sent("phone", outbox.waiting(SECTION))
    outbox.add("x", "role", None, "waits", "", 0.0)
    outbox.add("x", "drill", None, "nobody's", "", 0.0)
    outbox.forget([SECTION], KEPT_S)
    assert [each["title"] for each in outbox.say(KEPT_S)] == ["told", "waits", "nobody's"]
    outbox.forget([SECTION], KEPT_S + 1)
    assert [each["title"] for each in outbox.say(KEPT_S)] == ["waits"]


def liars(**changes: Any) -> Document:
    """Return a notice of a router that lies."""
    about = {"id": "x", "kind": "role", "severity": None, "node": "r2", "key": "", "title": "t", "text": ""}
    return {**about, "age_s": 0, "done": [], "tries": {}, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "x" * 900_000},
        {"node": "\u2603" * 4000},
        {"done": ["x" * 900]},
        {"tries": {"x" * 900: 1}},
        {"age_s": 10**400},
        {"more": "x" * 90_000},
    ],
)
def test_a_notice_that_leaves_no_room_for_others_is_none(changes: Document) -> None:
    with pytest.raises(DocumentError):
        check_notices([liars(**changes)])


def test_a_notice_of_the_future_is_as_old_as_one_of_now() -> None:
    one = of("r1")
    one.merge(check_notices([liars(age_s=-9e9)]), 1000.0)
    one.forget([], 1001.0 + KEPT_S)
    assert one.say(1001.0 + KEPT_S) == []


def test_who_lies_keeps_no_router_from_telling_the_third() -> None:
    one = of("r1")
    for turn in range(40):
        names = [f"s{turn}-{number}" for number in range(30)]
        one.merge(check_notices([liars(done=names, tries=dict.fromkeys(names, 1))]), 1000.0)
    assert told(one)[0]["id"] == "x"
    for number in range(MOST_NOTICES):
        one.add("m", "role", None, "\U0001f525" * 5000, "\U0001f525" * 5000, 1000.0 + number)
    assert encode("notices", notices=told(one, 2000.0), sections=[])
