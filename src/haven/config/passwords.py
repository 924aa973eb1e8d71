# SPDX-License-Identifier: GPL-2.0-or-later
"""What leaves the router through no reading method."""

from typing import Any

HIDDEN = "hidden"


def hide_passwords(plan: dict[str, Any]) -> dict[str, Any]:
    """Put a word in the place of each password and key of a plan, and return it."""
    for router in plan.get("virtual_routers", []):
        if router.get("auth") is not None:
            router["auth"] = HIDDEN
    for stage in plan.get("commands", {}).values():
        for command in stage:
            if command.get("secret"):
                command["stdin"] = HIDDEN
    return plan
