# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made from the option table is current, and its example is a good configuration."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from haven.config import reference, schema
from haven.config.example import EXAMPLE
from haven.config.load import load_text
from haven.config.options import SECTIONS
from haven.config.options.option import BASIC, GROUPS

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


def test_the_reference_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == reference.reference()


def test_the_example_of_the_page_validates():
    text = PAGE.read_text(encoding="utf-8").split("```")[1]
    model, problems = load_text(text, "docs/config.md")
    assert problems == []
    assert [router.name for router in model.virtual_routers] == ["lan", "lan6", "wan", "office"]


def test_the_example_shows_every_section_type():
    assert all(f"config {section.name} " in EXAMPLE for section in SECTIONS)


def test_every_option_has_its_row():
    page = reference.reference()
    for section in SECTIONS:
        part = page.split(f"### {section.name}\n")[1].split("\n### ")[0]
        rows = [line for line in part.splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == list(section.option_names)


def test_the_schema_holds_every_option_with_its_limits():
    document = json.loads(schema.schema_text())
    assert document["version"] == schema.VERSION
    named = {section["type"]: section for section in document["sections"]}
    assert list(named) == [section.name for section in SECTIONS]
    vrid = next(row for row in named["virtual_router"]["options"] if row["name"] == "vrid")
    assert (vrid["kind"], vrid["datatype"], vrid["required"]) == ("whole", "range(1,255)", True)
    assert (vrid["low"], vrid["high"], vrid["step"]) == (1, 255, 1)
    auth = next(row for row in named["virtual_router"]["options"] if row["name"] == "auth_pass")
    assert auth["only_with"] == ["version", "2"]


def test_every_option_has_a_title_of_its_own_and_a_group():
    for section in schema.schema()["sections"]:
        titles = [row["title"] for row in section["options"]]
        assert section["title"] and all(titles) and len(set(titles)) == len(titles)
        assert {row["group"] for row in section["options"]} <= set(GROUPS)
        # What has to be said stands where the dialog opens.
        assert all(row["group"] == BASIC for row in section["options"] if row["required"])


def test_a_title_is_made_of_the_name_where_that_reads_well():
    rows = {row["name"]: row for each in schema.schema()["sections"] for row in each["options"]}
    assert rows["vrid"]["title"] == "VRID" and rows["virtual_mac"]["title"] == "Virtual MAC"
    assert rows["advert_interval"]["title"] == "Advertisement interval"
    assert (rows["advert_interval"]["group"], rows["checksum"]["group"]) == ("timing", "advanced")


@pytest.mark.parametrize(
    ("module", "text"), [("reference", reference.reference()), ("schema", schema.schema_text())]
)
def test_the_commands_write_to_a_file_or_to_standard_output(module, text, tmp_path):
    def command(*arguments):
        call = [sys.executable, "-m", f"haven.config.{module}", *arguments]
        return subprocess.run(call, capture_output=True, text=True, timeout=60, encoding="utf-8")

    assert command().stdout == text
    path = tmp_path / "out"
    assert command(str(path)).returncode == 0
    assert path.read_text(encoding="utf-8") == text
    wrong = command("a", "b")
    assert wrong.returncode == 2 and wrong.stderr.startswith("usage: ")
    nowhere = command(str(tmp_path / "none" / "out"))
    assert nowhere.returncode == 1
    assert nowhere.stderr.endswith("none/out: cannot be written: No such file or directory\n")
    assert nowhere.stderr.count("\n") == 1
