# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions to a person at a terminal, with the proposal in brackets, and the difference shown."""

import select
import sys
from collections.abc import Sequence
from typing import TextIO

from haven.config.passwords import is_secret
from haven.config.spelling import visible
from haven.contract.setup import SetupRefused
from haven.setup.changes import UciChange
from haven.setup.questions import Answers, Proposed, Question

YES_WORDS = ("y", "yes")
# Among the settings of a terminal.
LOCAL = 3


class Unasked(Exception):
    """Nobody is there to answer: the input has ended."""


def ask_person(question: Question, answers: Answers, made: Proposed) -> str:
    """Ask until an answer will do; an empty one is the proposal. Raises Unasked."""
    print("\n%s" % question.text)
    choices = question.choices(answers)
    if len(choices) > 1:
        print("  one of: %s" % visible_line(", ".join(choices)))
    while True:
        read = read_hidden if is_secret(question.name) else read_line
        text = read(_prompt(made)) or made.answer
        try:
            if text is not None:
                return question.check(answers, text)
            print("  It has to be answered: it cannot be known.")
        except SetupRefused as refused:
            print("  %s\n%s" % (visible_line(str(refused)), question.text))


def _prompt(made: Proposed) -> str:
    return "[%s] (%s): " % (visible(made.answer or ""), visible_line(made.why["message"]))


def visible_line(text: str) -> str:
    """Return a text of others that does nothing to a terminal."""
    return " ".join(visible(word) for word in text.split())


def read_line(prompt: str) -> str:
    """Read a line from the person. Raises Unasked at the end of the input."""
    sys.stdout.write(prompt)
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        print()
        raise Unasked
    return line.strip()


def read_hidden(prompt: str) -> str:
    """Read a line that nobody sees who looks on. Raises Unasked at the end of the input."""
    if not sys.stdin.isatty():
        return read_line(prompt)
    import termios

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    hidden = [*before[:LOCAL], before[LOCAL] & ~termios.ECHO, *before[LOCAL + 1 :]]
    try:
        termios.tcsetattr(terminal, termios.TCSADRAIN, hidden)
        return read_line(prompt)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        print()


def agree(prompt: str) -> bool:
    """Tell whether the person says yes. Raises Unasked."""
    return read_line(prompt + " [y/N] ").lower() in YES_WORDS


def show(changes: list[UciChange], out: TextIO, warnings: Sequence[str] = ()) -> None:
    """Write the difference, a package after the other, and what to think of before saying yes."""
    package = ""
    for change in changes:
        if change.package != package:
            package = change.package
            out.write("\n/etc/config/%s\n" % package)
        out.write("  %s\n" % visible_line(str(change)))
    if not changes:
        out.write("Nothing changes.\n")
    show_warnings(warnings, out)


def show_warnings(warnings: Sequence[str], out: TextIO) -> None:
    """Write what somebody should think of."""
    for text in warnings:
        out.write("\nWarning: %s.\n" % visible_line(text))


def has_line(seconds: float) -> bool:
    """Wait so long for a line of the person's."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])
