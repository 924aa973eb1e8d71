# SPDX-License-Identifier: GPL-2.0-or-later
"""The questions about IPv6 to the first router of a pair: what its hosts are to have, whoever is Active."""

from ipaddress import IPv6Interface, IPv6Network

from haven.contract.setup import NONE, SetupRefused
from haven.setup.facts import LinkFacts
from haven.setup.packages import DHCP, NETWORK, values
from haven.setup.questions import Answers, Proposed, proposed

LINK_LOCAL = "fe80::1/64"
LENGTH = 64
# netifd takes the prefixes of interfaces from the lower end of the router's own.
HIGHEST_SUBNET = 0xFFFF
# The first of these that the router itself does not have.
HOSTS = (1, 0xFE, 0xFD)


def propose_link_local(answers: Answers) -> Proposed:
    """Propose an IPv6 virtual address where IPv6 runs: without a source, its virtual router is in fault."""
    device = answers.facts.interfaces[answers["lan"]].device
    here = _link(answers).link_local
    if not here or LINK_LOCAL.partition("/")[0] in here:
        return proposed(NONE, "no-link-local", device=device)
    return proposed(LINK_LOCAL, "link-local", device=device)


def _link(answers: Answers) -> LinkFacts:
    return answers.facts.link(answers.facts.interfaces[answers["lan"]].device)


def has_ipv6(answers: Answers) -> bool:
    """Tell whether there is to be an IPv6 virtual router."""
    return answers.has("lan6_address")


def propose_prefix(answers: Answers) -> Proposed:
    """Propose an address in a fixed prefix of the LAN, or in one of the router's local ones."""
    own = _own_addresses(answers)
    for each in own:
        if each.network.prefixlen == LENGTH and not each.is_link_local:
            return proposed(_free_in(each.network, own), "prefix-fixed")
    local = _local_prefix(answers)
    if local is None:
        return proposed(NONE, "prefix-none")
    first = int(local.network_address) + (HIGHEST_SUBNET << (128 - LENGTH))
    return proposed(_free_in(IPv6Network((first, LENGTH)), own), "prefix-local", prefix=str(local))


def _own_addresses(answers: Answers) -> list[IPv6Interface]:
    section = answers.facts.packages[NETWORK].named(answers["lan"], "interface")
    texts = values(section, "ip6addr") if section is not None else []
    return [found for text in texts if (found := _interface(text)) is not None]


def _interface(text: str) -> IPv6Interface | None:
    try:
        return IPv6Interface(text)
    except ValueError:
        return None


def _local_prefix(answers: Answers) -> IPv6Network | None:
    """Return the router's own local prefix, of which hosts have subnets (RFC 4193)."""
    for section in answers.facts.packages[NETWORK].of_type("globals"):
        found = _interface(section.value("ula_prefix"))
        if found is not None and found.network.prefixlen <= 48:
            return IPv6Network((int(found.network.network_address), 48))
    return None


def _free_in(network: IPv6Network, own: list[IPv6Interface]) -> str:
    taken = {each.ip for each in own}
    return next(f"{network[host]}/{LENGTH}" for host in HOSTS if network[host] not in taken)


def prefix_answer(answers: Answers, text: str) -> str:
    """Check an IPv6 address with the prefix of the hosts, or none."""
    if text == NONE:
        return text
    found = _interface(text)
    is_usual = found is not None and not (found.is_link_local or found.is_multicast or found.is_loopback)
    if found is None or not is_usual or found.network.prefixlen != LENGTH or found.ip == found.network[0]:
        raise SetupRefused("not-prefix", question="lan6_prefix", value=text)
    if found.ip in {each.ip for each in _own_addresses(answers)}:
        raise SetupRefused(
            "address-used", question="lan6_prefix", value=str(found.ip), other="the own address"
        )
    return str(found)


def propose_adverts(answers: Answers) -> Proposed:
    """Propose router advertisements unless another router's are handed on there, or none are wanted."""
    sections = answers.facts.packages[DHCP].of_type("dhcp")
    said = {section.value("ra") for section in sections if section.value("interface") == answers["lan"]}
    if said & {"relay", "hybrid"}:
        return proposed("0", "ra-relayed")
    return proposed("0", "ra-off") if "disabled" in said else proposed("1", "ra-follows")
