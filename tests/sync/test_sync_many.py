# SPDX-License-Identifier: GPL-2.0-or-later
"""Eight routers that tell each other at once: parts of several exchanges come in any order."""

import os
from typing import Any

import pytest

from haven.sync import change_documents
from haven.sync.change_documents import Assembly, ChangeSet

OTHERS = [f"r{number}" for number in range(2, 9)]


def told_by(node: str) -> list[dict[str, Any]]:
    """Return an exchange of several parts."""
    exchange = ChangeSet(node, {}, {})
    exchange.blobs = {"0" * 64: os.urandom(100_000)}
    return exchange.documents()


@pytest.fixture(autouse=True)
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is in it is not asked here.
    monkeypatch.setattr(change_documents, "_read", lambda node, _data: node)


def heard(documents: list[dict[str, Any]]) -> list[str]:
    assembly = Assembly()
    return [done for each in documents if (done := assembly.take(each))]


def test_seven_who_tell_at_once_are_all_heard() -> None:
    parts = [told_by(node) for node in OTHERS]
    assert all(len(each) > 1 for each in parts)
    in_turn = [part for row in zip(*parts, strict=True) for part in row]
    assert heard(in_turn) == OTHERS


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [told_by(node) for node in OTHERS[:3]]
    most = sum(len(part["data"]) for each in parts[1:] for part in each)
    monkeypatch.setattr(change_documents, "MOST_HELD", most)
    begun = [part for each in parts for part in each[:-1]]
    # Who began first has to say it again.
    assert heard([*begun, *[each[-1] for each in parts[1:]], parts[0][-1]]) == OTHERS[1:3]
