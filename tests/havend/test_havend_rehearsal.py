# SPDX-License-Identifier: GPL-2.0-or-later
"""havend plays dead when it is asked to, and is back by itself when nobody has taken over."""

import pytest

from tests.havend.machines import Havend


def test_an_active_that_plays_dead_gives_the_address_up_and_comes_back_by_itself(node: Havend) -> None:
    answer = node.ask("rehearse", group=None, limit_ms=3000)
    assert answer["result"] == {"groups": ["lan"]}
    assert node.state() == "backup" and not node.router()["address_held"]
    assert node.ask("rehearse", limit_ms=3000)["code"] == "not-active"
    node.until("active")
    assert node.router()["address_held"]
    told = [each["reason"] for each in node.ask("events")["result"] if each["kind"] == "transition"]
    assert told[-2:] == ["rehearsal", "nobody"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"limit_ms": 700, "group": "nosuch"}, "no-group"),
        ({"limit_ms": 1}, "request-wrong"),
        ({"limit_ms": 10**9}, "request-wrong"),
        ({}, "request-wrong"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_and_changes_nothing(
    node: Havend, asked: dict, code: str
) -> None:
    assert node.ask("rehearse", **asked)["code"] == code
    assert node.state() == "active"
