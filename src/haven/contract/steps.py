# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a plan, and the sequences that they are carried out in, as messages."""

from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STEPS = {
    "macvlan-create": "create {device} on {parent}, macvlan vepa, {mac}",
    "no-own-address": "let {device} have no address of its own",
    "device-delete": "delete {device}",
    "device-up": "set {device} up",
    "device-down": "set {device} down",
    "bridge-keep": "keep frames for {mac} in bridge {bridge}",
    "bridge-keep-vlan": "keep frames for {mac} in bridge {bridge}, VLAN {vlan}",
    "bridge-learn": "let bridge {bridge} learn {mac}",
    "bridge-learn-vlan": "let bridge {bridge}, VLAN {vlan} learn {mac}",
    "address-add": "add {address} to {device}",
    "address-delete": "delete {address} from {device}",
    "route-add": "add route {route}",
    "route-delete": "delete route {route}",
    # Programs that run beside the steps.
    "accept-rules": "drop what is addressed to the virtual addresses",
    "accept-rules-away": "remove the rules about virtual addresses",
    "untracked-rules": "keep VRRP and conntrackd untracked",
    "untracked-rules-away": "remove the rules about tracking",
    "protected-link": "set up the protected link {device} to {peer}",
    "protected-link-away": "remove the protected link {device}",
    "peer-rules": "let in copies of connections from the peers alone",
    "peer-rules-away": "remove the rules about the peers",
    "openvpn-rules": "let calls to OpenVPN's clients keep the server's address",
    "openvpn-rules-away": "remove the rules about calls to OpenVPN's clients",
    # What a group does in between.
    "advertise": "advertisement for {virtual_routers}",
    "resign": "priority 0 advertisement for {virtual_routers}",
    "resign-carp": "advertisement with advbase and advskew 255 for {virtual_routers}",
    "announce": "gratuitous ARP for {addresses}",
    "announce6": "unsolicited neighbour advertisement for {addresses}",
    "router-advert": "router advertisement from {addresses}",
    # The steps of these virtual routers' stages of the same name.
    "takeover": "take the addresses of {virtual_routers}",
    "release": "give up the addresses of {virtual_routers}",
    "await-active": "wait until another router is Active, {wait_us} at most",
}

# How a group comes to be Active, and each way of ceasing to be, in the order of a life: (code, as a label,
# as a heading).
SEQUENCES = (
    ("takeover", "takeover", "It takes over"),
    ("handover", "handover", "It hands over"),
    ("yield", "yields", "A router that ranks higher takes over"),
    ("fault", "on a fault", "A link fails"),
)


def step_message(code: str, facts: "dict[str, Any]", say: str) -> "dict[str, Any]":
    """Return a step to stand among the facts of a message; `say` is for who does not know the code."""
    return {"code": code, "facts": facts, "text": say}


def step_text(code: str, facts: "dict[str, Any]") -> str:
    """Return a step in English. Raises KeyError for a code or a fact that is missing."""
    return render(STEPS[code], facts, {})
