# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven dhcp`: what a reload would change in /etc/config/dhcp."""

import sys

from haven.cli.errors import Failed
from haven.cli.usage import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.openwrt.dhcp_difference import DhcpDifference


def dhcp(request: Request) -> int:
    """Show the difference between what is and what should be."""
    from haven.config.load import load
    from haven.openwrt.applied_files import ApplyError, RouterFiles, look
    from haven.openwrt.owned import OwnedError

    model, problems = load(request.config)
    if model is None:
        for problem in problems:
            print(problem, file=sys.stderr)
        raise Failed("the configuration has problems")
    try:
        found = look(model, RouterFiles())
    except (ApplyError, OwnedError) as why:
        raise Failed(str(why)) from None
    if request.json:
        from haven.cli.own_words import print_json

        conflicts = [each.as_dict() for each in found.conflicts]
        print_json({"added": found.added, "removed": found.removed, "conflicts": conflicts})
    else:
        _print(found)
    return 1 if found.conflicts else 0


def _print(found: "DhcpDifference") -> None:
    for sign, rows in (("-", found.removed), ("+", found.added)):
        for place, option, value in rows:
            print(f"{sign} dhcp.{place}.{option}={value}")
    for conflict in found.conflicts:
        print(conflict, file=sys.stderr)
    if not found.batch() and not found.conflicts:
        print("/etc/config/dhcp is as it should be")
