# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven import`: another program's configuration as haven's, and what of it has no counterpart."""

import os
import sys

from haven.cli.errors import Failed
from haven.cli.own_words import print_json
from haven.cli.text import count, printable
from haven.cli.usage import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.migration.outcome import ImportOutcome

KEPT = ".before-import"
# Who wrote it may have passwords in it.
MODE = 0o600


def import_files(request: Request) -> int:
    """Print the configuration, its difference to the present one, or write it; remarks go to stderr."""
    outcome = _outcome(request)
    good = not outcome.problems and not outcome.empty
    if good and "--write" in request.flags:
        _write(request.config, outcome.configuration)
    if request.json:
        print_json(outcome.as_dict())
    elif good and "--diff" in request.flags:
        sys.stdout.write(printable_lines(_difference(request.config, outcome.configuration)))
    elif good and "--write" not in request.flags:
        sys.stdout.write(outcome.configuration)
    if not request.json:
        sys.stdout.flush()
        _say(outcome)
    if outcome.problems:
        number = len(outcome.problems)
        stand = "stands" if number == 1 else "stand"
        raise Failed(f"{count(number, 'problem')} {stand} in the way: nothing was made of it")
    if outcome.empty:
        raise Failed("there is nothing in it that haven does")
    return 0


def _outcome(request: Request) -> "ImportOutcome":
    from haven.migration.origin import SourceError
    from haven.migration.outcome import Import

    config_id = request.values["--config-id"] or os.uname().nodename.split(".")[0]
    work = Import(config_id, request.root, request.values["--peer"], request.values["--name"])
    try:
        return work.run(request.words)
    except SourceError as why:
        if request.json:
            print_json({"valid": False, "configuration": None, "error": why.as_dict()})
        raise Failed(printable(str(why))) from None


def _say(outcome: "ImportOutcome") -> None:
    for remark in outcome.remarks:
        print(printable(str(remark)), file=sys.stderr)
    for problem in outcome.problems:
        print(printable(str(problem)), file=sys.stderr)
    for warning in outcome.warnings:
        print(printable(f"warning: {warning}"), file=sys.stderr)
    if not outcome.problems and not outcome.empty:
        routers = count(outcome.counts["virtual_router"], "virtual router")
        todo = sum(remark.level == "to do" for remark in outcome.remarks)
        print(f"{routers}, disabled as yet; {count(todo, 'thing')} to do (docs/import.md)", file=sys.stderr)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _difference(path: str, text: str) -> list[str]:
    from difflib import unified_diff

    old, new = _read(path).splitlines(), text.splitlines()
    return list(unified_diff(old, new, path, "imported", lineterm=""))


def printable_lines(lines: list[str]) -> str:
    """Return lines that do nothing to a terminal; tabs stay."""
    return "".join("\t".join(printable(part) for part in line.split("\t")) + "\n" for line in lines)


def _write(path: str, text: str) -> None:
    """Replace the configuration, and keep the old one."""
    from haven.atomic_file import write_whole

    old = _read(path)
    if old == text:
        return
    _refuse_running(path, old)
    if old:
        kept = _free(path + KEPT)
        write_whole(kept, old.encode("utf-8", "surrogateescape"), _mode(path))
        print(f"{path} is kept as {kept}", file=sys.stderr)
    write_whole(path, text.encode(), _mode(path))


def _refuse_running(path: str, old: str) -> None:
    from haven.config.uci.document import parse

    # Also one with a mistake in it: havend goes on with what it has taken before.
    enabled = [each.value("enabled") for each in parse(old, path)[0] if each.type == "haven"]
    if set(enabled) - {"", "0", "off", "no", "false", "disabled"}:
        raise Failed(
            f"{path} is in use: service haven stop, and uci set haven.main.enabled=0, before another takes "
            "its place; nothing was written"
        )


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        return MODE


def _free(path: str) -> str:
    made, number = path, 2
    while os.path.exists(made):
        made, number = f"{path}.{number}", number + 1
    return made
