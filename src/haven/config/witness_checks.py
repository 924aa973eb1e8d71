# SPDX-License-Identifier: GPL-2.0-or-later
"""Which link a witness is on, and what cannot be one."""

from collections.abc import Iterable, Sequence

from haven.config.addresses import Address, Witness, family_of
from haven.config.section_values import OptionValue, SectionValues
from haven.core.vrrp.constants import is_link_local
from haven.inet import text_of

# What is needed of a virtual router: the interface or device that it is on, and its addresses.
Link = tuple[str, Sequence[Address]]


def links_of(witness: Witness, links: Iterable[Link]) -> list[str]:
    """Return the links that a witness can be on, by name, each once."""
    found = []
    for name, addresses in links:
        alike = [each for each in addresses if each.family == family_of(witness.octets)]
        named = witness.place == name and bool(alike)
        if named or (witness.place is None and any(_covers(each, witness.octets) for each in alike)):
            found.append(name)
    return list(dict.fromkeys(found))


def _covers(network: Address, octets: bytes) -> bool:
    if is_link_local(octets) and is_link_local(network.octets):
        # Each is in a network of its own link, whatever its length.
        return True
    rest = len(octets) * 8 - network.prefix
    own, other = int.from_bytes(network.octets, "big"), int.from_bytes(octets, "big")
    return own >> rest == other >> rest


def check_witnesses(
    groups: list[SectionValues], routers: list[SectionValues], conntracks: list[SectionValues]
) -> None:
    """Note every witness of a group that is none, or is on no link of the group."""
    members: dict[str, list[SectionValues]] = {}
    for router in routers:
        members.setdefault(router.one("group"), []).append(router)
    roles = _roles(routers, conntracks)
    for values in groups:
        if values.items("witness"):
            _check_group(values, members.get(values.section.name, []), roles)


def _check_group(values: SectionValues, members: list[SectionValues], roles: dict[bytes, str]) -> None:
    if values.given("majority"):
        values.complain("witness-majority", "majority")
    for item in values.items("witness"):
        code = roles.get(item.value.octets)
        if code:
            values.complain(code, "witness", item.line, value=item.text)
        elif members and all(each.sure("address", "group", "interface", "device") for each in members):
            _check_link(values, item, [_link(each) for each in members])


def _check_link(values: SectionValues, item: OptionValue, links: list[Link]) -> None:
    found = links_of(item.value, links)
    if len(found) == 1:
        return
    if found:
        values.complain("witness-unclear", "witness", item.line, value=item.text, names=found)
    elif item.value.place is not None:
        family = f"IPv{family_of(item.value.octets)}"
        values.complain("witness-no-link", "witness", item.line, family=family, place=item.value.place)
    else:
        values.complain("witness-elsewhere", "witness", item.line, value=text_of(item.value.octets))


def _link(values: SectionValues) -> Link:
    return values.one("interface") or values.one("device") or "", values.all("address")


def _roles(routers: list[SectionValues], conntracks: list[SectionValues]) -> dict[bytes, str]:
    """Return the addresses that are no witness's, and why."""
    peers = [peer for each in routers for peer in each.all("unicast_peer")]
    peers += [peer for each in conntracks for peer in each.all("peer_address")]
    own = [each.one("source_address") for each in routers] + [each.one("address") for each in conntracks]
    virtual = [address.octets for each in routers for address in each.all("address")]
    # Of what is several of these the last is said.
    found = dict.fromkeys(peers, "witness-peer")
    found.update(dict.fromkeys(own, "witness-own"))
    found.update(dict.fromkeys(virtual, "witness-virtual"))
    return found
