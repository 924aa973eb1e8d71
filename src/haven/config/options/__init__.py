# SPDX-License-Identifier: GPL-2.0-or-later
"""The one table of options: the parser, the checks, the reference page and the schema are made from it."""

from haven.config.options.bfd_section import BFD
from haven.config.options.conntrack_section import CONNTRACK
from haven.config.options.dhcp_section import DHCP
from haven.config.options.group_section import GROUP
from haven.config.options.metrics_section import METRICS
from haven.config.options.node_section import HAVEN
from haven.config.options.notify_section import NOTIFY
from haven.config.options.option import Option, SectionType
from haven.config.options.service_section import SERVICE
from haven.config.options.sync_section import SYNC
from haven.config.options.tracking_sections import TRACK_HOST, TRACK_SCRIPT
from haven.config.options.virtual_router_section import VIRTUAL_ROUTER
from haven.config.options.wan_section import WAN
from haven.config.options.wireguard_section import WIREGUARD

__all__ = ["GROUP", "HAVEN", "SECTIONS", "VIRTUAL_ROUTER", "Option", "SectionType", "section_type"]

SECTIONS = (
    HAVEN,
    GROUP,
    VIRTUAL_ROUTER,
    BFD,
    TRACK_HOST,
    TRACK_SCRIPT,
    CONNTRACK,
    DHCP,
    WAN,
    WIREGUARD,
    SERVICE,
    SYNC,
    METRICS,
    NOTIFY,
)


def section_type(name: str) -> SectionType | None:
    """Find a section type by its name."""
    for section in SECTIONS:
        if section.name == name:
            return section
    return None
