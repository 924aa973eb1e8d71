# SPDX-License-Identifier: GPL-2.0-or-later
"""Where something was written, what of it has no counterpart, and what makes a source unreadable."""

from typing import Any, NamedTuple

from haven.contract.message import render
from haven.migration.remark_table import ERRORS, REMARKS


class Origin(NamedTuple):
    """A line of a file of the user's; line 0 is the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class SourceError(Exception):
    """A source cannot be read or understood, and nothing of it is taken."""

    def __init__(self, code: str, place: Origin, **facts: Any) -> None:
        self.code = code
        self.place = place
        self.facts = facts
        super().__init__(f"{place}: {self.message}")

    @property
    def message(self) -> str:
        """What is the matter, in English."""
        return render(ERRORS[self.code], self.facts, {})

    def as_dict(self) -> dict[str, Any]:
        """Return the document."""
        file, line = self.place
        return {"file": file, "line": line, "code": self.code, "facts": self.facts, "message": self.message}


class Remark:
    """One thing that has no counterpart, or another one than its user may think."""

    def __init__(self, code: str, place: Origin, **facts: Any) -> None:
        self.code = code
        self.place = place
        self.facts = facts
        self.level, self._what, self._instead = REMARKS[code]

    @property
    def message(self) -> str:
        """What it was, in English."""
        return render(self._what, self.facts, {})

    @property
    def instead(self) -> str:
        """What to do instead, in English."""
        return render(self._instead, self.facts, {})

    def __str__(self) -> str:
        return f"{self.place}: {self.level}: {self.message}; {self.instead}"

    def as_dict(self) -> dict[str, Any]:
        """Return the document."""
        file, line = self.place
        return {
            "file": file,
            "line": line,
            "level": self.level,
            "code": self.code,
            "facts": self.facts,
            "message": self.message,
            "do": self.instead,
        }
