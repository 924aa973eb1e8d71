# SPDX-License-Identifier: GPL-2.0-or-later
"""What /etc/config/network has of netifd's interfaces, and whether this router is paired."""

import os

from haven import paths
from haven.config.uci.document import UciSection, parse
from haven.plain_file import read_plain

NETWORK = "/etc/config/network"
LARGEST = 1 << 20

Sections = list[UciSection]


def network_sections(network: str) -> Sections:
    """Return the sections, none where the file cannot be read."""
    try:
        return parse(read_plain(network, LARGEST).decode(), network, "network")[0]
    except (OSError, UnicodeDecodeError):
        # Off OpenWrt there is none, and nothing to say about it.
        return []


def is_paired() -> bool:
    """Tell whether this router has been paired with another."""
    return os.path.exists(os.path.join(paths.PEERS, "peers.json"))
