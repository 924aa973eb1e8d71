# SPDX-License-Identifier: GPL-2.0-or-later
"""What of the plan is CARP's."""

from typing import Any

from haven.config.model import VirtualRouterSettings
from haven.core.carp.ranking import HIGHEST_SKEW, priority_of

# CARP calls itself version 2, and counts seconds like VRRP's.
VERSION = 2


def facts(router: VirtualRouterSettings) -> dict[str, Any]:
    """Return what is otherwise for a virtual router that speaks CARP."""
    advskew = HIGHEST_SKEW - router.priority if router.advskew is None else router.advskew
    return {
        "version": VERSION,
        "priority": priority_of(advskew),
        "auth": (router.password or b"").hex(),
        "carp": {"advskew": advskew, "broadcast": router.broadcast, "hashed": []},
    }


def join_families(routers: list[dict[str, Any]]) -> None:
    """Tell each virtual router of CARP all addresses that its digest covers."""
    together: dict[tuple[str, int], list[str]] = {}
    for router in routers:
        if "carp" in router:
            found = together.setdefault((router["device"], router["vrid"]), [])
            found += [address.partition("/")[0] for address in router["addresses"]]
    for router in routers:
        if "carp" in router:
            router["carp"]["hashed"] = sorted(together[(router["device"], router["vrid"])])
