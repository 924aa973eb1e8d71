# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent reports of connections."""

from typing import Any

from haven.agent.conntrack import table_account

FIGURES = {"injected": 3, "lost": 7}
OWN = {"entries": 10, "limit": 1000}


def codes(own: dict[str, Any], *peers: dict[str, Any]) -> list[str]:
    """Tell what is found to be the matter."""
    return [found["code"] for found in table_account.problems(own, list(peers))]


def test_one_peer_has_its_losses_told() -> None:
    assert table_account.trusted(FIGURES, several=False) == FIGURES


def test_gaps_between_several_senders_are_not_losses() -> None:
    assert table_account.trusted(FIGURES, several=True) == {"injected": 3}


def test_a_peer_with_another_limit_is_named() -> None:
    same, other = {"address": "a", "limit": 1000}, {"address": "b", "node": "two", "limit": 500}
    assert codes(OWN, same) == []
    found = table_account.problems(OWN, [same, other])
    assert [each["code"] for each in found] == ["conntrack-limits-differ"]
    assert "1000" in found[0]["message"] and "of two 500" in found[0]["message"]


def test_a_limit_that_is_not_known_differs_from_none() -> None:
    assert codes(OWN, {"address": "a", "heard_ms": None}) == []
    assert codes({"entries": None, "limit": None}, {"address": "a", "limit": 5}) == []


def test_a_table_that_is_nearly_full_is_named() -> None:
    assert codes({"entries": 951, "limit": 1000}) == ["conntrack-full"]
    assert codes({"entries": 950, "limit": 1000}) == []
