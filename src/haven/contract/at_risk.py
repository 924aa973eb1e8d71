# SPDX-License-Identifier: GPL-2.0-or-later
"""What a takeover at this moment might lose, each a code with facts; nothing need be the matter for it."""

from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

# Stands before the list of what follows.
HEADLINE = "A takeover now may lose connections: {risks}."
AT_RISK = {
    "copy-missing": "this router is not in sync",
    "copy-coming": "this router is not in sync yet, but in about {left_s}",
    "copy-lost": "messages to this router's conntrackd were lost a moment ago",
    "copy-cut": "conntrackd hears no other router",
    "peer-behind": "{peer} is not in sync",
    "peer-unheard": "the agent of {peer} is not heard",
}


def at_risk(conntrack: "Document", peers: "list[Document]", active: bool) -> "list[Document]":
    """Return what does not stand in the tables of both; nothing where connections are not copied at all.

    `active` where this node is Active: what it does not hear of the others then, it has no need of.
    """
    if not conntrack:
        return []
    found = [] if conntrack["in_sync"] else [_here(conntrack)]
    lately = conntrack.get("lately") or {}
    if not active and (lately.get("lost") or lately.get("inject_failed")):
        found.append(_risk("copy-lost"))
    if conntrack.get("connected") is False:
        found.append(_risk("copy-cut"))
    for peer in peers:
        name = peer.get("node") or peer["address"]
        if not peer["fresh"]:
            found.append(_risk("peer-unheard", peer=name))
        elif peer.get("in_sync") is False:
            found.append(_risk("peer-behind", peer=name))
    return found


def headline(risks: "list[Document]") -> str:
    """Return the sentence on all of them; those that a later release knows are in its own words."""
    return HEADLINE.format(risks="; ".join(str(each["text"]) for each in risks))


def _here(conntrack: "Document") -> "Document":
    left_ms = conntrack.get("sync_left_ms")
    return _risk("copy-missing") if left_ms is None else _risk("copy-coming", left_s=left_ms // 1000 + 1)


def _risk(code: str, **facts: "Any") -> "Document":
    return {"code": code, "facts": facts, "text": render(AT_RISK[code], facts, {})}
