# SPDX-License-Identifier: GPL-2.0-or-later
"""What an undo does to the pair that goes on without this router."""

from haven.setup.facts import RouterFacts
from haven.setup.packages import HAVEN, Packages, values


def gateways_taken(before: Packages, now: Packages) -> list[str]:
    """Return the addresses that an undo makes this router's own and that are virtual ones of its pair now."""
    own = {str(each.ip) for found in RouterFacts(before).interfaces.values() for each in found.addresses}
    texts = [text for router in now[HAVEN].of_type("virtual_router") for text in values(router, "address")]
    virtual = dict.fromkeys(text.partition("/")[0] for text in texts)
    return [address for address in virtual if address in own]
