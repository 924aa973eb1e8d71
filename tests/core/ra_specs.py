# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of router advertisements share."""

from haven.core.clock import SECOND
from haven.core.ra.advert_spec import ALWAYS, MEDIUM, AdvertSpec
from haven.inet import octets_of

USUAL = {
    "source": "fe80::77",
    "max_interval_us": 600 * SECOND,
    "min_interval_us": 200 * SECOND,
    "lifetime_s": 2700,
    "default": ALWAYS,
    "preference": MEDIUM,
    "managed": False,
    "other": False,
    "hop_limit": 64,
    "reachable_ms": 0,
    "retrans_ms": 0,
    "link_mtu": 0,
    "prefixes": (),
    "virtual_prefixes": (),
    "preferred_s": 2700,
    "valid_s": 5400,
    "on_link": True,
    "autonomous": True,
    "dns": (),
    "domains": (),
}


def prefix_of(text):
    """Return octets and length of a prefix."""
    octets, length = text.split("/")
    return octets_of(octets), int(length)


def advert_spec(**changes):
    """Return the usual variables but for some, addresses and prefixes as people write them."""
    facts = dict(USUAL)
    facts.update(changes)
    facts["source"] = octets_of(facts["source"])
    for key in ("prefixes", "virtual_prefixes"):
        facts[key] = tuple([prefix_of(each) for each in facts[key]])
    facts["dns"] = tuple([octets_of(each) for each in facts["dns"]])
    facts["domains"] = tuple(facts["domains"])
    return AdvertSpec(**facts)
