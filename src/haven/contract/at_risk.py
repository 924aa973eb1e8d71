# SPDX-License-Identifier: GPL-2.0-or-later
"""What a takeover at this moment might lose, each a code with facts; nothing need be the matter for it."""

from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

UNPAIRED = "unpaired"
# Stands before the list of what follows.
HEADLINE = "A takeover now may lose connections: {risks}."
AT_RISK = {
    "copy-missing": "this router is not in sync",
    "copy-coming": "this router is not in sync yet, but in about {left_s}",
    "copy-lost": "messages to this router's conntrackd were lost a moment ago",
    "copy-cut": "conntrackd hears no other router",
    "peer-behind": "{peer} is not in sync",
    "peer-unheard": "the agent of {peer} is not heard",
    UNPAIRED: "no other router is paired with this one yet ('haven pair' shows a code for it)",
}
# What is said of another router's silence, which nobody misses before there is one.
OF_ANOTHER = ("conntrack-peer-silent", "conntrack-agent-silent")


def is_unpaired(told: "Document") -> bool:
    """Tell by what the agent tells whether this router is to have a pair, and there is nobody yet."""
    common, peers = told.get("sync"), told.get("peers")
    is_alone = isinstance(common, dict) and common.get("alone") is True
    return is_alone and not any(peer.get("heard_ms") is not None for peer in peers or ())


def at_risk(
    conntrack: "Document", peers: "list[Document]", active: bool, unpaired: bool = False
) -> "list[Document]":
    """Return what does not stand in the tables of both; nothing where connections are not copied at all.

    `active` where this node is Active: what it does not hear of the others then, it has no need of. For one
    that is `unpaired` there is one thing to say.
    """
    if unpaired:
        return [_risk(UNPAIRED)]
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
    if [each["code"] for each in risks] == [UNPAIRED]:
        # There is nobody to take over.
        text = str(risks[0]["text"])
        return text[0].upper() + text[1:] + "."
    return HEADLINE.format(risks="; ".join(str(each["text"]) for each in risks))


def _here(conntrack: "Document") -> "Document":
    left_ms = conntrack.get("sync_left_ms")
    return _risk("copy-missing") if left_ms is None else _risk("copy-coming", left_s=left_ms // 1000 + 1)


def _risk(code: str, **facts: "Any") -> "Document":
    return {"code": code, "facts": facts, "text": render(AT_RISK[code], facts, {})}
