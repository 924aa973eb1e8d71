# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plan says of a virtual router's router advertisements, and how it becomes the core's own."""

from haven.contract.fields import (
    DocumentError,
    Field,
    address,
    check_object,
    flag,
    list_of,
    one_of,
    text,
    whole,
)
from haven.core.clock import SECOND
from haven.core.ra.advert_spec import ALWAYS, HIGH, LOW, MEDIUM, WAY_OUT, AdvertSpec
from haven.inet import octets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.ra.advert_spec import Prefix

# RFC 8319 4 has set these bounds higher than RFC 4861 did.
MOST_S = 65535
# An option fits a packet of the least MTU, beside the header and what else stands in each.
MOST_DNS, MOST_DOMAINS = 64, 1000
LEAST_MAX_INTERVAL_S, LEAST_MIN_INTERVAL_S = 4, 3

# The router variables of RFC 4861 6.2.1; prefixes are addresses with a length.
ROUTER_ADVERT = (
    Field("source", address),
    Field("max_interval_us", whole(LEAST_MAX_INTERVAL_S * SECOND, MOST_S * SECOND)),
    Field("min_interval_us", whole(LEAST_MIN_INTERVAL_S * SECOND, MOST_S * SECOND)),
    Field("lifetime_s", whole(0, MOST_S)),
    Field("default", whole(WAY_OUT, ALWAYS)),
    Field("preference", one_of((LOW, MEDIUM, HIGH))),
    Field("managed", flag),
    Field("other", flag),
    Field("hop_limit", whole(0, 255)),
    Field("reachable_ms", whole(0, 3600000)),
    Field("retrans_ms", whole(0, 0xFFFFFFFF)),
    Field("link_mtu", whole(0, 65535)),
    Field("prefixes", list_of(text)),
    Field("virtual_prefixes", list_of(text)),
    Field("preferred_s", whole(0, 0xFFFFFFFF)),
    Field("valid_s", whole(0, 0xFFFFFFFF)),
    Field("on_link", flag),
    Field("autonomous", flag),
    Field("dns", list_of(address)),
    Field("domains", list_of(text)),
)


def check_router_advert(document: "Any", family: int, where: str) -> None:
    """Raise DocumentError unless a document is one of a virtual router of this family."""
    where += ": router_advert"
    check_object(document, ROUTER_ADVERT, where)
    if family != 6 or document["min_interval_us"] > document["max_interval_us"]:
        raise DocumentError("%s: not of IPv6, or its intervals are crosswise" % where)
    for key in ("prefixes", "virtual_prefixes"):
        if not all(_is_prefix(each) for each in document[key]):
            raise DocumentError("%s: %s are not all prefixes" % (where, key))
    if not all(":" in each for each in document["dns"] + [document["source"]]):
        raise DocumentError("%s: an address is not of IPv6" % where)
    if len(document["dns"]) > MOST_DNS or not are_domains(document["domains"]):
        raise DocumentError("%s: dns or domains are not what one option can hold" % where)


def are_domains(names: "list[str]") -> bool:
    """Tell whether these are domain names, and fit one option of a packet."""
    labels = [label for name in names for label in name.split(".")]
    octets = sum([len(name) + 2 for name in names])
    return octets <= MOST_DOMAINS and all(0 < len(each) < 64 and max(each) < "\x7f" for each in labels)


def _is_prefix(written: str) -> bool:
    try:
        octets, length = _prefix(written)
    except (OSError, ValueError):
        return False
    return len(octets) == 16 and 0 < length <= 128


def _prefix(written: str) -> "Prefix":
    octets, _slash, length = written.partition("/")
    return octets_of(octets), int(length)


def advert_spec(document: "dict[str, Any]") -> AdvertSpec:
    """Return a checked document in the types of the core."""
    facts = dict(document)
    for key in ("prefixes", "virtual_prefixes"):
        facts[key] = tuple([_prefix(each) for each in facts[key]])
    facts["dns"] = tuple([octets_of(each) for each in facts["dns"]])
    facts["domains"] = tuple(facts["domains"])
    facts["source"] = octets_of(facts["source"])
    return AdvertSpec(**facts)
