# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line, and the help.

Not argparse: its parsers for eight commands take as long to build as all the rest of `haven status`.
"""

from haven.cli.command_table import COMMANDS, COMMON, Command, CommandArgument, CommandOption, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUMMARY = "High availability for OpenWrt: two routers share one gateway."


class UsageError(Exception):
    """The command line is not understood; the text says what of it."""


class Request:
    """What the user asked for."""

    def __init__(self) -> None:
        self.command: Command | None = None
        self.argument: str | None = None
        self.flags: set[str] = set()
        self.values = {option.name: option.default for option in COMMON if option.value}

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
    left = list(words)
    while left:
        word = left.pop(0)
        if word.startswith("-"):
            _take_option(request, word, left)
        elif request.command is None:
            request.command = _command(word)
        else:
            _take_argument(request, request.command, word)
    if not request.flags & {"--help", "--version"}:
        _check(request)
    return request


def _take_option(request: Request, word: str, left: list[str]) -> None:
    name, equals, value = word.partition("=")
    name = {"-h": "--help"}.get(name, name)
    option = _option(name)
    if option is None:
        raise UsageError(f"{name} is not an option{_suggest(name, _all_options())}")
    if not option.value:
        if equals:
            raise UsageError(f"{name} takes no value")
        request.flags.add(name)
        return
    if not equals and left:
        value = left.pop(0)
    if not value:
        raise UsageError(f"{name} needs a {option.value}")
    request.values[name] = value


def _option(name: str) -> CommandOption | None:
    for option in (*COMMON, *(option for command in COMMANDS for option in command.options)):
        if option.name == name:
            return option
    return None


def _all_options() -> list[str]:
    return sorted({option.name for command in COMMANDS for option in (*COMMON, *command.options)})


def _command(word: str) -> Command:
    command = find(word)
    if command is None:
        raise UsageError(f"'{word}' is not a command{_suggest(word, [each.name for each in COMMANDS])}")
    return command


def _take_argument(request: Request, command: Command, word: str) -> None:
    argument = command.argument
    if argument is None or request.argument is not None:
        raise UsageError(f"{command.name}: '{word}' is one word too many")
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


def _suggest(word: str, known: "Iterable[str]") -> str:
    from haven.config.diagnostic import suggest

    return suggest(word, known)


def help_of(command: Command | None) -> str:
    """Return the help for one command, or for all."""
    if command is None:
        lines = ["usage: haven [--config FILE] [--run-dir DIR] COMMAND", "", SUMMARY, "", "Commands:"]
        lines += _columns([(_call(each), each.help) for each in COMMANDS])
        lines += ["", "Options:", *_columns(_option_rows(COMMON))]
        lines += ["", "'haven COMMAND --help' says more about one of them."]
        lines += ["Exit status: 0 done, 1 refused or failed, 2 not understood."]
        return "\n".join(lines) + "\n"
    lines = [f"usage: haven {_call(command)}", "", f"{command.help[0].upper()}{command.help[1:]}.", ""]
    if command.argument:
        lines += ["Arguments:", *_columns([(command.argument.name, command.argument.help)]), ""]
    lines += ["Options:", *_columns(_option_rows((*command.options, *COMMON)))]
    return "\n".join(lines) + "\n"


def _call(command: Command) -> str:
    words = [command.name, *(f"[{option.name}]" for option in command.options)]
    if command.argument:
        words.append(_shown(command.argument))
    return " ".join(words)


def _shown(argument: CommandArgument) -> str:
    return argument.name if argument.required else f"[{argument.name}]"


def _option_rows(options: "Iterable[CommandOption]") -> list[tuple[str, str]]:
    return [
        (
            f"{option.name} {option.value}".rstrip(),
            f"{option.help} (default {option.default})" if option.default else option.help,
        )
        for option in options
    ]


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _right in rows)
    return [f"  {left.ljust(width)}  {right}" for left, right in rows]
