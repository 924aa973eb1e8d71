# SPDX-License-Identifier: GPL-2.0-or-later
"""The command haven of the small node: what havend says, and what it is asked to do."""

import json
import os
import sys

from haven import paths
from haven.arguments import RUN_DIR, CommandOption, UsageError, columns, option_rows, parse
from haven.micro.control_line import NotDone, NotRunning, ask, load_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLAN = CommandOption("--plan", "the plan that reload takes", "FILE", paths.SMALL_PLAN)
JSON = CommandOption("--json", "print JSON")
HELP = CommandOption("--help", "say this")
VERSION = CommandOption("--version", "say which haven this is")
OPTIONS = (RUN_DIR, PLAN, JSON, HELP, VERSION)
COMMANDS = (
    ("status", "who is Active, what this node holds, and what is the matter"),
    ("events", "what has happened"),
    ("reload", "take the plan as it is now"),
    ("join ADDRESS [KEY]", "get the plan of the full router there, now and always ('haven small add' there)"),
    ("switchover [GROUP]", "hand the group over, or every one"),
    ("maintenance on|off", "hand over and be the last resort, or serve as before"),
    ("stop", "hand over and end havend"),
)


def main() -> int:
    """Run one command: 0 done, 1 refused or failed, 2 wrong usage."""
    try:
        found = parse(sys.argv[1:], OPTIONS)
        if "--version" in found.flags:
            from haven import VERSION as RELEASE

            sys.stdout.write("haven %s\n" % RELEASE)
        elif "--help" in found.flags or not found.words:
            sys.stdout.write(_help())
        else:
            _run(found.words, found.values, "--json" in found.flags)
    except UsageError as why:
        sys.stderr.write("haven: %s\nTry 'haven --help'.\n" % why)
        return 2
    except NotDone as why:
        sys.stderr.write("haven: %s\n" % why)
        return 1
    return 0


def _help() -> str:
    rows = list(COMMANDS) + option_rows(OPTIONS)
    return "usage: haven COMMAND [OPTION...]\n\n%s\n" % "\n".join(columns(rows))


def _run(words: "list[str]", values: "dict[str, str]", in_json: bool) -> None:
    run_dir, name, more = values["--run-dir"], words[0], words[1:]
    if name == "rules":
        # For the init script.
        from haven.micro.firewall_rules import print_rules

        print_rules(values["--plan"])
        return
    if name in ("join", "follow"):
        _ask_full_router(name, more, values["--plan"], run_dir)
        return
    if name not in [row[0].split()[0] for row in COMMANDS]:
        raise UsageError("'%s' is not a command" % name)
    if len(more) > (name in ("switchover", "maintenance")):
        raise UsageError("'%s' is one word too many" % more[-1])
    request = _request(name, more, values["--plan"], run_dir)
    try:
        answer = ask(run_dir, request)
    except NotRunning as why:
        raise NotDone("%s%s" % (why, _without(values["--plan"]))) from None
    if in_json:
        sys.stdout.write(json.dumps(answer) + "\n")
    elif name == "status":
        _show_status(answer)
    elif name == "events":
        for event in answer:
            sys.stdout.write("%s  %s\n" % (_clock(event["at"]), event["text"]))


def _without(plan: str) -> str:
    return "" if os.path.exists(plan) else ": there is no plan yet ('haven small add' on a full router)"


def _ask_full_router(name: str, more: "list[str]", plan: str, run_dir: str) -> None:
    from haven.micro import full_router

    if name == "follow":
        # For the init script.
        full_router.follow(plan, run_dir)
    if not 1 <= len(more) <= 2:
        raise UsageError("join needs an address and a key")
    # By standard input it stands in no list of processes.
    key = more[1] if len(more) == 2 else sys.stdin.readline().strip()
    said = full_router.join(more[0], key, plan, run_dir)
    sys.stdout.write("%s\n" % (said or "the plan here is that of %s already" % more[0]))


def _request(name: str, more: "list[str]", plan: str, run_dir: str) -> "dict[str, Any]":
    request: dict[str, Any] = {"command": name}
    if name == "reload":
        request = load_request(plan, run_dir)
    elif name == "switchover":
        request["group"] = more[0] if more else None
    elif name == "maintenance":
        if more not in (["on"], ["off"]):
            raise UsageError("maintenance is on or off")
        request["on"] = more == ["on"]
    return request


def _show_status(status: "dict[str, Any]") -> None:
    said = ["%s is %s." % (status["node"], status["state"]), ""]
    rows = [("NAME", "STATE", "PRIO", "ACTIVE ROUTER", "ADDRESSES")]
    for each in sorted(status["virtual_routers"], key=lambda router: router["name"]):
        active = each["active"]
        who = "this node" if active.get("self") else active.get("address") or "none heard"
        addresses = " ".join(each["addresses"])
        rows.append((each["name"], each["state"], str(each["priority"]), who, addresses))
    widths = [max([len(row[column]) for row in rows]) for column in range(4)]
    for row in rows:
        cells = [row[column] + " " * (widths[column] - len(row[column])) for column in range(4)]
        said.append("  ".join(cells + [row[4]]))
    for problem in status["problems"]:
        said += ["", problem["message"], "  -> " + problem["do"]]
    sys.stdout.write("\n".join(said) + "\n")


def _clock(seconds: float) -> str:
    import time

    year, month, day, hour, minute, second = time.localtime(int(seconds))[:6]
    return "%04d-%02d-%02d %02d:%02d:%02d" % (year, month, day, hour, minute, second)
