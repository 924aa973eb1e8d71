# SPDX-License-Identifier: GPL-2.0-or-later
"""What this router's files say: whether they are what is in force, what DHCP gives, and the start at boot."""

import os
from typing import Any

from haven.contract.setup import SetupRefused
from haven.doctor.lookout import Lookout
from haven.paths import SERVICE
from haven.plan.assemble import make_plan
from haven.setup.facts import RouterFacts
from haven.setup.packages import DHCP, NETWORK, read_packages, values

# What makes a plan another one; the rest tells of the file or of the machine.
COMPARED = ("node", "enabled", "groups", "virtual_routers", "bfd", "parts")
BOOT_LINKS = "/etc/rc.d"


def facts(around: Lookout) -> dict[str, Any]:
    """Return what the checks want to know."""
    plan, problems = make_plan(around.config)
    is_waiting = plan is not None and around.plan != {} and _content(plan) != _content(around.plan)
    return {
        "problem": problems[0].as_dict() if plan is None and problems else None,
        "waits": is_waiting,
        "boots": _is_started_at_boot(around.root),
        "dhcp": _dhcp(around.root),
    }


def plan_of(config: str) -> dict[str, Any]:
    """Return the plan that a configuration would make, empty for none."""
    return make_plan(config)[0] or {}


def _content(plan: dict[str, Any]) -> dict[str, Any]:
    return {key: plan.get(key) for key in COMPARED}


def _is_started_at_boot(root: str) -> bool | None:
    """Tell whether OpenWrt starts haven; None where it is no service of OpenWrt's."""
    below = root.rstrip("/")
    name = os.path.basename(SERVICE)
    if not os.path.exists(below + SERVICE) or not os.path.isdir(below + BOOT_LINKS):
        return None
    links = [each.lstrip("S0123456789") for each in os.listdir(below + BOOT_LINKS) if each.startswith("S")]
    return name in links


def _dhcp(root: str) -> dict[str, Any] | None:
    """Return pools and static leases; None without both files."""
    below = root.rstrip("/")
    if not all(os.path.exists(f"{below}/etc/config/{name}") for name in (DHCP, NETWORK)):
        return None
    try:
        packages = read_packages(root)
    except SetupRefused:
        return None
    facts = RouterFacts(packages)
    pools = []
    for name, interface in facts.interfaces.items():
        pool = facts.pool(name) if interface.addresses else None
        if pool is not None:
            pools.append([name, str(pool.first), str(pool.last)])
    hosts = [
        [address, each.value("name") or each.value("mac")]
        for each in packages[DHCP].of_type("host")
        for address in values(each, "ip")
    ]
    return {"pools": pools, "hosts": hosts}
