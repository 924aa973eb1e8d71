# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages of a router that joins a pair: the first one's, with addresses and peers of its own.

What is taken over is what makes a gateway of both; everything else that two routers should have in common
is not setup's.
"""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv4Interface

from haven.config.uci.document import UciEntry, UciSection
from haven.contract.setup import NONE, SetupRefused
from haven.setup.facts import RouterFacts, as_address
from haven.setup.one_customer import CUSTOMER, take_wan
from haven.setup.packages import (
    CHANGED,
    DHCP,
    FIREWALL,
    HAVEN,
    NETWORK,
    Packages,
    copied,
    package_of,
    put,
    take,
    values,
)
from haven.setup.proposal import SECOND_ROLE, Proposal, Reach, finished
from haven.setup.questions import Answers, Ask, ask_all, take_proposal
from haven.setup.second_questions import SECOND, JoinAnswers, Pair, has_own_link, link_network, pair_of
from haven.setup.sections import NAT, make_link, section_of, set_address

# The range of DHCP is one for the whole network, whichever router gives an address away.
POOL_OPTIONS = ("start", "limit", "leasetime", "ignore", "dhcpv4")


def second_proposal(
    documents: Mapping[str, str],
    facts: RouterFacts,
    given: Mapping[str, str] | None = None,
    ask: Ask = take_proposal,
    addresses: Collection[str] = (),
    nodes: Collection[str] = (),
) -> Proposal:
    """Return what makes a router the second one, or a further one, of a pair. Raises SetupRefused.

    `documents` are the first router's network, dhcp, firewall and haven as UCI text; `addresses` and `nodes`
    are own addresses and names of routers that belong to the pair already, beside the first.
    """
    packages = {name: package_of(name, documents.get(name, "").encode()) for name in CHANGED}
    pair = Pair(RouterFacts(packages), frozenset(addresses), frozenset(nodes))
    if not pair.routers:
        raise SetupRefused("pair-no-gateway")
    answers = JoinAnswers(facts, given or {}, pair=pair)
    answered = ask_all(SECOND, answers, ask)
    return finished(SECOND_ROLE, answered, answers, second_packages, _reach(answers))


def _reach(answers: Answers) -> Reach:
    pair = pair_of(answers)
    here = answers.facts.interfaces[pair.lan]
    own = IPv4Address(answers["own_address"])
    # A virtual address is the Active's: to keep it here would be to have it twice.
    guards = [each for each in here.addresses if each.ip != own and each.ip not in pair.taken()]
    router = pair.router_on(pair.lan)
    assert router is not None
    gateway = IPv4Interface(values(router, "address")[0]).ip
    return Reach(here.device, own, gateway, tuple(guards))


def second_packages(answers: Answers) -> Packages:
    """Return the packages of this router after it has joined."""
    pair, packages = pair_of(answers), copied(answers.facts.packages)
    _set_up_interface(packages, pair, pair.lan, answers["own_address"])
    if answers.has("wan_own_address"):
        _set_up_interface(packages, pair, pair.wan, answers["wan_own_address"])
        _take_options(packages, pair, NETWORK, "interface", pair.wan, ("gateway", "dns"))
    link = _make_link(packages, answers)
    _take_options(packages, pair, DHCP, "dhcp", pair.lan, POOL_OPTIONS)
    _take_translation(packages, pair)
    _set_up_haven(packages, answers, link)
    for each in pair.first.packages[HAVEN].of_type("wan"):
        take_wan(packages, pair.first.packages, each.value("interface"))
        _take_options(packages, pair, NETWORK, "interface", each.value("interface"), CUSTOMER)
    return packages


def _set_up_interface(packages: Packages, pair: Pair, interface: str, own: str) -> None:
    section = packages[NETWORK].named(interface, "interface")
    assert section is not None
    put(section, "proto", "static")
    wanted = IPv4Interface("%s/%d" % (own, pair.network(interface).network.prefixlen))
    if str(wanted) not in _addresses(section):
        set_address(packages, interface, wanted)


def _addresses(section: UciSection) -> list[str]:
    netmask = section.value("netmask")
    texts = [text if "/" in text else "%s/%s" % (text, netmask) for text in values(section, "ipaddr")]
    found = []
    for text in texts:
        try:
            found.append(str(IPv4Interface(text)))
        except ValueError:
            continue
    return found


def _take_options(
    packages: Packages, pair: Pair, package: str, type: str, interface: str, options: tuple[str, ...]
) -> None:
    there = _of_interface(pair.first.packages, package, type, interface)
    here = _of_interface(packages, package, type, interface)
    if there is None or here is None:
        return
    for option in options:
        entries = [entry for entry in there.entries if entry.name == option]
        if not entries:
            take(here, option)
        else:
            listed = entries[0].listed
            put(here, option, [entry.value for entry in entries] if listed else entries[-1].value)


def _of_interface(packages: Packages, package: str, type: str, interface: str) -> UciSection | None:
    for section in packages[package].of_type(type):
        if interface == (section.name if type == "interface" else section.value("interface")):
            return section
    return None


def _take_translation(packages: Packages, pair: Pair) -> None:
    there = pair.first.packages[FIREWALL].named(NAT, "nat")
    if there is not None:
        section_of(packages[FIREWALL], "nat", NAT).entries = _entries(there)


def _entries(section: UciSection) -> list[UciEntry]:
    twin = UciSection(section.type)
    for entry in section.entries:
        twin.add(entry.name, entry.value, listed=entry.listed)
    return twin.entries


def _make_link(packages: Packages, answers: Answers) -> str:
    """Return the interface of the link between the routers; one with a port of its own is made."""
    if not answers.has("sync"):
        return NONE
    name = answers["sync"]
    if not has_own_link(answers):
        return name
    address = IPv4Interface(answers["sync_address"])
    if name not in answers.facts.interfaces:
        return make_link(packages, name, address)
    section = packages[NETWORK].named(name, "interface")
    assert section is not None
    put(section, "proto", "static")
    if str(address) not in _addresses(section):
        set_address(packages, name, address)
    return name


def _set_up_haven(packages: Packages, answers: Answers, link: str) -> None:
    pair = pair_of(answers)
    haven = copied({HAVEN: pair.first.packages[HAVEN]})[HAVEN]
    mains = haven.of_type("haven")
    main = mains[0] if mains else section_of(haven, "haven", "main")
    put(main, "enabled", "1")
    put(main, "node", answers["node"])
    for router in haven.of_type("virtual_router"):
        put(router, "priority", answers["priority"])
        take(router, "source_address")
        _turn_peers(router, pair, answers)
    for section in haven.of_type("conntrack"):
        if link != NONE:
            _turn_link(section, pair, answers, link)
        else:
            _swap_link(section)
    packages[HAVEN].sections = haven.sections


def _turn_peers(router: UciSection, pair: Pair, answers: Answers) -> None:
    """Name the first router where it names this one."""
    peers = values(router, "unicast_peer")
    interface = router.value("interface")
    if not peers or interface not in pair.first.interfaces:
        return
    own = {answers["own_address"], answers["wan_own_address"]}
    others = [peer for peer in peers if peer not in own and peer in pair.addresses]
    put(router, "unicast_peer", [str(pair.network(interface).ip), *others])


def own_link_address(answers: Answers) -> str:
    """Return the own address on the link between the routers."""
    pair = pair_of(answers)
    if has_own_link(answers):
        return str(IPv4Interface(answers["sync_address"]).ip)
    return answers["own_address"] if pair.link == pair.lan else answers["wan_own_address"]


def _turn_link(section: UciSection, pair: Pair, answers: Answers, link: str) -> None:
    network = link_network(pair)
    known = [each for text in pair.addresses if (each := as_address(text))]
    others = [str(each) for each in known if each in network.network]
    own = own_link_address(answers)
    take(section, "device")
    put(section, "interface", link)
    put(section, "address", own)
    peers = [str(network.ip), *sorted(each for each in others if each not in (own, str(network.ip)))]
    put(section, "peer_address", peers)


def _swap_link(section: UciSection) -> None:
    """Be the peer that the first router expects, where nothing is asked: a link of IPv6."""
    own, peers = section.value("address"), values(section, "peer_address")
    if own and peers:
        put(section, "address", peers[0])
        put(section, "peer_address", [own, *peers[1:]])
