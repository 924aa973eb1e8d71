# SPDX-License-Identifier: GPL-2.0-or-later
"""What the routers say of themselves by another path than their links: asked for, given, and taken.

A virtual router is known there by what it is on the wire; its device and its name may differ.
"""

from haven.contract.control import ADVERT, MEMBER, Refusal
from haven.contract.fields import DocumentError, check_objects
from haven.core.events import Vouched
from haven.inet import octets_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from haven.core.engine import Engine
    from haven.core.group import Group
    from haven.core.spec import RouterSpec
    from haven.core.virtual_router import VirtualRouter

    Document = dict[str, Any]


def members(group: "Group") -> "list[Document]":
    """Return the virtual routers of a group as others know them."""
    return [_described(member.spec) for member in group.members]


def _described(spec: "RouterSpec") -> "Document":
    addresses = [text_of(address) for address in sorted(spec.addresses)]
    return {"family": spec.family, "vrid": spec.vrid, "addresses": addresses}


def adverts(engine: "Engine", asked: "Sequence[Document]", now: int) -> "list[Document]":
    """Return what this node says on its links of those for which it is Active. Raises Refusal.

    It adds where a link does not take that.
    """
    _check(asked, MEMBER, "members")
    found = []
    for group in engine.groups.values():
        for member in group.members if group.vouches(now) else ():
            if _described(member.spec) in [_key(each) for each in asked]:
                found.extend(_adverts(member, now))
    return found


def _adverts(member: "VirtualRouter", now: int) -> "list[Document]":
    said, found = member.vouching(now), []
    for to, message in said.messages():
        document = _described(member.spec)
        if member.is_mute:
            document["mute"] = True
        document.update({"source": text_of(said.source), "to": text_of(to), "message": message.hex()})
        found.append(document)
    return found


def events(engine: "Engine", said: "Sequence[Document]") -> "list[Vouched]":
    """Return what another node says as events for this node's virtual routers. Raises Refusal."""
    _check(said, ADVERT, "adverts")
    found = []
    for group in engine.groups.values():
        for each in said:
            source, to = octets_of(each["source"]), octets_of(each["to"])
            alike = [member for member in group.members if _described(member.spec) == _key(each)]
            # Of those that look alike here it is for the one that follows its source.
            for member in [member for member in alike if member.active_source == source] or alike:
                if to in (member.source,) + _groups(member.spec):
                    message, is_mute = bytes.fromhex(each["message"]), each.get("mute") is True
                    device, family = member.spec.device, member.spec.family
                    found.append(Vouched(device, family, source, to, message, is_mute))
    return found


def _groups(spec: "RouterSpec") -> "tuple[bytes, ...]":
    return () if spec.unicast_peers else spec.destinations()


def _key(document: "Document") -> "Document":
    addresses = [text_of(address) for address in sorted([octets_of(each) for each in document["addresses"]])]
    return {"family": document["family"], "vrid": document["vrid"], "addresses": addresses}


def _check(documents: "Sequence[Document]", fields: "Any", where: str) -> None:
    try:
        check_objects(documents, fields, where)
    except DocumentError as error:
        raise Refusal("request-wrong", error=str(error)) from None
