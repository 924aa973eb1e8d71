# SPDX-License-Identifier: GPL-2.0-or-later
"""What LuCI's pages ask while haven-agent does not run: the program luci-calls, with a METHOD.

Each method imports what it needs itself: the compiler alone takes half of the time and of the memory.
The arguments come as JSON on standard input, the answer goes as JSON to standard output: rpcd's way with
the programs of /usr/libexec/rpcd.
"""

import json
import signal
import sys
from typing import Any

from haven.paths import CONFIG

# The next one of its kind waits; netifd, say, may not answer.
LONGEST_S = 25

Document = dict[str, Any]


def validate(arguments: Document) -> Document:
    """Check a candidate configuration, as the agent's method does."""
    from haven.config.load import load_text, validity

    model, problems = load_text(_text(arguments, "text"), CONFIG)
    return validity(model, problems)


def plan(arguments: Document) -> Document:
    """Compile a candidate configuration; without a plan the answer is what stands in its way."""
    from haven.config.load import load_text, validity
    from haven.contract.hidden import hide_passwords
    from haven.plan.assemble import compile_plan
    from haven.plan.machine import read_machine
    from haven.plan.sequences import with_sequences

    model, problems = load_text(_text(arguments, "text"), CONFIG)
    if model is None:
        return validity(None, problems)
    made, more = compile_plan(model, read_machine(), CONFIG)
    return validity(None, [*problems, *more]) if made is None else hide_passwords(with_sequences(made))


def heard(arguments: Document) -> Document:
    """Name the virtual routers that other routers advertise on each device, after some seconds."""
    from haven.agent.vrid_scan import LISTEN_S, listen

    devices = arguments.get("devices")
    if not isinstance(devices, list) or not all(isinstance(each, str) for each in devices):
        raise ValueError("'devices' is no list of names")
    return {"heard": listen(devices, LISTEN_S)}


def offers(_arguments: Document) -> Document:
    """Name the routers that offer to be joined on any link, each with its addresses, the best one first."""
    from haven.peers.search import best_first
    from haven.peers.search import offers as found_offers

    found: dict[str, list[str]] = {}
    for address, node in found_offers().items():
        found.setdefault(node, []).append(address)
    return {"offers": [{"node": node, "addresses": best_first(found[node])} for node in sorted(found)]}


METHODS = {"validate": validate, "plan": plan, "heard": heard, "offers": offers}


def _text(arguments: Document, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise ValueError(f"'{name}' is missing")
    return value


def main() -> int:
    """Answer one call; the exit status is 1 for one that is not understood."""
    # Nobody catches it: that ends us.
    signal.alarm(LONGEST_S)
    try:
        answer = METHODS[sys.argv[1]](json.load(sys.stdin))
    except (IndexError, KeyError, AttributeError, ValueError, MemoryError) as why:
        print(f"luci.haven: {why!r}", file=sys.stderr)
        return 1
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
