# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of the corpus: files of other programs, and what haven makes of them.

A text of cases is cut at lines that begin with '--': `-- Case TITLE`, `-- File NAME` once and more,
`-- Call NAME...` where others than the first are named, then `-- Out` and `-- Err`. HAVEN_REWRITE=1 writes
what comes out today in place of what should: read the difference before you commit it.
"""

from pathlib import Path

from haven.migration.origin import SourceError
from haven.migration.outcome import Import

CORPUS = Path(__file__).parent / "corpus"
CONFIG_ID, PEER = "r1", "10.0.255.3"


class Case:
    """One case as it is written."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.files: dict[str, str] = {}
        self.called: list[str] = []
        self.out = self.err = ""

    def text(self, out: str, err: str) -> str:
        """Write the case with another outcome."""
        call = [f"-- Call {' '.join(self.called)}\n"] if self.called else []
        files = [f"-- File {name}\n{text}" for name, text in self.files.items()]
        return "".join([f"-- Case {self.title}\n", *call, *files, f"-- Out\n{out}-- Err\n{err}"])

    def run(self, folder: Path) -> tuple[str, str]:
        """Import the files from a folder, the working directory; return what goes to stdout and stderr."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        try:
            outcome = Import(CONFIG_ID, str(folder), PEER).run(self.called or [next(iter(self.files))])
        except SourceError as why:
            return "", f"{why}\n"
        said = [*outcome.remarks, *outcome.problems, *(f"warning: {each}" for each in outcome.warnings)]
        good = not outcome.problems and not outcome.empty
        if outcome.empty:
            said.append("nothing")
        return outcome.configuration if good else "", "".join(f"{each}\n" for each in said)


def cases(path: Path) -> list[Case]:
    """Read a text of cases."""
    found: list[Case] = []
    part = ""
    for line in path.read_text().splitlines(keepends=True):
        word, _, rest = line.removeprefix("-- ").strip().partition(" ")
        if line.startswith("-- Case"):
            found.append(Case(rest))
        elif line.startswith("-- Call"):
            found[-1].called = rest.split()
        elif line.startswith("-- File"):
            found[-1].files[rest] = ""
        if line.startswith("-- "):
            part = rest if word == "File" else word
        elif part == "Out":
            found[-1].out += line
        elif part == "Err":
            found[-1].err += line
        else:
            found[-1].files[part] += line
    return found
