# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of hosts and scripts as the plan has them, and as the agent reports them."""

from haven.contract.fields import (
    Field,
    address,
    any_text,
    check_objects,
    flag,
    list_of,
    mapping,
    number,
    one_of,
    text,
    whole,
)
from haven.core.vrrp.constants import HIGHEST_PRIORITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# How a host is asked.
ICMP, ARP, NS, TCP, DNS = HOST_KINDS = ("icmp", "arp", "ns", "tcp", "dns")
SCRIPT = "script"

# Of a check there is no verdict yet, or there can be none.
UP, DOWN, UNKNOWN, UNABLE = "up", "down", "unknown", "unable"

# The part of the plan, and of the status.
TRACKING = (Field("checks", list_of(mapping)),)

# What is asked, how often, and how many answers make a verdict.
PLANNED_CHECK = (
    Field("name", text),
    Field("kind", one_of(HOST_KINDS + (SCRIPT,))),
    Field("weight", whole(0, HIGHEST_PRIORITY)),
    Field("interval_us", whole(1)),
    Field("timeout_us", whole(1)),
    Field("rise", whole(1)),
    Field("fall", whole(1)),
    # Of a host. `network`: that of a virtual address in which it is, so ARP reaches it without an own one;
    # `virtual`: that address, where the device itself has it while Active.
    Field("address", address, optional=True),
    Field("device", text, optional=True),
    Field("network", address, optional=True),
    Field("virtual", address, optional=True),
    Field("port", whole(1, 65535), optional=True),
    Field("query", text, optional=True),
    # Of a script.
    Field("argv", list_of(text), optional=True),
    Field("user", text, optional=True),
)

# How it is asked now (without an own address by ARP), what it asks for, and what came of it last.
REPORTED_CHECK = (
    Field("name", text),
    Field("kind", text),
    Field("target", text),
    Field("device", text, nullable=True),
    Field("weight", whole()),
    Field("interval_ms", whole()),
    Field("state", one_of((UP, DOWN, UNKNOWN, UNABLE))),
    Field("since", number),
    Field("answered_at", number, nullable=True),
    Field("latency_ms", number, nullable=True),
    Field("error", any_text),
)

# Of a group: the last verdict of a check, which it goes by; null before the first.
GROUP_CHECK = (Field("name", text), Field("weight", whole()), Field("up", flag, nullable=True))


def check_planned(part: "dict[str, Any] | None") -> None:
    """Check the checks of the plan's part. Raises DocumentError."""
    check_objects((part or {}).get("checks", ()), PLANNED_CHECK, "parts: tracking: checks")
