# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenWrt's service of this configuration, as far as the agent calls it."""

import os

from haven import paths


def reload_argv(config: str) -> list[str] | None:
    """Return what lets all that follows the configuration follow it; None off OpenWrt."""
    # The firewall and DHCP follow, too.
    here = config == paths.CONFIG and os.access(paths.SERVICE, os.X_OK)
    return [paths.SERVICE, "reload"] if here else None
