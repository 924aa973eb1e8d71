# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven doctor`: what may be wrong on this router and its pair; and the look that another one asks for."""

import sys

from haven.cli.agent_client import ask_node, other_nodes
from haven.cli.control_client import ask
from haven.cli.errors import Failed, Unanswered
from haven.cli.own_words import print_json, wants_colour
from haven.cli.text import painted, printable, wrapped
from haven.cli.usage import Request
from haven.contract.doctor import is_wrong
from haven.contract.doctor_rows import ADVICE
from haven.doctor.run_note import DoctorBusy, RunNote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.doctor.examination import DoctorAsking

    Document = dict[str, Any]

WIDTH = 80
MARKS = {"well": ("ok", "well"), "found": ("!!", "problem"), "unable": ("--", "initialize")}
ADVISED = ("i", "backup")


def doctor(request: Request) -> int:
    """Look, and print what was found; 1 when something is wrong."""
    from haven.doctor.examination import examine

    try:
        with RunNote(request.run_dir) as note:
            progress = DoctorProgress(note, request.json)
            place = (request.root, request.config, request.run_dir)
            report = examine(*place, _asking(request.run_dir), progress.tell)
            progress.end()
            note.finish(report)
    except DoctorBusy:
        raise Failed("doctor is at work here already; try again in a few seconds") from None
    if request.json:
        print_json(report)
    else:
        sys.stdout.write(report_text(printable(report), wants_colour()))
    return 0 if report["well"] else 1


def look(request: Request) -> int:
    """Print what this router finds out about itself, for another one that compares."""
    from haven.doctor.examination import own_look

    print_json(own_look(request.root, request.config, request.run_dir, _asking(request.run_dir)))
    return 0


def _asking(run_dir: str) -> "DoctorAsking":
    from haven.doctor.examination import DoctorAsking, NotAnswered

    def answered(question: "Callable[[], Any]") -> "Any":
        try:
            return question()
        except Unanswered as why:
            raise NotAnswered(str(why)) from None

    return DoctorAsking(
        lambda: answered(lambda: ask(run_dir, "status")),
        lambda: answered(lambda: other_nodes(run_dir)),
        lambda node: answered(lambda: ask_node(run_dir, node, "look")),
    )


class DoctorProgress:
    """Says what is done now: on one line of a terminal, a line each elsewhere, and in the run's note."""

    def __init__(self, note: RunNote, quiet: bool) -> None:
        self._note, self._quiet = note, quiet
        self._last = ""

    def tell(self, step: str, words: str) -> None:
        """Say a step."""
        self._note.tell(step, words)
        text = step_text(step, words)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text}")
        elif not self._quiet and step != self._last:
            sys.stderr.write(f"{text}\n")
        self._last = step
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line to what follows."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def step_text(step: str, words: str) -> str:
    """Return a step in English."""
    from haven.contract.doctor import STEPS

    seconds = f"{words} s" if step == "listening" else ""
    return str(printable(STEPS[step].format(left_s=seconds, nodes=words))) + " ..."


def report_text(report: "Document", colour: bool) -> str:
    """Return a report as a person reads it."""
    lines = [_headline(report, colour), ""]
    for check in report["checks"]:
        lines += _check(check, colour)
    return "\n".join(lines) + "\n"


def _headline(report: "Document", colour: bool) -> str:
    wrong = sum(is_wrong(found) for check in report["checks"] for found in check["findings"])
    asked = ", ".join(router["node"] for router in report["routers"] if router["asked"])
    if not wrong:
        verdict = painted("Nothing wrong was found", "well", colour)
    else:
        verdict = painted(
            "1 thing is wrong" if wrong == 1 else f"{wrong} things are wrong", "problem", colour
        )
    return f"{verdict}. Looked at: {asked}, in {report['took_s']:.0f} s."


def _check(check: "Document", colour: bool) -> list[str]:
    mark, kind = MARKS[check["state"]]
    if check["state"] == "found" and not any(is_wrong(found) for found in check["findings"]):
        mark, kind = ADVISED
    head = f"{painted(f'{mark:2}', kind, colour)}  "
    # A colour takes no room on the screen.
    lines = wrapped(f"{check['looked_at']}{': ' + check['well'] if check['well'] else ''}", WIDTH - 4)
    lines = [head + lines[0], *(f"    {line}" for line in lines[1:])]
    for found in check["findings"]:
        lines += _finding(found)
    for why in check["unable"]:
        lines += wrapped(f"Not looked at: {why['text']}.", WIDTH, "    ", "    ")
    return lines


def _finding(found: "Document") -> list[str]:
    lines = wrapped(found["found"], WIDTH, "  * ", "    ")
    lines += wrapped(found["means"], WIDTH, "    ", "    ")
    word = "Could be better:" if found["severity"] == ADVICE else "What to do:"
    return lines + wrapped(f"{word} {found['do']}", WIDTH, "    ", "    ")
