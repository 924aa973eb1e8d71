# SPDX-License-Identifier: GPL-2.0-or-later
"""What a group's Active runs once it has taken over: the first of its services, with limits and retries."""

from typing import Any

from haven.config.model import GroupSettings, Model
from haven.config.options.service_section import ACTIVE
from haven.contract.hidden import SHELL


def takeover_steps(model: Model) -> list[dict[str, Any]]:
    """Return the takeover commands of every group, in their order."""
    return [
        _step(group, number, command)
        for group in model.groups
        for number, command in enumerate(group.takeover_commands, 1)
    ]


def _step(group: GroupSettings, number: int, command: str) -> dict[str, Any]:
    return {
        # No section has a name with a space in it.
        "name": "%s takeover %d" % (group.name, number),
        "group": group.name,
        "role": ACTIVE,
        "required": False,
        "start": [[SHELL, "-c", command]],
        # Whoever takes over next has what was called for; nothing is given back.
        "stop": [],
        "reload": [],
        "check": None,
        "inits": [],
        "profile": "",
        "process": False,
        "start_timeout_us": group.takeover_timeout_us,
        "stop_timeout_us": group.takeover_timeout_us,
        "check_interval_us": group.takeover_timeout_us,
    }
