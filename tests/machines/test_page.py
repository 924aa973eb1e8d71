# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs have noted comes into the page, and what they have not stays."""

import json
from pathlib import Path

import pytest

from tests.machines.page import PAGE, TABLES, note, with_rows

TEXT = "before\n<!-- sync -->\nold\n<!-- /sync -->\nafter\n<!-- links -->\nkept\n<!-- /links -->\n"
ROW = ["a VLAN", "1 ms", "2 ms", "3 ms", "4 ms", "8 of 8"]


def test_a_table_has_the_rows_of_the_last_runs() -> None:
    again = [ROW[0], "9 ms", *ROW[2:]]
    page = with_rows(TEXT, [("sync", ROW), ("sync", ["the LAN", *ROW[1:]]), ("sync", again)])
    assert "| a VLAN | 9 ms |" in page and "| the LAN | 1 ms |" in page and "old" not in page
    assert page.startswith("before\n<!-- sync -->\n| the sync link is |") and "\nkept\n" in page
    assert page.count("| a VLAN |") == 1


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="sync has 6 columns"):
        note("sync", ROW[1:])
    with pytest.raises(ValueError, match="no place for wan"):
        with_rows(TEXT, [("wan", ["a", "b", "c"])])


def test_a_row_is_noted_where_somebody_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAVEN_TRIED", raising=False)
    note("sync", ROW)
    monkeypatch.setenv("HAVEN_TRIED", str(tmp_path / "tried"))
    note("sync", ROW)
    assert [json.loads(line) for line in (tmp_path / "tried").read_text().splitlines()] == [["sync", ROW]]


def test_the_page_has_a_place_for_every_table() -> None:
    page = PAGE.read_text()
    assert [
        name for name in TABLES if f"<!-- {name} -->" not in page or f"<!-- /{name} -->" not in page
    ] == []
