# SPDX-License-Identifier: GPL-2.0-or-later
"""What a row of doctor's table of checks is."""

# What could be better, and is not wrong.
ADVICE = "advice"


class Finding:
    """Something that can be wrong: `found` says what, `means` what comes of it, `do` what helps."""

    def __init__(self, code: str, severity: str, found: str, means: str, do: str) -> None:
        self.code = code
        self.severity = severity
        self.found = found
        self.means = means
        self.do = do


class Check:
    """One thing that is looked at; `well` is said when nothing was found."""

    def __init__(self, name: str, looks_at: str, well: str, *findings: Finding) -> None:
        self.name = name
        self.looks_at = looks_at
        self.well = well
        self.findings = findings
