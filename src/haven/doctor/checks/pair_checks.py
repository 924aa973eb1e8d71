# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the virtual routers of a pair are the same on all, and differ where they have to."""

from collections.abc import Callable
from typing import Any

from haven.contract.message import duration
from haven.doctor.case import Case, Seen

Router = dict[str, Any]
OWNER = 255
# What has to be equal: the option's name, and how its value is shown.
EQUAL: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("advert_interval_us", "advert_interval", duration),
    ("version", "version", str),
    ("checksum", "checksum", str),
    ("protocol", "protocol", str),
    ("key_ids", "auth_key", lambda ids: ", ".join(map(str, ids or ["-"]))),
    ("virtual_mac", "virtual_mac", lambda value: "1" if value else "0"),
)


def settings(case: Case) -> None:
    """Compare the plans in force."""
    for here, there in case.pairs("plan"):
        for mine in here.routers:
            other = there.router(mine)
            if other is None:
                facts = {"vrid": mine["vrid"], "family": mine["family"], "name": mine["name"]}
                case.find("router-missing", node=there.node, peer=here.node, **facts)
            else:
                _compare(case, (here, mine), (there, other))
        _compare_groups(case, here, there)


def _compare(case: Case, first: tuple[Seen, Router], second: tuple[Seen, Router]) -> None:
    (here, mine), (there, other) = first, second
    if here.node > there.node:
        return
    facts = {"name": mine["name"], "node": here.node, "peer": there.node}
    if sorted(mine["addresses"]) != sorted(other["addresses"]):
        case.find("addresses-unequal", here=mine["addresses"], there=other["addresses"], **facts)
    for key, option, shown in EQUAL:
        if mine.get(key) != other.get(key):
            values = {"here": shown(mine.get(key)), "there": shown(other.get(key))}
            case.find("setting-unequal", option=option, **values, **facts)
    if mine["priority"] == other["priority"]:
        case.find("priority-equal", priority=mine["priority"], **facts)


def _compare_groups(case: Case, here: Seen, there: Seen) -> None:
    """Look for virtual routers that move together here and not there, or are ranked one way and the other."""
    known = [(mine, other) for mine in here.routers if (other := there.router(mine))]
    for at, (mine, other) in enumerate(known):
        for mine2, other2 in known[at + 1 :]:
            facts = {"name": mine["name"], "other": mine2["name"], "node": here.node, "peer": there.node}
            if mine["group"] != mine2["group"]:
                continue
            if other["group"] != other2["group"]:
                case.find("groups-unequal", **facts)
            elif (mine["priority"] - other["priority"]) > 0 > (mine2["priority"] - other2["priority"]):
                case.find("priority-crossed", **facts)
