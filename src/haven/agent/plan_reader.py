# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan in force, which havend has left in the run directory."""

import json
import os
from typing import Any

from haven import PLAN_VERSION


def read_plan(run_dir: str) -> dict[str, Any] | None:
    """Return the plan, or None while there is none that can be read and is of our version."""
    try:
        with open(os.path.join(run_dir, "plan.json")) as file:
            plan = json.load(file)
    except (OSError, ValueError):
        return None
    return plan if isinstance(plan, dict) and plan.get("version") == PLAN_VERSION else None


def node_name(run_dir: str) -> str:
    """Return the node's name, empty while there is no plan."""
    return str((read_plan(run_dir) or {}).get("node", ""))
