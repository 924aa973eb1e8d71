# SPDX-License-Identifier: GPL-2.0-or-later
"""What leaves the router through no reading method."""

from typing import Any

from haven.config.options import SECTIONS

HIDDEN = "hidden"

SHELL = "/bin/sh"

# What the packages of OpenWrt call theirs; a word of these in an option's name is enough.
_SECRET_WORDS = (
    "auth_user_pass",
    "key",
    "keys",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "pin",
    "pincode",
    "psk",
    "secret",
    "token",
    "wpakey",
)
# Written together with a number or another word: wireless.@wifi-iface.key1, ddns' apikey.
_SECRET_ENDS = ("key", "password", "passwd", "pwd", "secret", "token")
# Paths and kinds, whose names end like a secret's.
_NO_SECRETS = ("key_type", "public_key", "wpa_group_rekey")
_OWN_SECRETS = {
    option.name for section in SECTIONS for option in section.options if option.kind.name == "secret"
}


def is_secret(option: str) -> bool:
    """Tell by its name whether an option of any package holds what nobody is to read."""
    name = option.lower()
    if name in _NO_SECRETS:
        return False
    if name in _OWN_SECRETS:
        return True
    plain = name.rstrip("0123456789")
    return plain.endswith(_SECRET_ENDS) or any(word in _SECRET_WORDS for word in plain.split("_"))


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


def hide_arguments(plan: dict[str, Any]) -> dict[str, Any]:
    """Leave of what a user has written to be run no more than the program, for who may only look."""
    parts = plan.get("parts", {})
    for service in parts.get("services", {}).get("services", []):
        for action in ("start", "stop", "reload"):
            service[action] = [_without_words(argv) for argv in service[action]]
        service["check"] = service["check"] and _without_words(service["check"])
    for check in parts.get("tracking", {}).get("checks", []):
        if check.get("argv"):
            check["argv"] = [check["argv"][0], *[HIDDEN][: len(check["argv"]) - 1]]
    return plan


def _without_words(argv: list[str]) -> list[str]:
    # What haven itself names is an init script or an interface; what a user writes is for the shell.
    return [argv[0], HIDDEN] if argv[0] == SHELL else argv
