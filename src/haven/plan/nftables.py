# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules for nftables as commands of a plan: a table of our own, which reloads of the firewall leave alone."""

from collections.abc import Iterable
from typing import Any

from haven.contract.steps import step_text

Commands = dict[str, list[dict[str, Any]]]


def table_commands(code: str, table: str, chains: str) -> Commands:
    """Return the commands that put a table in place and take it away."""
    # To name a table before deleting it makes the deletion succeed when it was not there.
    away = "table %s\ndelete table %s\n" % (table, table)
    return {
        "setup": [_nft(code, away + "table %s {\n%s}\n" % (table, chains))],
        "teardown": [_nft(code + "-away", away)],
    }


def no_commands() -> Commands:
    """Return the commands of what needs none."""
    return {"setup": [], "teardown": []}


def joined(*parts: Commands) -> Commands:
    """Return the commands of several parts, in their order."""
    return {stage: [each for part in parts for each in part[stage]] for stage in ("setup", "teardown")}


def chain(name: str, rules: Iterable[str]) -> str:
    """Return a chain of rules, of which the first says where it hooks in."""
    return "\tchain %s {\n%s\t}\n" % (name, "".join("\t\t%s\n" % rule for rule in rules))


def _nft(code: str, text: str) -> dict[str, Any]:
    return {"code": code, "facts": {}, "say": step_text(code, {}), "argv": ["nft", "-f", "-"], "stdin": text}
