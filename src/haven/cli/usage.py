# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line of `haven`, and the help."""

from haven import arguments
from haven.arguments import UsageError, columns, option_rows
from haven.cli.command_table import COMMANDS, COMMON, SHOWN, Command, CommandArgument, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUMMARY = "High availability for OpenWrt: two routers share one gateway."
# Options of a command in the list of all commands.
MOST_SHOWN = 2


class Request:
    """What the user asked for."""

    def __init__(self) -> None:
        self.command: Command | None = None
        self.argument: str | None = None
        self.flags: set[str] = set()
        self.values: dict[str, str] = {}

    @property
    def config(self) -> str:
        """The configuration file."""
        return self.values["--config"]

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
    argument = command.argument
    if argument is None or request.argument is not None:
        raise UsageError(f"{command.name}: '{word}' is one word too many")
    if not word:
        raise UsageError(f"{command.name}: {argument.name} is empty")
    if argument.choices and word not in argument.choices:
        raise UsageError(f"{command.name}: '{word}' is not {_either(argument.choices)}")
    request.argument = word


def _check(request: Request) -> None:
    command = request.command
    if command is None:
        raise UsageError("a command is missing")
    for name in sorted(request.flags - {option.name for option in command.options}):
        raise UsageError(f"{command.name} does not have {name}")
    argument = command.argument
    if argument and argument.required and request.argument is None:
        raise UsageError(f"{command.name} needs {_either(argument.choices) or argument.name}")


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
    lines = [f"usage: haven {_call(command)}", "", f"{command.help[0].upper()}{command.help[1:]}.", ""]
    if command.argument:
        lines += ["Arguments:", *columns([(command.argument.name, command.argument.help)]), ""]
    lines += ["Options:", *columns(option_rows((*command.options, *COMMON)))]
    return "\n".join(lines) + "\n"


def _call(command: Command) -> str:
    words = [command.name, *(f"[{option.name}]" for option in command.options)]
    if command.argument:
        words.append(_shown(command.argument))
    return " ".join(words)


def _short_call(command: Command) -> str:
    """Return the call for the list of all commands, whose lines have 80 columns."""
    return f"{command.name} [OPTION...]" if len(command.options) > MOST_SHOWN else _call(command)


def _shown(argument: CommandArgument) -> str:
    return argument.name if argument.required else f"[{argument.name}]"
