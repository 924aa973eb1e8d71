# SPDX-License-Identifier: GPL-2.0-or-later
"""Which source address a forwarded connection gets, by the kernel's own rules (libnftables-json(5))."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

Rules = list[dict[str, Any]]
Packet = dict[str, str]

MOST_JUMPS = 16
# Of a new TCP connection to somewhere on the Internet.
SOMEWHERE = "203.0.113.1"
# What a match may say of a packet: how it is written, and where it stands in ours.
META = {"oifname": "oifname", "oif": "oifname", "iifname": "iifname", "iif": "iifname"}
KNOWN = {"nfproto": "ipv4", "l4proto": "tcp", "protocol": "ip"}
ENDS = ("accept", "drop", "return")


class _Decided(Exception):
    """A rule has had the last word."""


def verdict(ruleset: Rules, iifname: str, oifname: str, source: str) -> tuple[str, str]:
    """Return ("snat", address), ("masquerade", ""), or ("none", "") for a connection that leaves as it is."""
    packet = {"iifname": iifname, "oifname": oifname, "saddr": source, "daddr": SOMEWHERE}
    bases = [each["chain"] for each in ruleset if each.get("chain", {}).get("hook") == "postrouting"]
    for chain in sorted(bases, key=lambda chain: chain.get("prio", 0)):
        if chain.get("type") == "nat":
            found = _walk(ruleset, chain, packet, MOST_JUMPS)
            if found is not None and found[0] in ("snat", "masquerade"):
                return found
    return "none", ""


def helpers(ruleset: Rules) -> list[str]:
    """Return the connection helpers that the rules name."""
    return sorted({each["ct helper"]["type"] for each in ruleset if "type" in each.get("ct helper", {})})


def _walk(ruleset: Rules, chain: dict[str, Any], packet: Packet, jumps: int) -> tuple[str, str] | None:
    """Return what a chain decides: snat, masquerade, accept, drop or return; None at its end."""
    for each in ruleset:
        rule = each.get("rule")
        if rule is None or _place(rule, "chain") != _place(chain, "name"):
            continue
        found = _carry_out(ruleset, rule, packet, jumps)
        if found is not None:
            return found
    return None


def _place(item: dict[str, Any], key: str) -> tuple[Any, ...]:
    return item.get("family"), item.get("table"), item.get(key)


def _carry_out(ruleset: Rules, rule: dict[str, Any], packet: Packet, jumps: int) -> tuple[str, str] | None:
    for statement in rule.get("expr", ()):
        (word, value), *_more = statement.items()
        if word == "match" and not _matches(value, packet):
            return None
        if word == "snat":
            return "snat", _address(value)
        if word == "masquerade" or word in ENDS:
            return word, ""
        if word in ("jump", "goto") and jumps:
            target = {**rule, "name": value["target"]}
            found = _walk(ruleset, target, packet, jumps - 1)
            if word == "goto" or (found is not None and found[0] != "return"):
                return found or ("return", "")
    return None


def _address(value: Any) -> str:
    found = value.get("addr") if isinstance(value, dict) else None
    return found if isinstance(found, str) else "another address"


def _matches(match: dict[str, Any], packet: Packet) -> bool:
    """Tell whether a match holds; one that is not understood does not."""
    actual = _actual(match.get("left"), packet)
    if actual is None:
        return False
    is_in = _is_among(actual, match.get("right"))
    return not is_in if match.get("op") == "!=" else is_in


def _actual(left: Any, packet: Packet) -> str | None:
    if not isinstance(left, dict):
        return None
    meta = left.get("meta", {}).get("key")
    if meta in META:
        return packet[META[meta]]
    if meta in KNOWN:
        return KNOWN[meta]
    payload = left.get("payload", {})
    if payload.get("protocol") == "ip" and payload.get("field") in ("saddr", "daddr"):
        return packet[payload["field"]]
    return KNOWN["l4proto"] if payload.get("field") == "protocol" else None


def _is_among(actual: str, right: Any) -> bool:
    if isinstance(right, list):
        return any(_is_among(actual, each) for each in right)
    if isinstance(right, dict):
        if "set" in right:
            return _is_among(actual, right["set"])
        return _is_in_block(actual, right)
    text = str(right)
    return actual.startswith(text[:-1]) if text.endswith("*") else actual == text


def _is_in_block(actual: str, right: dict[str, Any]) -> bool:
    try:
        address = IPv4Address(actual)
        if "prefix" in right:
            return address in IPv4Network("%s/%s" % (right["prefix"]["addr"], right["prefix"]["len"]))
        first, last = right["range"]
        return IPv4Address(first) <= address <= IPv4Address(last)
    except (KeyError, TypeError, ValueError):
        return False
