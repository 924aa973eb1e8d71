# SPDX-License-Identifier: GPL-2.0-or-later
"""The page has the faults of the lab, each with the sentence of the one table of checks."""

from pathlib import Path

from haven.contract.doctor_checks import FINDINGS
from haven.contract.doctor_rows import ADVICE
from tests.lab.doctor_faults import FAULTS, table

PAGE = Path(__file__).parents[2] / "docs/doctor.md"
# Said where it can be seen, and not broken in the lab.
ELSEWHERE = {"at-risk"}


def test_the_table_of_the_page_is_that_of_the_lab():
    assert table() in PAGE.read_text(), "write it anew: python -m tests.lab.doctor_faults"


def test_everything_that_can_be_found_is_broken_once():
    broken = {fault.code.partition(" ")[0] for fault in FAULTS}
    advice = {code for code, (_check, row) in FINDINGS.items() if row.severity == ADVICE}
    assert set(FINDINGS) - advice - ELSEWHERE == broken
    assert len(FAULTS) >= 30
