# SPDX-License-Identifier: GPL-2.0-or-later
"""Eight routers that tell each other at once: parts of several exchanges come in any order."""

import os
from pathlib import Path
from typing import Any

import pytest

from haven.sync import change_documents
from haven.sync.change_documents import Assembly, ChangeSet
from tests.sync.routers import HAVEN, Router, exchange_all

LAN = """
config virtual_router 'lan'
	option device 'br-lan'
	option vrid '51'
	list address '10.0.0.254/24'
"""
OTHERS = [f"r{number}" for number in range(2, 9)]


def told_by(node: str) -> list[dict[str, Any]]:
    """Return an exchange of several parts."""
    exchange = ChangeSet(node, {}, {})
    exchange.blobs = {"0" * 64: os.urandom(100_000)}
    return exchange.documents()


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is in it is not asked here.
    monkeypatch.setattr(change_documents, "_read", lambda node, _data: node)


def heard(documents: list[dict[str, Any]]) -> list[str]:
    assembly = Assembly()
    return [done for each in documents if (done := assembly.take(each))]


def test_seven_who_tell_at_once_are_all_heard(unread: None) -> None:
    parts = [told_by(node) for node in OTHERS]
    assert all(len(each) > 1 for each in parts)
    in_turn = [part for row in zip(*parts, strict=True) for part in row]
    assert heard(in_turn) == OTHERS


def test_what_is_held_is_bounded(unread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [told_by(node) for node in OTHERS[:3]]
    most = sum(len(part["data"]) for each in parts[1:] for part in each)
    monkeypatch.setattr(change_documents, "MOST_HELD", most)
    begun = [part for each in parts for part in each[:-1]]
    # Who began first has to say it again.
    assert heard([*begun, *[each[-1] for each in parts[1:]], parts[0][-1]]) == OTHERS[1:3]


def test_a_peer_that_has_told_nothing_yet_is_not_left_out(tmp_path: Path) -> None:
    hosts = {f"r{number}": f"10.0.0.{number}" for number in (1, 2, 3)}
    routers = []
    for name, own in hosts.items():
        others = "".join(f"\tlist unicast_peer '{each}'\n" for each in hosts.values() if each != own)
        text = HAVEN % name + LAN + f"\toption source_address '{own}'\n{others}"
        routers.append(Router(tmp_path, name, haven=text))
    exchange_all(routers[:2])
    assert routers[0].get("haven", "lan", "unicast_peer") == ["10.0.0.2", "10.0.0.3"]
    exchange_all(routers)
    routers[2].set("haven", "lan", "source_address", "10.0.0.33")
    exchange_all(routers)
    assert routers[0].get("haven", "lan", "unicast_peer") == ["10.0.0.2", "10.0.0.33"]
