# SPDX-License-Identifier: GPL-2.0-or-later
"""Firewall rules that keep the routers' own messages out of connection tracking.

A full table refuses what it has no entry for: a Backup would no longer hear the Active's ADVERTISEMENTs,
and become Active beside it.
"""

from typing import Any

from haven.core.vrrp.constants import PROTOCOL
from haven.plan import accept_mode

TABLE = "inet haven_untracked"

_AWAY = "table %s\ndelete table %s\n" % (TABLE, TABLE)


def commands(conntrack: dict[str, Any] | None) -> dict[str, list[dict[str, Any]]]:
    """Return the commands that put the rules in place and take them away; none where nothing is copied."""
    if conntrack is None:
        return {"setup": [], "teardown": []}
    return {
        "setup": [accept_mode.nft("keep VRRP and conntrackd untracked", _AWAY + _text(conntrack))],
        "teardown": [accept_mode.nft("remove the rules about tracking", _AWAY)],
    }


def _text(conntrack: dict[str, Any]) -> str:
    chains = [
        _chain("prerouting", 'iifname "%s"' % conntrack["device"], conntrack),
        _chain("output", 'oifname "%s"' % conntrack["device"], conntrack),
    ]
    return "table %s {\n%s}\n" % (TABLE, "".join(chains))


def _chain(hook: str, device: str, conntrack: dict[str, Any]) -> str:
    ports = (conntrack["port"], conntrack["agent_port"])
    rules = ["meta l4proto %d notrack" % PROTOCOL, "%s udp dport { %d, %d } notrack" % (device, *ports)]
    body = "".join("\t\t%s\n" % rule for rule in ["type filter hook %s priority raw;" % hook, *rules])
    return "\tchain %s {\n%s\t}\n" % (hook, body)
