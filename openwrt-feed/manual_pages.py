# SPDX-License-Identifier: GPL-2.0-or-later
"""A manual page for each program, from the texts of its help.

python openwrt-feed/manual_pages.py DIR
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from haven import VERSION
from haven.agent import main as haven_agent
from haven.arguments import HELP, CommandOption, option_rows
from haven.arguments import VERSION as VERSION_OPTION
from haven.cli.command_table import COMMON, SHOWN, Command
from haven.cli.usage import SUMMARY, call_of
from haven.havend import main as havend
from haven.micro import havend as havend_micro

Rows = Sequence[tuple[str, str]]

# The name, its section, what it says of itself, and its options.
DAEMONS = (
    ("havend", havend.SUMMARY, havend.OPTIONS),
    ("haven-agent", haven_agent.SUMMARY, haven_agent.OPTIONS),
    ("havend-micro", havend_micro.SUMMARY, havend_micro.OPTIONS),
)
FILES = (
    ("/etc/config/haven", "the configuration"),
    ("/etc/haven/", "keys of paired routers, the history, what a setup has put aside"),
    ("/var/run/haven/", "the plan, the control socket, notes of what is under way"),
)
STATUS = (("0", "done"), ("1", "refused or failed"), ("2", "not understood"))


def pages() -> dict[str, str]:
    """Return each page by its file's name."""
    found = {"haven.1": _command_page()}
    for name, summary, options in DAEMONS:
        found[f"{name}.8"] = _daemon_page(name, summary, options)
    return found


def _command_page() -> str:
    parts = [_head("haven", 1, SUMMARY), ".SH SYNOPSIS", r".B haven \fR[\fIOPTION\fR...] \fICOMMAND\fR"]
    parts += [".SH COMMANDS", *(_command(each) for each in SHOWN)]
    return _page([*parts, ".SH OPTIONS", _rows(option_rows(COMMON))], "havend(8), haven-agent(8)")


def _command(command: Command) -> str:
    rows = [(each.name, each.help) for each in command.arguments] + option_rows(command.options)
    head = ".SS " + _escaped(call_of(command)) + "\n" + _sentence(command.help)
    return "\n".join([head, _rows(rows)]) if rows else head


def _daemon_page(name: str, summary: str, options: Sequence[CommandOption]) -> str:
    rows = _rows(option_rows([*options, HELP, VERSION_OPTION]))
    parts = [_head(name, 8, summary), ".SH SYNOPSIS", rf".B {_escaped(name)} \fR[\fIOPTION\fR...]"]
    return _page([*parts, ".SH OPTIONS", rows], "haven(1)")


def _head(name: str, section: int, summary: str) -> str:
    named = f'.TH {name.upper()} {section} "" "haven {VERSION}"\n.SH NAME\n{_escaped(name)} \\- '
    return named + _escaped(summary[0].lower() + summary[1:].rstrip("."))


def _page(parts: list[str], others: str) -> str:
    ends = [".SH EXIT STATUS", _rows(STATUS), ".SH FILES", _rows(FILES), ".SH SEE ALSO", others]
    return "\n".join(['.\\" SPDX-License-Identifier: GPL-2.0-or-later', *parts, *ends]) + "\n"


def _rows(rows: Rows) -> str:
    return "\n".join(f".TP\n.B {_escaped(name)}\n{_sentence(help)}" for name, help in rows)


def _sentence(text: str) -> str:
    return _escaped(text[0].upper() + text[1:] + ".")


def _escaped(text: str) -> str:
    """Return a text that is none of the formatter's words."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text[:1] == "." else text


if __name__ == "__main__":
    for page, text in pages().items():
        with open(os.path.join(sys.argv[1], page), "w") as file:
            file.write(text)
