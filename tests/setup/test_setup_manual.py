# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/setup.md has what the tables have, and what the program says."""

import re
from pathlib import Path

from haven.contract.setup import CHANGE, CONFIRM_S, OUTCOMES, PROPOSAL, QUESTION, QUESTIONS
from haven.setup.first_questions import FIRST
from haven.setup.second_questions import SECOND
from haven.setup.trial_folder import BEFORE, PENDING, UNDOING

MANUAL = (Path(__file__).parents[2] / "docs/setup.md").read_text()


def column(heading: str) -> list[str]:
    """Return the names in the first column of the table with this heading."""
    table = MANUAL.split(f"| {heading} | ")[1].split("\n\n")[0].splitlines()[2:]
    return [name for row in table for name in re.findall(r"`([\w-]+)`", row.split("|")[1])]


def test_every_question_is_explained_in_its_order():
    assert column("question") == [question.name for question in FIRST]
    second = MANUAL.split("## The second router")[1].split("\n\n")[1]
    named = [name for name in re.findall(r"`(\w+)`", second) if name in QUESTIONS]
    assert named == [question.name for question in SECOND]


def test_every_state_and_folder_is_explained():
    assert sorted(column("state")) == sorted(OUTCOMES)
    assert column("folder in /etc/haven") == [PENDING, UNDOING, BEFORE]


def test_every_key_of_the_documents_is_named():
    for fields in (PROPOSAL, QUESTION, CHANGE):
        assert "{%s}" % ", ".join(f'"{field.key}"' for field in fields) in MANUAL


def test_the_time_is_the_programs():
    assert f"within {CONFIRM_S} s" in MANUAL
