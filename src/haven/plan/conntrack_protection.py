# SPDX-License-Identifier: GPL-2.0-or-later
"""The WireGuard link that two routers make with a secret of their own, for what they tell each other.

All that WireGuard wants to know follows from the secret and the addresses of the two on the device below.
Its keys are static, and its handshakes make those that count: what was recorded is of no use, also after a
restart of either router, which encryption with keys of the configuration's own could not do.
"""

import base64
import hashlib
import hmac
from typing import Any

from haven.config.model import ConntrackSettings
from haven.contract.steps import step_text
from haven.core.vrrp.constants import is_link_local
from haven.inet import text_of
from haven.plan.nftables import Commands, no_commands

DEVICE = "haven-sync"
# A network of unique local addresses (RFC 4193), "haven" in ASCII. Who has the lower address below is ::1.
NETWORK = "fd68:6176:656e::%d"
PREFIX = 64

# A shell for it, since `wg` derives the public key and takes its configuration by files, and no key may stand
# among the arguments of a process. What is there already goes on: a reload interrupts nothing. Not every
# router has /dev/stdin.
SCRIPT = """\
public=$(echo %(peer_private)s | wg pubkey)
ip link show %(device)s >/dev/null 2>&1 || ip link add %(device)s type wireguard
wg syncconf %(device)s /proc/self/fd/0 <<END
[Interface]
PrivateKey = %(own_private)s
ListenPort = %(port)d
[Peer]
PublicKey = $public
PresharedKey = %(shared)s
AllowedIPs = %(peer_inside)s/128
Endpoint = %(endpoint)s:%(port)d
END
ip -6 address replace %(own_inside)s/%(prefix)d dev %(device)s
ip link set %(device)s up
"""
SCRIPT_AWAY = """\
if ip link show %(device)s >/dev/null 2>&1; then ip link del %(device)s; fi
"""


def inside(conntrack: ConntrackSettings) -> tuple[str, str]:
    """Return the addresses of this router and of its peer on the link."""
    first = conntrack.address < conntrack.peer_addresses[0]
    return NETWORK % (1 if first else 2), NETWORK % (2 if first else 1)


def below(conntrack: ConntrackSettings | None, device: str) -> dict[str, Any] | None:
    """Return what carries the link, as the rules about the routers' messages want to know it."""
    if conntrack is None or conntrack.protect is None:
        return None
    peer = text_of(conntrack.peer_addresses[0])
    return {"device": device, "peer": peer, "port": conntrack.protected_port}


def commands(conntrack: ConntrackSettings | None, device: str) -> Commands:
    """Return the commands that set the link up and take it away; none where none is wanted."""
    if conntrack is None or conntrack.protect is None:
        return no_commands()
    own, peer = conntrack.address, conntrack.peer_addresses[0]
    own_inside, peer_inside = inside(conntrack)
    facts = {
        "device": DEVICE,
        "prefix": PREFIX,
        "port": conntrack.protected_port,
        "own_inside": own_inside,
        "peer_inside": peer_inside,
        "endpoint": _endpoint(peer, device),
        "own_private": _key(conntrack.protect, b"private", own),
        "peer_private": _key(conntrack.protect, b"private", peer),
        "shared": _key(conntrack.protect, b"shared", b""),
    }
    there = {"device": DEVICE, "peer": text_of(peer)}
    return {
        "setup": [{**_shell("protected-link", there, SCRIPT % facts), "secret": True}],
        "teardown": [_shell("protected-link-away", {"device": DEVICE}, SCRIPT_AWAY % facts)],
    }


def _endpoint(peer: bytes, device: str) -> str:
    if len(peer) == 4:
        return text_of(peer)
    scope = "%" + device if is_link_local(peer) else ""
    return "[%s%s]" % (text_of(peer), scope)


def _key(secret: bytes, purpose: bytes, address: bytes) -> str:
    octets = hmac.new(secret, b"haven protect %s %s" % (purpose, address), hashlib.sha256).digest()
    return base64.b64encode(octets).decode()


def _shell(code: str, facts: dict[str, Any], script: str) -> dict[str, Any]:
    return {
        "code": code,
        "facts": facts,
        "say": step_text(code, facts),
        "argv": ["sh", "-e"],
        "stdin": script,
    }
