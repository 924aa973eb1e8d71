# SPDX-License-Identifier: GPL-2.0-or-later
"""What procd says of the processes of services: the answer of `ubus call service list`."""

from collections.abc import Sequence
from typing import Any

from haven.contract.strict_json import read_json

LIST = ("ubus", "-S", "call", "service", "list")


class Evidence:
    """The processes of some services.

    `alive` is None where procd has none of them to watch: they have not been started, or are of those that
    do something once. `given` is whether their scripts have given it any at all.
    """

    def __init__(self, pids: frozenset[int], alive: bool | None, given: bool) -> None:
        self.pids, self.alive, self.given = pids, alive, given


def evidence(answer: str, names: Sequence[str], process: bool) -> Evidence | None:
    """Return what the answer says of services; with `process` there has to be one. None: no answer."""
    try:
        found = read_json(answer)
        instances = [each for name in names for each in _instances(found.get(name))]
        pids = frozenset(int(each["pid"]) for each in instances if each.get("running"))
        # What has done its work has ended with 0.
        dead = [each for each in instances if not each.get("running") and each.get("exit_code") != 0]
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    if not pids and (dead or process):
        return Evidence(pids, False, bool(instances))
    return Evidence(pids, True if pids else None, bool(instances))


def _instances(service: Any) -> list[dict[str, Any]]:
    return list(service.get("instances", {}).values()) if service is not None else []
