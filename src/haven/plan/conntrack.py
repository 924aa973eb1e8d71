# SPDX-License-Identifier: GPL-2.0-or-later
"""How the table of connections is copied: conntrackd's configuration from a template, settings."""

import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from haven.config.model import ConntrackSettings
from haven.contract.diagnostics import Diagnostic
from haven.inet import text_of
from haven.plan import conntrack_protection
from haven.plan.machine import Machine

TEMPLATE = "conntrackd.conf.j2"
LIMIT_FILE = "/proc/sys/net/netfilter/nf_conntrack_max"
# What a router of OpenWrt's size has where the kernel's own figure cannot be read.
USUAL_LIMIT = 65536

# A burst of as many events as the table has entries has to fit, at some 256 octets each.
EVENT_OCTETS = 256
SMALLEST_BUFFER = 8 << 20
LARGEST_BUFFER = 32 << 20
SMALLEST_HASH = 1024

# conntrackd's example has the IPv4 one.
GROUP = {4: "225.0.0.50", 6: "ff12::50"}

# A node that is Active again finds its own entries, whose windows have stood still meanwhile: the kernel
# would call what acknowledges newer data invalid, undo no NAT for it, and answer with a reset.
BE_LIBERAL = "net/netfilter/nf_conntrack_tcp_be_liberal"


def part(
    conntrack: ConntrackSettings | None,
    device: str,
    own: list[str],
    own_ports: Sequence[int] = (),
    fixed: Sequence[str] = (),
) -> dict[str, Any] | None:
    """Return what the plan has for the agent's part, or None where connections are not copied.

    `own` are the addresses whose flows end on the routers themselves: they are nobody else's business.
    `own_ports` are those of services that end there, and may begin to listen after a takeover alone.
    `fixed` are the addresses of this router alone. Where a standby goes out through the Active, a copy of
    what it has begun would be there before the first packet, and keep that from being masqueraded.
    """
    if conntrack is None:
        return None
    outside = [text_of(each) for each in (conntrack.address, *conntrack.peer_addresses)]
    address, *peers = outside
    if conntrack.protect is not None:
        device = conntrack_protection.DEVICE
        address, *peers = conntrack_protection.inside(conntrack)
    facts = {
        "device": device,
        "address": address,
        "peers": peers,
        "port": conntrack.copy_port,
        "agent_port": conntrack.agent_port,
        "renew_us": conntrack.renew_us,
        "guard": own if conntrack.guard else [],
    }
    if own_ports:
        facts["own_ports"] = list(own_ports)
    family = 6 if ":" in address else 4
    more = {"family": family, "group": GROUP[family], **_sizes(conntrack)}
    all_own = list(dict.fromkeys([*own, *fixed, *outside, address, *peers]))
    return {**facts, "conf": _render({**facts, **more, "own": all_own})}


def shared(
    conntrack: ConntrackSettings, device: str, routers: list[dict[str, Any]], file: str
) -> list[Diagnostic]:
    """Return a warning where the device turns out to be a virtual router's under another name."""
    for router in routers if conntrack.protect is None else []:
        # One name for both has been found in the configuration.
        if router["device"] == device and router["interface"] != conntrack.interface:
            facts = {"name": device, "other": "virtual_router '%s'" % router["name"]}
            return [Diagnostic("sync-shared", facts, file, 0, _place(conntrack))]
    return []


def warnings(conntrack: ConntrackSettings, device: str, machine: Machine, file: str) -> list[Diagnostic]:
    """Return what does not stop the plan but keeps connections from being copied now."""
    place = _place(conntrack)
    link = machine.links.get(device)
    if link is None:
        return [Diagnostic("device-missing", {"device": device}, file, 0, place)]
    own = text_of(conntrack.address)
    if own not in [address.text for address in link.addresses]:
        facts = {"device": device, "address": own}
        return [Diagnostic("sync-address-missing", facts, file, 0, place)]
    return []


def _place(conntrack: ConntrackSettings) -> tuple[str, str, str]:
    return "conntrack", "conntrack", conntrack.name


def sysctls(conntrack: dict[str, Any] | None) -> list[list[str]]:
    """Return the kernel settings that connections need to live on."""
    return [] if conntrack is None else [[BE_LIBERAL, "1"]]


def _sizes(wanted: ConntrackSettings) -> dict[str, int]:
    limit = _limit()
    buffer = min(max(limit * EVENT_OCTETS, SMALLEST_BUFFER), LARGEST_BUFFER)
    netlink = wanted.netlink_buffer * 1024 if wanted.netlink_buffer else buffer
    return {
        "hash_size": wanted.hash_size or max(limit // 4, SMALLEST_HASH),
        # conntrackd.conf(5) asks for twice the kernel's.
        "hash_limit": wanted.hash_limit or limit * 2,
        "netlink_buffer": netlink,
        "socket_buffer": wanted.socket_buffer * 1024 if wanted.socket_buffer else netlink,
    }


def _limit() -> int:
    try:
        return int(Path(LIMIT_FILE).read_text())
    except (OSError, ValueError):
        return USUAL_LIMIT


def _render(values: dict[str, Any]) -> str:
    import jinja2

    # On a router it is in an archive, as this module is.
    template = pkgutil.get_data(__name__, TEMPLATE)
    assert template is not None
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template.decode()).render(values)
