# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of what is shared is that of the table, and the table is whole."""

from pathlib import Path

from haven.config.load import load_text
from haven.config.options import section_type
from haven.sync.manual import manual
from haven.sync.table import LOCAL, MIRRORED, NATURAL_KEYS, PACKAGES, SHARED

ROOT = Path(__file__).parents[2]


def test_the_page_is_current():
    assert (ROOT / "docs/sync.md").read_text() == manual()


def test_the_section_of_the_page_is_a_good_one():
    lines = [line for line in manual().splitlines() if line.startswith("    ")]
    text = "\n".join(line.strip() for line in lines if "config sync" in line or "list " in line)
    assert load_text(text + "\n", "docs/sync.md")[1] == []


def test_every_row_says_something_that_is():
    for package, rows in PACKAGES.items():
        for row in rows:
            assert row.kind in (SHARED, LOCAL, MIRRORED) and row.why
            assert (row.kind == MIRRORED) == bool(row.of)
            told = [
                each for each in rows if each.told and row.of in each.options and each.section == row.section
            ]
            assert told or not row.of, f"nobody tells {package} {row.of}"
    assert {key.split(".")[0] for key in NATURAL_KEYS} <= set(PACKAGES)


def test_the_rows_of_haven_are_options_of_haven():
    for row in PACKAGES["haven"]:
        type = section_type(row.section.removeprefix("@"))
        assert type is not None
        assert all(type.option(option) for option in row.options)
