# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages of the first router of a pair, as the answers want them."""

from ipaddress import IPv4Interface

from haven.config.uci.document import UciSection
from haven.contract.setup import NONE
from haven.setup.first_questions import has_port, lan_of, link_address
from haven.setup.one_customer import add_wans, set_up_wan
from haven.setup.packages import FIREWALL, HAVEN, Packages, UciPackage, copied, put
from haven.setup.questions import Answers
from haven.setup.sections import CONNTRACK, GROUP, NAT, SYNC, free_name, make_link, section_of, set_address
from haven.setup.wan_questions import is_dialled


def first_packages(answers: Answers) -> Packages:
    """Return the packages after the setup; those before it stay as they are."""
    packages = copied(answers.facts.packages)
    _set_up_network(packages, answers)
    link = _make_link(packages, answers)
    _set_up_firewall(packages[FIREWALL], answers)
    lan = _set_up_haven(packages[HAVEN], answers, link)
    add_wans(packages, answers, lan)
    return packages


def _set_up_network(packages: Packages, answers: Answers) -> None:
    own = lan_of(answers)
    if str(own.ip) != answers["own_address"]:
        wanted = IPv4Interface("%s/%d" % (answers["own_address"], own.network.prefixlen))
        set_address(packages, answers["lan"], wanted)
    set_up_wan(packages, answers)


def _make_link(packages: Packages, answers: Answers) -> str:
    if not has_port(answers):
        return answers["sync"]
    return make_link(packages, answers["sync"], IPv4Interface(answers["sync_address"]))


def _set_up_firewall(firewall: UciPackage, answers: Answers) -> None:
    zone = answers.facts.zone_of(answers["wan"]) if answers.has("wan") else None
    if answers["nat"] != "1" or zone is None:
        return
    section = section_of(firewall, "nat", NAT)
    put(section, "name", "haven: one address on the WAN")
    put(section, "src", zone.value("name"))
    put(section, "src_ip", str(lan_of(answers).network))
    put(section, "proto", ["all"])
    put(section, "target", "SNAT")
    put(section, "snat_ip", answers["wan_address"].partition("/")[0])


def _set_up_haven(haven: UciPackage, answers: Answers, link: str) -> UciSection:
    """Write haven's own package; return the virtual router of the LAN."""
    mains = haven.of_type("haven")
    main = mains[0] if mains else section_of(haven, "haven", "main")
    put(main, "enabled", "1")
    put(main, "node", answers["node"])
    put(section_of(haven, "group", GROUP), "preempt", answers["preempt"])
    lan = _router(haven, answers, "lan", answers["lan"])
    if answers.has("wan") and not answers.has("wan_address") and not is_dialled(answers):
        put(lan, "track_interface", [answers["wan"]])
    if answers.has("lan6_address"):
        _router6(haven, answers)
    if answers.has("wan_address"):
        _router(haven, answers, "wan", answers["wan"])
    if answers["dhcp"] == "1":
        clients = section_of(haven, "dhcp", free_name(haven, "dhcp_%s" % answers["lan"]))
        put(clients, "interface", answers["lan"])
        put(clients, "virtual_router", lan.name)
        if answers["leases"] == "1":
            put(clients, "leases", "1")
    if link != NONE:
        _copy_connections(haven, answers, link)
    if answers["common"] == "1":
        put(section_of(haven, "sync", SYNC), "enabled", "1")
    return lan


def _router(haven: UciPackage, answers: Answers, part: str, interface: str) -> UciSection:
    section = _new_router(haven, answers, interface)
    put(section, "interface", interface)
    put(section, "vrid", answers["%s_vrid" % part])
    _say_when(section, answers)
    put(section, "address", [answers["%s_address" % part]])
    return section


def _router6(haven: UciPackage, answers: Answers) -> None:
    # An IPv6 virtual router may have the VRID of the IPv4 one beside it (RFC 9568 5.2.3).
    section = _new_router(haven, answers, "%s6" % answers["lan"])
    put(section, "interface", answers["lan"])
    put(section, "vrid", answers["lan_vrid"])
    _say_when(section, answers)
    prefix = [answers["lan6_prefix"]] if answers.has("lan6_prefix") else []
    put(section, "address", [answers["lan6_address"], *prefix])
    if answers["ra"] == "1":
        put(section, "ra", "1")


def _new_router(haven: UciPackage, answers: Answers, wish: str) -> UciSection:
    section = section_of(haven, "virtual_router", free_name(haven, wish))
    put(section, "group", GROUP)
    return section


def _say_when(section: UciSection, answers: Answers) -> None:
    put(section, "priority", answers["priority"])
    put(section, "advert_interval", answers["advert_interval"])


def _copy_connections(haven: UciPackage, answers: Answers, link: str) -> None:
    section = section_of(haven, "conntrack", CONNTRACK)
    put(section, "enabled", "1")
    put(section, "interface", link)
    put(section, "address", str(link_address(answers).ip))
    put(section, "peer_address", [answers["sync_peer"]])
