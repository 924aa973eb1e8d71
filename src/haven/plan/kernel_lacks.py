# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel lacks of what a configuration asks for: it is named, left out, and the rest works."""

import copy
import errno
import os
from typing import Any

from haven.config.model import Model, VirtualRouterSettings
from haven.contract.diagnostics import Diagnostic

IPV6, MACVLAN = "ipv6", "macvlan"
# There whatever device there is, unless the kernel was started without IPv6 or has none.
IPV6_ADDRESSES = "/proc/net/if_inet6"
# Of a device that is not made.
PROBE = "haven-probe"


def read_lacks(kernel: Any) -> frozenset[str]:
    """Return what the kernel behind a pyroute2.IPRoute lacks."""
    found = [] if os.path.exists(IPV6_ADDRESSES) else [IPV6]
    return frozenset(found if _has_macvlan(kernel) else [*found, MACVLAN])


def _has_macvlan(kernel: Any) -> bool:
    # A macvlan on nothing is refused for that; a kernel without macvlans refuses the kind before.
    try:
        kernel.link("add", ifname=PROBE, kind="macvlan")
    except Exception as error:
        return getattr(error, "code", 0) != errno.EOPNOTSUPP
    return True


def fitted(model: Model, lacks: frozenset[str], config: str) -> Model:
    """Return a model without what the kernel lacks; each thing left out is a warning."""
    routers = [_fitted(router, model, lacks) for router in model.virtual_routers]
    warnings = [
        Diagnostic("kernel-no-" + lack, {}, config, 0, ("virtual_router", "virtual_router", router.name))
        for router, (_kept, lack) in zip(model.virtual_routers, routers, strict=True)
        if lack
    ]
    if not warnings:
        return model
    found = copy.copy(model)
    found.virtual_routers = tuple(kept for kept, _lack in routers if kept is not None)
    found.warnings = (*model.warnings, *warnings)
    return found


def _fitted(
    router: VirtualRouterSettings, model: Model, lacks: frozenset[str]
) -> tuple[VirtualRouterSettings | None, str]:
    """Return a virtual router as it can be, None for one that cannot, and what the kernel lacks for it."""
    if router.family == 6 and IPV6 in lacks and _has_ipv4(router.group, model):
        return None, IPV6
    if router.virtual_mac and MACVLAN in lacks:
        found = copy.copy(router)
        found.virtual_mac = False
        return found, MACVLAN
    return router, ""


def _has_ipv4(group: str, model: Model) -> bool:
    """Tell whether something of a group is left without IPv6; else its fault says enough."""
    return any(each.group == group and each.family == 4 for each in model.virtual_routers)
