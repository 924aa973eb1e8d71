# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan in force, which havend has left in the run directory."""

import json
import os
from typing import Any


def read_plan(run_dir: str) -> dict[str, Any] | None:
    """Return the plan, or None while there is none that can be read."""
    try:
        with open(os.path.join(run_dir, "plan.json")) as file:
            plan = json.load(file)
    except (OSError, ValueError):
        return None
    return plan if isinstance(plan, dict) else None


def node_name(run_dir: str) -> str:
    """Return the node's name, empty while there is no plan."""
    return str((read_plan(run_dir) or {}).get("node", ""))
