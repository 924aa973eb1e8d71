# SPDX-License-Identifier: GPL-2.0-or-later
"""How the table of connections is copied: conntrackd's configuration, from a template."""

from pathlib import Path
from typing import Any

from haven.config.model import Conntrack, text_of

TEMPLATE = "conntrackd.conf.j2"
LIMIT_FILE = "/proc/sys/net/netfilter/nf_conntrack_max"
# What a router of OpenWrt's size has where the kernel's own figure cannot be read.
USUAL_LIMIT = 65536

# A burst of as many events as the table has entries has to fit, at some 256 octets each.
EVENT_OCTETS = 256
SMALLEST_BUFFER = 8 << 20
LARGEST_BUFFER = 32 << 20


def connections(conntrack: Conntrack | None, device: str, own: list[str]) -> dict[str, Any] | None:
    """Return the plan's part on connections, or None where they are not copied.

    `own` are the addresses whose flows end on the routers themselves: they are nobody else's business.
    """
    if conntrack is None or not conntrack.enabled or conntrack.address is None:
        return None
    peers = [text_of(peer) for peer in conntrack.peers]
    facts = {
        "device": device,
        "address": text_of(conntrack.address),
        "peers": peers,
        "port": conntrack.port,
        "renew_us": conntrack.renew_us,
    }
    return {**facts, "conf": _render({**facts, **_sizes(), "own": [*own, facts["address"], *peers]})}


def _sizes() -> dict[str, int]:
    limit = _limit()
    buffer = min(max(limit * EVENT_OCTETS, SMALLEST_BUFFER), LARGEST_BUFFER)
    return {"hash_limit": limit, "hash_size": max(limit // 4, 1024), "buffer": buffer}


def _limit() -> int:
    try:
        return int(Path(LIMIT_FILE).read_text())
    except (OSError, ValueError):
        return USUAL_LIMIT


def _render(values: dict[str, Any]) -> str:
    import jinja2

    text = Path(__file__).with_name(TEMPLATE).read_text()
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(text).render(values)
