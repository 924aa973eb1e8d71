# SPDX-License-Identifier: GPL-2.0-or-later
"""What this node is called, from the plan in force."""

import json
import os


def node_name(run_dir: str) -> str:
    """Return the node's name, empty while there is no plan."""
    try:
        with open(os.path.join(run_dir, "plan.json")) as file:
            return str(json.load(file)["node"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
