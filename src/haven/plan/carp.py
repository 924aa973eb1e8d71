# SPDX-License-Identifier: GPL-2.0-or-later
"""What of the plan is CARP's."""

from typing import Any

from haven.config.model import VirtualRouterSettings
from haven.core.carp.carp_spec import CarpSpec
from haven.core.carp.packet import LEAVES, CarpAdvert, Digests, decode, encode
from haven.core.carp.ranking import HIGHEST_SKEW, priority_of
from haven.core.spec import RouterSpec
from haven.core.vrrp.constants import HIGHEST_PRIORITY

# CARP calls itself version 2, and counts seconds like VRRP's.
VERSION = 2
# A counter that is nobody's.
FAR = 1 << 60


def facts(router: VirtualRouterSettings) -> dict[str, Any]:
    """Return what is otherwise for a virtual router that speaks CARP."""
    advskew = HIGHEST_SKEW - router.priority if router.advskew is None else router.advskew
    return {
        "version": VERSION,
        "priority": priority_of(advskew),
        "auth": (router.password or b"").hex(),
        "carp": {"advskew": advskew, "broadcast": router.broadcast, "hashed": []},
    }


def word(router: RouterSpec, priority: int, number: int) -> bytes:
    """Return what another router says: the highest priority is faster than any, all others are slow."""
    assert isinstance(router, CarpSpec)
    pace = (0, 0) if priority == HIGHEST_PRIORITY else (router.advbase(), HIGHEST_SKEW)
    counter = FAR + number
    digest = Digests(router.auth or b"", router.vrid, router.hashed).of(counter)
    return encode(CarpAdvert(router.vrid, *pace, 0, counter, digest))


def resigns(message: bytes) -> bool:
    """Tell whether a router says that it leaves."""
    advert = decode(message)
    return (advert.advbase, advert.advskew) == LEAVES


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
