# SPDX-License-Identifier: GPL-2.0-or-later
"""The haven command: one row a command."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from haven.cli import commands

JSON = (("--json",), {"action": "store_true", "help": "print JSON"})


class Command(NamedTuple):
    """A command: its name, what it says of itself, its arguments and what it does."""

    name: str
    help: str
    arguments: tuple[tuple[tuple[str, ...], dict[str, Any]], ...]
    run: Callable[[Any], int]


COMMANDS = (
    Command(
        "status",
        "who is Active, since when and why, and what is wrong",
        (JSON, (("--watch",), {"action": "store_true", "help": "show it again every second; q leaves"})),
        commands.show_status,
    ),
    Command(
        "events",
        "what has happened",
        (JSON, (("--follow",), {"action": "store_true", "help": "go on with what happens"})),
        commands.show_events,
    ),
    Command("validate", "check the configuration, every problem at once", (JSON,), commands.validate),
    Command("plan", "what this node would do on takeover and on release", (JSON,), commands.show_plan),
    Command("reload", "take the changed configuration, without a failover", (), commands.reload),
    Command("stop", "hand over, give the addresses up and end havend", (), commands.stop),
    Command(
        "switchover",
        "let another router take over",
        ((("group",), {"nargs": "?", "metavar": "GROUP", "help": "this group only"}),),
        commands.switchover,
    ),
    Command(
        "maintenance",
        "become Active only when no other router can be",
        ((("wanted",), {"choices": ("on", "off")}),),
        commands.maintenance,
    ),
)


def parser() -> argparse.ArgumentParser:
    """Return the parser, made from the table."""
    places = argparse.ArgumentParser(add_help=False)
    # Before or after the command: what stands after it must not reset what stood before.
    places.add_argument(
        "--config", metavar="FILE", default=argparse.SUPPRESS, help="default /etc/config/haven"
    )
    places.add_argument("--run-dir", metavar="DIR", default=argparse.SUPPRESS, help="default /var/run/haven")
    top = argparse.ArgumentParser(
        prog="haven", description="High availability for routers.", parents=[places]
    )
    top.add_argument("--version", action="version", version=_version())
    each = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = each.add_parser(
            command.name, help=command.help, description=_sentence(command.help), parents=[places]
        )
        for names, settings in command.arguments:
            sub.add_argument(*names, **settings)
        sub.set_defaults(run=command.run)
    return top


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _version() -> str:
    from haven import VERSION

    return f"haven {VERSION}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 done, 1 refused or failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    options.config = getattr(options, "config", "/etc/config/haven")
    options.run_dir = getattr(options, "run_dir", "/var/run/haven")
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (commands.Failed, commands.Unanswered, commands.Refused) as why:
        print(f"haven: {why}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read us has had enough; Python must not complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
