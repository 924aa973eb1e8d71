# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of a command line, for every program of haven, by a table of options.

Not argparse: its parsers take as long to build as all the rest of `haven status`, and MicroPython has none.
"""

import sys

from haven import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CommandOption:
    """A word that begins with dashes; `value` is what the help calls its value, if it takes one."""

    def __init__(self, name: str, help: str, value: str = "", default: str = "") -> None:
        self.name = name
        self.help = help
        self.value = value
        self.default = default


CONFIG = CommandOption("--config", "the configuration", "FILE", paths.CONFIG)
RUN_DIR = CommandOption("--run-dir", "for control socket and plan", "DIR", paths.RUN_DIR)
ROOT = CommandOption("--root", "what the other files are below", "DIR", "/")
HELP = CommandOption("--help", "say this, or what a command does")
VERSION = CommandOption("--version", "say which haven this is")


def below(root: str, config: str) -> str:
    """Return the configuration: the usual one is below the root, one that was named is where it is."""
    return root.rstrip("/") + config if config == CONFIG.default else config


class UsageError(Exception):
    """The command line is not understood; the text says what of it."""


class Arguments:
    """What was said: flags, values with their defaults, and the words that are no options."""

    def __init__(self, options: "Iterable[CommandOption]") -> None:
        self.flags: set[str] = set()
        self.values = {option.name: option.default for option in options if option.value}
        self.words: list[str] = []


def parse(words: "Sequence[str]", options: "Sequence[CommandOption]") -> Arguments:
    """Return what the words say. Raises UsageError."""
    found = Arguments(options)
    left = list(words)
    while left:
        word = left.pop(0)
        if word[:1] == "-":
            _take_option(found, word, left, options)
        else:
            found.words.append(word)
    return found


def _take_option(found: Arguments, word: str, left: "list[str]", options: "Sequence[CommandOption]") -> None:
    name, equals, value = word.partition("=")
    name = "--help" if name == "-h" else name
    option = [each for each in options if each.name == name]
    if not option:
        raise UsageError("%s is not an option" % name)
    if not option[0].value:
        if equals:
            raise UsageError("%s takes no value" % name)
        found.flags.add(name)
        return
    if not equals and left:
        value = left.pop(0)
    if not value:
        raise UsageError("%s needs a %s" % (name, option[0].value))
    found.values[name] = value


def parse_program(
    words: "Sequence[str]", program: str, summary: str, options: "Sequence[CommandOption]"
) -> "Arguments | None":
    """Return what the words of a program without commands say, or None when its help was asked for.

    Raises UsageError, whose text ends with the usage.
    """
    options = tuple(options) + (HELP, VERSION)
    try:
        found = parse(words, options)
        if found.words:
            raise UsageError("'%s' is one word too many" % found.words[0])
    except UsageError as why:
        raise UsageError("%s: %s\n%s" % (program, why, usage(program, summary, options))) from None
    return None if found.flags & {"--help", "--version"} else found


def begin_program(
    words: "Sequence[str]", program: str, summary: str, options: "Sequence[CommandOption]"
) -> "Arguments | int":
    """Return what the words of a program say, or its exit status when there is nothing more for it to do."""
    try:
        found = parse_program(words, program, summary, options)
    except UsageError as why:
        sys.stderr.write("%s\n" % why)
        return 2
    if found is None:
        sys.stdout.write(answer_program(words, program, summary, options))
        return 0
    return found


def answer_program(
    words: "Sequence[str]", program: str, summary: str, options: "Sequence[CommandOption]"
) -> str:
    """Return what --help or --version of a program prints."""
    from haven import VERSION as RELEASE

    if "--version" in words:
        return "%s %s\n" % (program, RELEASE)
    return usage(program, summary, tuple(options) + (HELP, VERSION))


def usage(program: str, summary: str, options: "Sequence[CommandOption]") -> str:
    """Return the help of a program without commands."""
    words = ["[%s]" % (option.name + " " + option.value).strip() for option in options]
    rows = columns(option_rows(options))
    return "\n".join(["usage: %s %s" % (program, " ".join(words)), "", summary, ""] + rows) + "\n"


def option_rows(options: "Iterable[CommandOption]") -> "list[tuple[str, str]]":
    """Return a row for each option: how it is written, and what it does."""
    rows = []
    for option in options:
        help = "%s (default %s)" % (option.help, option.default) if option.default else option.help
        rows.append(((option.name + " " + option.value).strip(), help))
    return rows


def columns(rows: "Sequence[tuple[str, str]]") -> "list[str]":
    """Return rows as lines in two columns."""
    width = max([len(left) for left, _right in rows])
    return ["  %s%s  %s" % (left, " " * (width - len(left)), right) for left, right in rows]
