# SPDX-License-Identifier: GPL-2.0-or-later
"""The questions about the WAN to the first router of a pair: how it gets its address, and what it shares."""

from collections.abc import Callable
from ipaddress import IPv4Interface

from haven.contract.setup import DHCP_WAN, NONE, OWN_WAN, PPPOE_WAN, STATIC_WAN, SetupRefused
from haven.setup.facts import InterfaceFacts, as_address, is_yes
from haven.setup.free_addresses import check_address, check_unused
from haven.setup.packages import NETWORK
from haven.setup.questions import (
    Answers,
    Proposed,
    Question,
    flag_answer,
    propose_vrid,
    proposed,
    vrid_answer,
)

WAN_VRID = 52
KINDS = (DHCP_WAN, PPPOE_WAN, STATIC_WAN, OWN_WAN)
# By what the network's configuration says: one lease, one session, or an address of each router's own.
WHYS = {DHCP_WAN: "wan-one-lease", PPPOE_WAN: "wan-one-session", STATIC_WAN: "wan-fixed"}


def _wans(answers: Answers) -> list[str]:
    names = [each.name for each in answers.facts.interfaces.values() if each.name != answers["lan"]]
    return [*names, NONE]


def _propose_wan(answers: Answers) -> Proposed:
    wan = answers.facts.interfaces.get("wan")
    if wan is None or wan.name == answers["lan"]:
        return proposed(NONE, "wan-none")
    if not answers.facts.link(wan.device).up:
        return proposed(NONE, "wan-no-link", interface=wan.name)
    return proposed(wan.name, "wan-watched")


def _check_wan(answers: Answers, name: str) -> str:
    if name == answers["lan"]:
        raise SetupRefused("wan-is-lan", question="wan", value=name)
    if name != NONE and name not in answers.facts.interfaces:
        raise SetupRefused("interface-missing", interface=name)
    return name


def _has_wan(answers: Answers) -> bool:
    return answers.has("wan")


def _wan(answers: Answers) -> InterfaceFacts:
    return answers.facts.interfaces[answers["wan"]]


def _propose_kind(answers: Answers) -> Proposed:
    proto = _wan(answers).proto
    if proto == STATIC_WAN or (proto in WHYS and _has_device(answers)):
        return proposed(proto, WHYS[proto])
    return proposed(OWN_WAN, "wan-dynamic", interface=answers["wan"], proto=proto or "nothing")


def _has_device(answers: Answers) -> bool:
    """Tell whether the WAN is on a device that only it is on: neither another interface's nor the LAN's."""
    device = _wan(answers).device
    return bool(device) and device[0] != "@" and device != answers.facts.interfaces[answers["lan"]].device


def _check_kind(answers: Answers, text: str) -> str:
    if text not in KINDS:
        raise SetupRefused("not-choice", question="wan_proto", value=text, choices=", ".join(KINDS))
    if _has_wan(answers) and text in (DHCP_WAN, PPPOE_WAN) and not _has_device(answers):
        raise SetupRefused("wan-no-device", question="wan_proto", interface=answers["wan"])
    return text


def is_dialled(answers: Answers) -> bool:
    """Tell whether the WAN is up on the Active alone, with one lease or one session for all routers."""
    return answers["wan_proto"] in (DHCP_WAN, PPPOE_WAN)


def _lacks_login(answers: Answers) -> bool:
    section = answers.facts.packages[NETWORK].named(answers["wan"], "interface")
    return answers["wan_proto"] == PPPOE_WAN and section is not None and not section.value("username")


def _provider_tells(answers: Answers) -> Proposed:
    return proposed(None, "wan-contract")


def _check_word(name: str) -> Callable[[Answers, str], str]:
    def check(_answers: Answers, text: str) -> str:
        if not text or text == NONE or not text.isprintable():
            raise SetupRefused("not-word", question=name)
        return text

    return check


def _lacks_address(answers: Answers) -> bool:
    return answers["wan_proto"] == STATIC_WAN and not _wan(answers).fixed


def _check_wan_own(answers: Answers, text: str) -> str:
    try:
        found = IPv4Interface(text)
    except ValueError:
        found = None
    if found is None or "/" not in text or found.network.num_addresses < 2:
        raise SetupRefused("not-with-length", question="wan_own_address", value=text)
    check_address("wan_own_address", str(found.ip), found.network, answers["wan"])
    for each in answers.facts.interfaces.values():
        if each.name != answers["wan"] and any(found.network.overlaps(one.network) for one in each.addresses):
            where = {"value": text, "interface": each.name}
            raise SetupRefused("overlaps", question="wan_own_address", **where)
    return str(found)


def own_wan_address(answers: Answers) -> IPv4Interface:
    """Return the fixed address that this router has on the WAN."""
    return _wan(answers).addresses[0] if _wan(answers).fixed else IPv4Interface(answers["wan_own_address"])


def _check_gateway(answers: Answers, text: str) -> str:
    if not _lacks_address(answers):
        return text
    own = own_wan_address(answers)
    address = check_address("wan_gateway", text, own.network, answers["wan"])
    if address == own.ip:
        where = {"value": str(address), "other": "the own address"}
        raise SetupRefused("address-used", question="wan_gateway", **where)
    return str(address)


def _propose_dns(answers: Answers) -> Proposed:
    return proposed(answers["wan_gateway"], "as-gateway")


def _check_dns(_answers: Answers, text: str) -> str:
    if as_address(text) is None:
        raise SetupRefused("not-address", question="wan_dns", value=text)
    return text


def _can_share(answers: Answers) -> bool:
    return answers["wan_proto"] == STATIC_WAN


def _check_wan_address(answers: Answers, text: str) -> str:
    if text == NONE:
        return text
    if not _can_share(answers):
        found = answers.facts.interfaces.get(answers["wan"])
        proto = (found.proto if found else "") or "nothing"
        where = {"interface": answers["wan"], "proto": proto}
        raise SetupRefused("wan-not-static", question="wan_address", **where)
    wan, own = _wan(answers), own_wan_address(answers)
    address = check_address("wan_address", text, own.network, wan.name)
    gateway = answers["wan_gateway"] if answers.has("wan_gateway") else wan.gateway
    if str(address) in (str(own.ip), gateway):
        other = "the own address" if address == own.ip else "the gateway"
        raise SetupRefused("address-used", question="wan_address", value=str(address), other=other)
    check_unused(answers.facts, "wan_address", address, wan.name)
    return "%s/%d" % (address, own.network.prefixlen)


def _has_wan_address(answers: Answers) -> bool:
    return answers.has("wan_address")


def _propose_nat(answers: Answers) -> Proposed:
    zone = answers.facts.zone_of(answers["wan"])
    if zone is None or not is_yes(zone.value("masq")):
        return proposed("0", "no-masquerade", interface=answers["wan"])
    return proposed("1", "masquerade")


WAN_QUESTIONS = (
    Question("wan", _propose_wan, _check_wan, choices=_wans),
    Question("wan_proto", _propose_kind, _check_kind, _has_wan, lambda _: list(KINDS)),
    Question("wan_user", _provider_tells, _check_word("wan_user"), _lacks_login),
    Question("wan_password", _provider_tells, _check_word("wan_password"), _lacks_login),
    Question("wan_own_address", _provider_tells, _check_wan_own, _lacks_address),
    Question("wan_gateway", _provider_tells, _check_gateway, _lacks_address),
    Question("wan_dns", _propose_dns, _check_dns, _lacks_address),
    Question("wan_address", lambda _: proposed(NONE, "wan-asks"), _check_wan_address, _can_share),
    Question("wan_vrid", propose_vrid("wan", WAN_VRID), vrid_answer("wan_vrid", "wan"), _has_wan_address),
    Question("nat", _propose_nat, flag_answer("nat"), _has_wan_address),
)
