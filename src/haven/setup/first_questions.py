# SPDX-License-Identifier: GPL-2.0-or-later
"""The questions to the first router of a pair: its own LAN address becomes the virtual one."""

from ipaddress import IPv4Interface

from haven.contract.setup import NONE, SetupRefused
from haven.setup.facts import InterfaceFacts, is_yes
from haven.setup.free_addresses import (
    check_address,
    check_outside_pool,
    check_unused,
    free_address,
    free_network,
)
from haven.setup.ipv6_questions import (
    has_ipv6,
    prefix_answer,
    propose_adverts,
    propose_link_local,
    propose_prefix,
)
from haven.setup.packages import DHCP
from haven.setup.questions import (
    Answers,
    Proposed,
    Question,
    flag_answer,
    is_node,
    link_local_answer,
    node_answer,
    option_answer,
    propose_vrid,
    proposed,
    vrid_answer,
)
from haven.setup.wan_questions import WAN_QUESTIONS

LAN_VRID = 51
PRIORITY = "150"
ADVERT_INTERVAL = "100"
# What DHCP names the gateway and the DNS server with.
GATEWAY_OPTIONS = ("3", "6")
NAMELESS_HOSTS = ("", "openwrt", "lede", "localhost")


def lan_of(answers: Answers) -> IPv4Interface:
    """Return the address that this router has on its LAN now."""
    return answers.facts.interfaces[answers["lan"]].addresses[0]


def _lans(answers: Answers) -> list[str]:
    return [each.name for each in answers.facts.interfaces.values() if each.fixed and each.name != "wan"]


def _propose_lan(answers: Answers) -> Proposed:
    lans, known = _lans(answers), answers.facts.interfaces
    if "lan" in lans:
        return proposed("lan", "lan-named")
    if "lan" in known and known["lan"].proto != "static":
        raise SetupRefused("lan-by-dhcp", interface="lan", proto=known["lan"].proto or "nothing")
    if not lans:
        raise SetupRefused("no-lan")
    return proposed(lans[0], "lan-first")


def _check_lan(answers: Answers, name: str) -> str:
    check_fixed(answers, name)
    return name


def check_fixed(answers: Answers, name: str) -> InterfaceFacts:
    """Return an interface with an address that stays. Raises SetupRefused."""
    found = answers.facts.interfaces.get(name)
    if found is None:
        raise SetupRefused("interface-missing", interface=name)
    if found.proto != "static":
        raise SetupRefused("lan-by-dhcp", interface=name, proto=found.proto or "nothing")
    if not found.addresses:
        raise SetupRefused("interface-no-address", interface=name)
    return found


def _propose_lan_address(answers: Answers) -> Proposed:
    return proposed(str(lan_of(answers)), "own-becomes-virtual")


def _check_lan_address(answers: Answers, text: str) -> str:
    name, own = answers["lan"], lan_of(answers)
    address = check_address("lan_address", text, own.network, name)
    for router in answers.facts.heard_on(name):
        if str(address) in router.addresses:
            raise SetupRefused("advertised", address=str(address), source=router.source)
    if address != own.ip:
        check_unused(answers.facts, "lan_address", address, name)
        check_outside_pool("lan_address", address, answers.facts.pool(name))
    return "%s/%d" % (address, own.network.prefixlen)


def _propose_own_address(answers: Answers) -> Proposed:
    own, name = lan_of(answers), answers["lan"]
    if IPv4Interface(answers["lan_address"]).ip != own.ip:
        return proposed(str(own.ip), "own-stays")
    device = answers.facts.interfaces[name].device
    code = "free-address" if answers.facts.link(device).up else "free-unasked"
    return proposed(str(free_address(answers.facts, name, own, ())), code, device=device)


def _check_own_address(answers: Answers, text: str) -> str:
    name, own = answers["lan"], lan_of(answers)
    address = check_address("own_address", text, own.network, name)
    if address == IPv4Interface(answers["lan_address"]).ip:
        raise SetupRefused("address-used", question="own_address", value=str(address), other="lan_address")
    if address != own.ip:
        check_unused(answers.facts, "own_address", address, name)
        check_outside_pool("own_address", address, answers.facts.pool(name))
    return str(address)


def _propose_dhcp(answers: Answers) -> Proposed:
    pool = answers.facts.pool(answers["lan"])
    if pool is None:
        return proposed("0", "dhcp-none")
    for option in pool.options:
        number = option.partition(",")[0].strip()
        if number in GATEWAY_OPTIONS:
            return proposed("0", "dhcp-yours", option=number)
    return proposed("1", "dhcp-serves")


def _serves_dhcp(answers: Answers) -> bool:
    return answers["dhcp"] == "1" and answers.facts.pool(answers["lan"]) is not None


def _propose_leases(answers: Answers) -> Proposed:
    servers = answers.facts.packages[DHCP].of_type("odhcpd")
    if any(is_yes(each.value("maindhcp")) for each in servers):
        return proposed("0", "leases-odhcpd")
    if not answers.facts.holds_answers:
        return proposed("0", "leases-no-queue")
    return proposed("1", "leases-common")


def _propose_node(answers: Answers) -> Proposed:
    name = answers.facts.host_name
    if name.lower() in NAMELESS_HOSTS or not is_node(name):
        return proposed("r1", "only-usual")
    return proposed(name, "host-name")


def link_choices(answers: Answers) -> list[str]:
    """Offer what the link between the routers can be on."""
    fixed = [each.name for each in answers.facts.interfaces.values() if each.fixed]
    ports = answers.facts.ports(answers["lan"])
    return [*answers.facts.free_ports(), *fixed, *(ports if len(ports) > 1 else []), NONE]


def _propose_sync(answers: Answers) -> Proposed:
    free, ports = answers.facts.free_ports(), answers.facts.ports(answers["lan"])
    if free:
        return proposed(free[0], "port-free", device=free[0])
    return proposed(answers["lan"], "over-lan", example=ports[-1] if len(ports) > 1 else "lan4")


def check_link(answers: Answers, text: str) -> str:
    """Check what the link between the routers is on: an interface with an address, or a port."""
    facts = answers.facts
    if text == NONE or text in facts.interfaces:
        return text if text == NONE else check_fixed(answers, text).name
    ports = facts.ports(answers["lan"])
    if ports == [text]:
        raise SetupRefused("last-port", question="sync", value=text, interface=answers["lan"])
    user = facts.user_of(text)
    if user:
        raise SetupRefused("device-used", question="sync", value=text, interface=user)
    if text not in ports and text not in facts.links:
        raise SetupRefused("device-missing", question="sync", value=text)
    return text


def has_port(answers: Answers) -> bool:
    """Tell whether the link between the routers becomes an interface of its own."""
    return answers.has("sync") and answers["sync"] not in answers.facts.interfaces


def _propose_sync_address(answers: Answers) -> Proposed:
    network = free_network(answers.facts)
    return proposed("%s/%d" % (network[2], network.prefixlen), "network-free")


def check_sync_address(answers: Answers, text: str) -> str:
    """Check the own address on a link of its own, which has a network of its own."""
    try:
        found = IPv4Interface(text if "/" in text else text + "/24")
    except ValueError:
        raise SetupRefused("not-address", question="sync_address", value=text) from None
    check_address("sync_address", str(found.ip), found.network, "the link")
    for each in answers.facts.interfaces.values():
        if any(found.network.overlaps(address.network) for address in each.addresses):
            where = {"value": str(found), "interface": each.name}
            raise SetupRefused("overlaps", question="sync_address", **where)
    return str(found)


def link_address(answers: Answers) -> IPv4Interface:
    """Return the own address on the link between the routers."""
    if has_port(answers):
        return IPv4Interface(answers["sync_address"])
    own = answers.facts.interfaces[answers["sync"]].addresses[0]
    if answers["sync"] != answers["lan"]:
        return own
    return IPv4Interface("%s/%d" % (answers["own_address"], lan_of(answers).network.prefixlen))


def _has_link(answers: Answers) -> bool:
    return answers.has("sync")


def _propose_sync_peer(answers: Answers) -> Proposed:
    own = link_address(answers)
    if has_port(answers):
        return proposed(str(own.ip + 1 if own.ip + 1 in own.network else own.ip - 1), "beside")
    given = [answers[name] for name in ("lan_address", "wan_address") if answers.has(name)]
    virtual = [IPv4Interface(text).ip for text in given]
    return proposed(str(free_address(answers.facts, answers["sync"], own, virtual)), "free-address")


def _check_sync_peer(answers: Answers, text: str) -> str:
    own = link_address(answers)
    address = check_address("sync_peer", text, own.network, answers["sync"])
    taken = {"sync_address": str(own.ip), "lan_address": answers["lan_address"].partition("/")[0]}
    for name, value in taken.items():
        if str(address) == value:
            raise SetupRefused("address-used", question="sync_peer", value=value, other=name)
    return str(address)


FIRST = (
    Question("lan", _propose_lan, _check_lan, choices=_lans),
    Question("lan_address", _propose_lan_address, _check_lan_address),
    Question("own_address", _propose_own_address, _check_own_address),
    Question("lan_vrid", propose_vrid("lan", LAN_VRID), vrid_answer("lan_vrid", "lan")),
    Question("lan6_address", propose_link_local, link_local_answer),
    Question("lan6_prefix", propose_prefix, prefix_answer, has_ipv6),
    Question("ra", propose_adverts, flag_answer("ra"), has_ipv6),
    Question("dhcp", _propose_dhcp, flag_answer("dhcp")),
    Question("leases", _propose_leases, flag_answer("leases"), _serves_dhcp),
    *WAN_QUESTIONS,
    Question("node", _propose_node, node_answer),
    Question("priority", lambda _: proposed(PRIORITY, "first-priority"), option_answer("priority")),
    Question("common", lambda _: proposed("1", "one-router"), flag_answer("common")),
    Question("preempt", lambda _: proposed("0", "stay"), flag_answer("preempt")),
    Question(
        "advert_interval", lambda _: proposed(ADVERT_INTERVAL, "quick"), option_answer("advert_interval")
    ),
    Question("sync", _propose_sync, check_link, choices=link_choices),
    Question("sync_address", _propose_sync_address, check_sync_address, has_port),
    Question("sync_peer", _propose_sync_peer, _check_sync_peer, _has_link),
)
