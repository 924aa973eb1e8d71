# SPDX-License-Identifier: GPL-2.0-or-later
"""What OpenWrt would start at the next boot, although it is to wait for the role."""

import glob
from collections.abc import Iterable
from typing import Any

from haven.agent.services.service_states import RoleService
from haven.contract.problems import problem

LINKS = "etc/rc.d/S[0-9][0-9]"


def boot_links(services: Iterable[RoleService], root: str) -> list[dict[str, Any]]:
    """Return a problem for each script that is enabled beside haven."""
    found = []
    for service in services:
        for init in service.planned["inits"] if service.planned["role"] != "both" else ():
            if glob.glob(glob.escape(root.rstrip("/") + "/") + LINKS + glob.escape(init)):
                found.append(problem("service-at-boot", service.name, service=service.name, init=init))
    return found
