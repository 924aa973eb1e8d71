# SPDX-License-Identifier: GPL-2.0-or-later
"""The questions to a router that joins a pair: what the first one's configuration cannot say for it."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from haven.config.uci.document import UciSection
from haven.contract.setup import NONE, SetupRefused
from haven.setup.facts import InterfaceFacts, RouterFacts, as_address
from haven.setup.first_questions import NAMELESS_HOSTS
from haven.setup.free_addresses import check_address, check_outside_pool, check_unused, free_address
from haven.setup.packages import HAVEN, values
from haven.setup.questions import Answers, Proposed, Question, is_node, node_answer, option_answer, proposed

# How much less than the lowest of the pair.
STEP, LOWEST_PRIORITY = 50, 1
# RFC 1918: behind a router of the provider's, whose network is a LAN.
PRIVATE = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


@dataclass
class Pair:
    """The first router by its packages, and what the others of the pair have: addresses and names."""

    first: RouterFacts
    addresses: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    routers: list[UciSection] = field(init=False)

    def __post_init__(self) -> None:
        self.routers = self.first.packages[HAVEN].of_type("virtual_router")

    def router_on(self, interface: str) -> UciSection | None:
        """Return the IPv4 virtual router on an interface."""
        for router in self.routers:
            if router.value("interface") == interface and ":" not in (values(router, "address") + [":"])[0]:
                return router
        return None

    @property
    def lan(self) -> str:
        """The interface of the clients: the one that DHCP is about, or the first with a fixed address."""
        clients = [each.value("interface") for each in self.first.packages[HAVEN].of_type("dhcp")]
        names = [*clients, "lan", *(router.value("interface") for router in self.routers)]
        for name in names:
            if self.router_on(name) and name in self.first.interfaces and self.first.interfaces[name].fixed:
                return name
        raise SetupRefused("pair-no-gateway")

    @property
    def wan(self) -> str:
        """The interface of the other IPv4 virtual router on a fixed address, or none."""
        for router in self.routers:
            name = router.value("interface")
            found = self.first.interfaces.get(name)
            if name != self.lan and self.router_on(name) and found and found.fixed:
                return name
        return NONE

    @property
    def conntrack(self) -> UciSection | None:
        """The section of the link between the routers, if they copy connections."""
        found = self.first.packages[HAVEN].of_type("conntrack")
        return found[0] if found and as_address(found[0].value("address")) else None

    @property
    def link(self) -> str:
        """The first router's interface between the routers, or none."""
        if self.conntrack is None:
            return NONE
        name, device = self.conntrack.value("interface"), self.conntrack.value("device")
        return name or self.first.user_of(device) or NONE

    def peers(self) -> list[str]:
        """Return the addresses that the first router expects others on the link to have."""
        return values(self.conntrack, "peer_address") if self.conntrack is not None else []

    def taken(self) -> set[IPv4Address]:
        """Return the addresses that this router must not have: virtual ones, and those of the others."""
        texts = [text for router in self.routers for text in values(router, "address")]
        own = [str(each.ip) for found in self.first.interfaces.values() for each in found.addresses]
        found = [as_address(text.partition("/")[0]) for text in [*texts, *own, *self.addresses]]
        return {each for each in found if each is not None}

    def network(self, interface: str) -> IPv4Interface:
        """Return the first router's own address on an interface."""
        return self.first.interfaces[interface].addresses[0]


@dataclass
class JoinAnswers(Answers):
    """The answers of a router that joins, with the pair that it joins."""

    pair: Pair = field(kw_only=True)


def pair_of(answers: Answers) -> Pair:
    """Return the pair that a router joins."""
    assert isinstance(answers, JoinAnswers)
    return answers.pair


def check_interface(answers: Answers, name: str) -> InterfaceFacts:
    """Return the interface of this router that has the name of one of the first's. Raises SetupRefused."""
    found = answers.facts.interfaces.get(name)
    if found is None:
        raise SetupRefused("interface-missing", interface=name)
    return found


def _propose_own(answers: Answers) -> Proposed:
    pair = pair_of(answers)
    return _own_in(answers, pair.lan, pair.peers())


def _own_in(answers: Answers, interface: str, expected: list[str]) -> Proposed:
    """Propose an address in the first router's network: the one there is, the one expected, or a free one."""
    pair, beside = pair_of(answers), pair_of(answers).network(interface)
    here, taken = check_interface(answers, interface), pair.taken()
    for each in here.addresses:
        if each.ip in beside.network and each.ip not in taken:
            return proposed(str(each.ip), "own-stays")
    for text in expected:
        address = as_address(text)
        fits = address is not None and address in beside.network and address not in taken
        if fits and not answers.facts.who_answers(here.device, [text]):
            return proposed(text, "as-there")
    return proposed(str(free_address(answers.facts, interface, beside, taken)), "free-address")


def _check_own(answers: Answers, text: str) -> str:
    pair = pair_of(answers)
    address = _check_in(answers, "own_address", text, pair.lan)
    check_outside_pool("own_address", address, pair.first.pool(pair.lan))
    return str(address)


def _check_in(answers: Answers, question: str, text: str, interface: str) -> IPv4Address:
    pair, here = pair_of(answers), check_interface(answers, interface)
    address = check_address(question, text, pair.network(interface).network, interface)
    if address in pair.taken():
        raise SetupRefused("address-used", question=question, value=str(address), other="another router's")
    if address not in [each.ip for each in here.addresses]:
        check_unused(answers.facts, question, address, interface)
    return address


def _has_wan(answers: Answers) -> bool:
    return pair_of(answers).wan != NONE


def _propose_wan_own(answers: Answers) -> Proposed:
    pair = pair_of(answers)
    here, beside = check_interface(answers, pair.wan), pair.network(pair.wan)
    known = any(each.ip in beside.network for each in here.addresses)
    # What a provider has given away nobody on the link can say.
    if not known and not any(beside in network for network in PRIVATE):
        return proposed(None, "wan-asks")
    found = _own_in(answers, pair.wan, [])
    return found if known else proposed(found.answer, "wan-private")


def _check_wan_own(answers: Answers, text: str) -> str:
    pair = pair_of(answers)
    address = _check_in(answers, "wan_own_address", text, pair.wan)
    if str(address) == pair.first.interfaces[pair.wan].gateway:
        where = {"value": str(address), "other": "the gateway"}
        raise SetupRefused("address-used", question="wan_own_address", **where)
    return str(address)


def _propose_node(answers: Answers) -> Proposed:
    name, used = answers.facts.host_name, _nodes(answers)
    if name.lower() not in NAMELESS_HOSTS and name not in used and is_node(name):
        return proposed(name, "host-name")
    number = 2
    while "r%d" % number in used:
        number += 1
    return proposed("r%d" % number, "name-free")


def _nodes(answers: Answers) -> set[str]:
    pair = pair_of(answers)
    mains = pair.first.packages[HAVEN].of_type("haven")
    own = (mains[0].value("node") if mains else "") or pair.first.host_name
    return {own, *pair.nodes}


def _check_node(answers: Answers, text: str) -> str:
    if text in _nodes(answers):
        raise SetupRefused("address-used", question="node", value=text, other="another router's name")
    return node_answer(answers, text)


def _propose_priority(answers: Answers) -> Proposed:
    given = [router.value("priority") or "100" for router in pair_of(answers).routers]
    lowest = min([int(text) for text in given if text.isdigit()] + [100 + STEP])
    return proposed(str(max(LOWEST_PRIORITY, lowest - STEP)), "second-priority")


def _has_link(answers: Answers) -> bool:
    return pair_of(answers).conntrack is not None


def has_own_link(answers: Answers) -> bool:
    """Tell whether the link between the routers is none of the interfaces that have a virtual router."""
    pair = pair_of(answers)
    return _has_link(answers) and pair.link not in (pair.lan, pair.wan)


def _propose_sync(answers: Answers) -> Proposed:
    pair, facts = pair_of(answers), answers.facts
    if not has_own_link(answers):
        return proposed(pair.link, "as-first")
    there = pair.first.interfaces.get(pair.link)
    if there is not None:
        here = facts.interfaces.get(pair.link)
        if here is not None and here.fixed:
            return proposed(here.name, "as-first")
        if there.device in facts.free_ports() or there.device in facts.ports(pair.lan):
            return proposed(there.device, "as-first")
    free = facts.free_ports()
    return proposed(free[0], "port-free", device=free[0]) if free else proposed(None, "as-first")


def _check_sync(answers: Answers, text: str) -> str:
    pair, facts = pair_of(answers), answers.facts
    if not has_own_link(answers):
        if text != pair.link:
            raise SetupRefused("not-choice", question="sync", value=text, choices=pair.link)
        return text
    if text in facts.interfaces:
        return text
    ports = facts.ports(pair.lan)
    if ports == [text]:
        raise SetupRefused("last-port", question="sync", value=text, interface=pair.lan)
    if facts.user_of(text):
        raise SetupRefused("device-used", question="sync", value=text, interface=facts.user_of(text))
    if text not in ports and text not in facts.links:
        raise SetupRefused("device-missing", question="sync", value=text)
    return text


def link_network(pair: Pair) -> IPv4Interface:
    """Return the first router's address on the link, with the length of its network."""
    assert pair.conntrack is not None
    own = pair.conntrack.value("address")
    for found in pair.first.interfaces.values():
        for each in found.addresses:
            if str(each.ip) == own:
                return each
    return IPv4Interface(own + "/24")


def _propose_sync_address(answers: Answers) -> Proposed:
    pair, there = pair_of(answers), link_network(pair_of(answers))
    taken = pair.taken()
    for text in pair.peers():
        address = as_address(text)
        if address in there.network and address not in taken:
            return proposed("%s/%d" % (text, there.network.prefixlen), "as-there")
    for number in range(int(there.ip) + 1, int(there.network.broadcast_address)):
        if IPv4Address(number) not in taken:
            return proposed("%s/%d" % (IPv4Address(number), there.network.prefixlen), "beside")
    raise SetupRefused("no-free-address", network=str(there.network))


def _check_sync_address(answers: Answers, text: str) -> str:
    pair, there = pair_of(answers), link_network(pair_of(answers))
    address = check_address("sync_address", text, there.network, pair.link)
    if address in pair.taken():
        raise SetupRefused(
            "address-used", question="sync_address", value=str(address), other="another router's"
        )
    for each in answers.facts.interfaces.values():
        if each.name != answers["sync"] and any(address in one.network for one in each.addresses):
            raise SetupRefused("overlaps", question="sync_address", value=text, interface=each.name)
    return "%s/%d" % (address, there.network.prefixlen)


SECOND = (
    Question("own_address", _propose_own, _check_own),
    Question("wan_own_address", _propose_wan_own, _check_wan_own, _has_wan),
    Question("node", _propose_node, _check_node),
    Question("priority", _propose_priority, option_answer("priority")),
    Question("sync", _propose_sync, _check_sync, _has_link),
    Question("sync_address", _propose_sync_address, _check_sync_address, has_own_link),
)
