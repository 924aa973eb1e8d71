# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a plan leaves the router through no reading method."""

from haven.contract.notices import COMMAND, NTFY, WEBHOOK, masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HIDDEN = "hidden"

SHELL = "/bin/sh"


def hide_passwords(plan: "dict[str, Any]") -> "dict[str, Any]":
    """Put a word in the place of each password and key of a plan, and return it."""
    for router in plan.get("virtual_routers", []):
        if router.get("auth") is not None:
            router["auth"] = HIDDEN
        if router.get("authentication") is not None:
            keys = router["authentication"]["keys"]
            router["authentication"]["keys"] = [[number, HIDDEN] for number, _secret in keys]
    for stage in plan.get("commands", {}).values():
        for command in stage:
            if command.get("secret"):
                command["stdin"] = HIDDEN
    for section in _notified(plan):
        if section["way"] in (NTFY, WEBHOOK):
            section["to"] = masked(section["to"])
    return plan


def hide_arguments(plan: "dict[str, Any]") -> "dict[str, Any]":
    """Leave of what a user has written to be run no more than the program, for who may only look."""
    parts = plan.get("parts", {})
    for service in parts.get("services", {}).get("services", []):
        for action in ("start", "stop", "reload"):
            service[action] = [_without_words(argv) for argv in service[action]]
        service["check"] = service["check"] and _without_words(service["check"])
    for check in parts.get("tracking", {}).get("checks", []):
        if check.get("argv"):
            check["argv"] = check["argv"][:1] + [HIDDEN][: len(check["argv"]) - 1]
    for section in _notified(plan):
        if section["way"] == COMMAND:
            section["to"] = HIDDEN
    return plan


def _notified(plan: "dict[str, Any]") -> "list[Any]":
    found: list[Any] = plan.get("parts", {}).get("notify", {}).get("sections", [])
    return found


def _without_words(argv: "list[str]") -> "list[str]":
    # What haven itself names is an init script or an interface; what a user writes is for the shell.
    return [argv[0], HIDDEN] if argv[0] == SHELL else argv
