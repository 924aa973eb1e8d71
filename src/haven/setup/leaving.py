# SPDX-License-Identifier: GPL-2.0-or-later
"""What an undo does to the pair that goes on without this router."""

from haven.setup.facts import RouterFacts
from haven.setup.packages import HAVEN, Packages, values


def gateways_taken(before: Packages, now: Packages) -> list[str]:
    """Return the addresses that an undo makes this router's own and that are virtual ones of its pair now."""
    own = own_addresses(before)
    texts = [text for router in now[HAVEN].of_type("virtual_router") for text in values(router, "address")]
    virtual = dict.fromkeys(text.partition("/")[0] for text in texts)
    return [address for address in virtual if address in own]


def own_addresses(packages: Packages) -> list[str]:
    """Return the fixed addresses of a router by its configuration."""
    found = RouterFacts(packages).interfaces.values()
    return [str(each.ip) for interface in found for each in interface.addresses]


def address_given_up(before: Packages, now: Packages, session: str) -> bool:
    """Tell whether an undo takes away the address that somebody has come by; `session` is sshd's word."""
    words = session.split()
    address = words[2] if len(words) == 4 else ""
    return address in own_addresses(now) and address not in own_addresses(before)
