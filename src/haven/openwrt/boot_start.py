# SPDX-License-Identifier: GPL-2.0-or-later
"""What OpenWrt would start at boot and haven starts by role: its links in /etc/rc.d are away meanwhile.

Services of OpenWrt's are started before haven knows its role, some even before haven. So the link that
starts one (S19dnsmasq) is removed as long as haven has the service, and put back afterwards; the link that
stops it at a shutdown stays.
"""

import os
import re
from collections.abc import Iterable

from haven.config.model import Model
from haven.config.options.service_section import BOTH

LINKS = "/etc/rc.d"
SCRIPTS = "/etc/init.d"

# Which link has started which script.
Boot = dict[str, str]


def wanted(model: Model | None) -> list[str]:
    """Return the scripts that are to wait for the role."""
    if model is None or not model.main.enabled:
        return []
    return [name for service in model.services if service.role != BOTH for name in service.inits]


def links_of(names: Iterable[str], root: str) -> Boot:
    """Return the link that starts each of some scripts at boot, of those that have one."""
    try:
        found = sorted(os.listdir(root + LINKS))
    except OSError:
        return {}
    return {
        name: link for name in names for link in found if re.fullmatch("S[0-9][0-9]" + re.escape(name), link)
    }


def remove(links: Boot, root: str) -> None:
    """Let these not be started at boot. Raises OSError."""
    for link in links.values():
        os.unlink(f"{root}{LINKS}/{link}")


def put_back(links: Boot, root: str) -> None:
    """Let these be started at boot as before, but for what is gone or has another link. Raises OSError."""
    present = links_of(links, root)
    for name, link in links.items():
        if name not in present and os.path.exists(f"{root}{SCRIPTS}/{name}"):
            os.symlink(f"../init.d/{name}", f"{root}{LINKS}/{link}")
