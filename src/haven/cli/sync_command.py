# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven sync`: whether paired routers have one configuration, what stands in the way, and who decides."""

import sys
import time

from haven.arguments import UsageError
from haven.cli.agent_client import ask_agent
from haven.cli.own_words import print_json
from haven.cli.text import printable
from haven.cli.usage import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Rows = list[dict[str, Any]]

# How many words each action takes, the least and the most.
ACTIONS = {"diff": (0, 0), "history": (0, 0), "now": (0, 0), "undo": (1, 1), "take": (1, 2)}


def sync(request: Request) -> int:
    """Show where the common configuration stands, or do something about it."""
    action, *words = request.words or [""]
    least, most = ACTIONS.get(action, (0, 0))
    if not least <= len(words) <= most:
        raise UsageError(f"sync {action}: {'a word is missing' if len(words) < least else 'too many words'}")
    found = _ask(request.run_dir, action, words)
    if request.json:
        print_json(found)
    elif action == "diff":
        sys.stdout.write(_rows(printable(found)) or "nothing differs\n")
    elif action == "history":
        sys.stdout.write("".join(_change(printable(each)) for each in found) or "nothing has changed yet\n")
    else:
        sys.stdout.write(_standing(printable(found)))
    return 0


def _ask(run_dir: str, action: str, words: list[str]) -> "Any":
    if action == "undo":
        if not words[0].isdecimal():
            raise UsageError("sync undo needs the number of a change ('haven sync history')")
        return ask_agent(run_dir, "sync-undo", number=int(words[0]))
    if action == "take":
        return ask_agent(run_dir, "sync-take", node=words[0], path=words[1] if len(words) > 1 else "")
    return ask_agent(run_dir, f"sync-{action}" if action else "sync")


def _standing(found: "dict[str, Any]") -> str:
    lines = ["in sync" if found["in_sync"] else "not in sync"]
    if found["on_trial"]:
        lines.append("a change that came just now is on trial")
    lines += [f"  {each['message']}" for each in found["problems"]]
    for conflict in found["conflicts"]:
        lines.append(f"  conflict at {conflict['path']}")
        lines += [f"    {', '.join(each['nodes'])}: {_value(each['value'])}" for each in conflict["values"]]
    return "\n".join(lines) + "\n"


def _rows(rows: "Rows") -> str:
    return "".join(f"{row['path']}: {_value(row['was'])} -> {_value(row['now'])}\n" for row in rows)


def _value(value: "str | list[str] | None") -> str:
    if value is None:
        return "(nothing)"
    return " ".join(value) if isinstance(value, list) else value


def _change(change: "dict[str, Any]") -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(change["at"]))
    head = f"{change['number']}  {when}  {change['node']}  {change['kind']}, {change['count']}\n"
    return head + "".join(f"    {line}\n" for line in _rows(change["rows"]).splitlines())
