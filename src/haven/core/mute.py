# SPDX-License-Identifier: GPL-2.0-or-later
"""A link that takes no packets although it has a carrier: who serves there is heard by nobody.

RFC 9568 has no word about it. What is done is CARP's: not a fault, as the link of every router may be so and
one has to serve, but the last place among those that can. What leaves and never arrives is not known here.
"""

from haven.core.effects import Send
from haven.core.virtual_router import MOMENT, VirtualRouter
from haven.core.vrrp.advert import ADVERTISEMENT, HEADER_LENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def note_results(
    routers: "dict[str, VirtualRouter]", results: "Iterable[tuple[str, bool]]", now: int
) -> "list[str]":
    """Remember what the links took and what not; return the devices of which that has changed anything."""
    changed = []
    for name, taken in results:
        if name in routers and _note_result(routers[name], taken, now):
            changed.append(routers[name].spec.device)
    return sorted(set(changed))


def _note_result(member: VirtualRouter, taken: bool, now: int) -> bool:
    """Remember whether the link took what was sent; tell whether it has become mute by that, or is no more.

    A full queue for a moment is nothing; nor is a packet or two that get through once it is mute. A member
    with a fault does not serve in any case, and a link that is down takes nothing.
    """
    patience_us, was_mute = max(MOMENT, member.active_down_us()), member.is_mute
    if not taken and member.faults:
        member.refused_since = member.taken_since = None
        member.is_mute = False
    elif taken:
        member.refused_since = None
        member.taken_since = now if member.taken_since is None else member.taken_since
        member.is_mute = was_mute and now - member.taken_since < patience_us
    else:
        member.counters.refused += 1
        member.taken_since = None
        member.refused_since = now if member.refused_since is None else member.refused_since
        member.is_mute = was_mute or now - member.refused_since >= patience_us
    return member.is_mute != was_mute


def probe(member: VirtualRouter) -> Send:
    """Return what goes the way of an ADVERTISEMENT and is for nobody, as there is no VRID 0."""
    message = bytes((member.spec.version << 4 | ADVERTISEMENT,)) + bytes(HEADER_LENGTH - 1)
    packets = tuple([(to, message) for to in member.spec.destinations()])
    return Send(member.spec.name, member.source or b"", packets)


def is_in_doubt(member: VirtualRouter) -> bool:
    """Tell whether it matters what the link takes next."""
    return member.is_mute or member.refused_since is not None
