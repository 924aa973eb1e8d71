# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line of `haven`, and the help."""

from haven import arguments
from haven.arguments import UsageError, below, columns, option_rows
from haven.cli.command_table import COMMANDS, COMMON, SHOWN, Command, CommandArgument, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUMMARY = "High availability for OpenWrt: two routers share one gateway."
# Options, and words, of a command in the list of all commands.
MOST_SHOWN = 2
LONGEST_CALL = 20
WIDTH = 80


class Request:
    """What the user asked for."""

    def __init__(self) -> None:
        self.command: Command | None = None
        self.words: list[str] = []
        self.flags: set[str] = set()
        self.values: dict[str, str] = {}

    @property
    def argument(self) -> str | None:
        """The first word after the command."""
        return self.words[0] if self.words else None

    @property
    def config(self) -> str:
        """The configuration file."""
        return below(self.root, self.values["--config"])

    @property
    def root(self) -> str:
        """What all files are below, but the run directory and a configuration that was named."""
        return self.values["--root"]

    @property
    def run_dir(self) -> str:
        """The run directory of havend."""
        return self.values["--run-dir"]

    def is_of_service(self) -> bool:
        """Tell whether it is about the configuration and the run directory of the service."""
        return all(self.values[option.name] == option.default for option in COMMON if option.value)

    @property
    def json(self) -> bool:
        """Whether JSON is wanted."""
        return "--json" in self.flags


def parse(words: "Sequence[str]") -> Request:
    """Return the request in the words of a command line, or raise UsageError."""
    request = Request()
    options = {option.name: option for command in COMMANDS for option in (*COMMON, *command.options)}
    try:
        found = arguments.parse(words, tuple(options.values()))
    except UsageError as why:
        raise UsageError(f"{why}{_near_option(words, options)}") from None
    request.flags, request.values = found.flags, found.values
    for word in found.words:
        if request.command is None:
            request.command = _command(word)
        else:
            _take_argument(request, request.command, word)
    if not request.flags & {"--help", "--version"}:
        _check(request)
    return request


def _near_option(words: "Sequence[str]", options: "Iterable[str]") -> str:
    unknown = [word.partition("=")[0] for word in words if word.startswith("-")]
    unknown = [word for word in unknown if word not in options and word != "-h"]
    return _suggestion(unknown[0], options) if unknown else ""


def _command(word: str) -> Command:
    command = find(word)
    if command is None:
        raise UsageError(f"'{word}' is not a command{_suggestion(word, [each.name for each in SHOWN])}")
    return command


def _take_argument(request: Request, command: Command, word: str) -> None:
    place = len(request.words)
    if command.arguments and command.arguments[-1].many:
        place = min(place, len(command.arguments) - 1)
    if place >= len(command.arguments):
        raise UsageError(f"{command.name}: '{word}' is one word too many")
    argument = command.arguments[place]
    if not word:
        raise UsageError(f"{command.name}: {argument.name} is empty")
    if argument.choices and word not in argument.choices:
        raise UsageError(f"{command.name}: '{word}' is not {_either(argument.choices)}")
    request.words.append(word)


def _check(request: Request) -> None:
    command = request.command
    if command is None:
        raise UsageError("a command is missing")
    known = {option.name for option in command.options}
    for name in sorted((request.flags | _valued(request)) - known):
        raise UsageError(f"{command.name} does not have {name}")
    required = [argument for argument in command.arguments if argument.required]
    for argument in required[len(request.words) :]:
        raise UsageError(f"{command.name} needs {_either(argument.choices) or argument.name}")


def _valued(request: Request) -> set[str]:
    """Return the options that a value was given for, besides those of every command."""
    options = [option for command in COMMANDS for option in command.options if option.value]
    return {option.name for option in options if request.values[option.name] != option.default}


def _either(choices: "Iterable[str]") -> str:
    return " or ".join(choices)


def _suggestion(word: str, known: "Iterable[str]") -> str:
    from haven.config.spelling import near

    nearest = near(word, known)
    return f"; did you mean '{nearest}'?" if nearest else ""


def help_of(command: Command | None) -> str:
    """Return the help for one command, or for all."""
    if command is None:
        lines = ["usage: haven [--config FILE] [--run-dir DIR] COMMAND", "", SUMMARY, "", "Commands:"]
        lines += columns([(_short_call(each), each.help) for each in SHOWN])
        lines += ["", "Options:", *columns(option_rows(COMMON))]
        lines += ["", "'haven COMMAND --help' says more about one of them."]
        lines += ["Exit status: 0 done, 1 refused or failed, 2 not understood."]
        return "\n".join(lines) + "\n"
    lines = [*_usage_of(command), "", f"{command.help[0].upper()}{command.help[1:]}.", ""]
    if command.arguments:
        rows = [(argument.name, argument.help) for argument in command.arguments]
        lines += ["Arguments:", *columns(rows), ""]
    lines += ["Options:", *columns(option_rows((*command.options, *COMMON)))]
    return "\n".join(lines) + "\n"


def _usage_of(command: Command) -> list[str]:
    """Return the call in lines of 80 columns, the further ones below the first option."""
    first = f"usage: haven {command.name}"
    lines = [first]
    for word in words_of(command)[1:]:
        if len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(" " * len(first))
        lines[-1] += f" {word}"
    return lines


def call_of(command: Command) -> str:
    """Return how a command is written, with its options."""
    return " ".join(words_of(command))


def words_of(command: Command) -> list[str]:
    """Return the name of a command, its options and its arguments as they are written."""
    options = [f"{option.name} {option.value}".strip() for option in command.options]
    words = [command.name, *(f"[{option}]" for option in options)]
    return [*words, *(_shown(argument) for argument in command.arguments)]


def _short_call(command: Command) -> str:
    """Return the call for the list of all commands, whose lines have 80 columns."""
    call = call_of(command)
    if len(command.options) <= MOST_SHOWN and len(call) <= LONGEST_CALL:
        return call
    return " ".join(
        [command.name, "[OPTION...]", *(_shown(argument) for argument in command.arguments[:MOST_SHOWN])]
    )


def _shown(argument: CommandArgument) -> str:
    name = f"{argument.name}..." if argument.many else argument.name
    return name if argument.required else f"[{name}]"
