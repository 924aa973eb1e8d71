# SPDX-License-Identifier: GPL-2.0-or-later
"""The WAN in the packages of both routers; where it is dialled the provider is to see one customer."""

from haven.config.uci.document import UciSection
from haven.contract.setup import DHCP_WAN, OWN_WAN, STATIC_WAN, SetupRefused
from haven.setup.packages import HAVEN, NETWORK, Packages, UciPackage, put, take, values
from haven.setup.questions import Answers
from haven.setup.sections import GROUP, SYNC, free_name, section_of
from haven.setup.wan_questions import is_dialled

OVER_IPV6 = "dhcpv6"
# At priority 1 a router is Active where nobody else can be: of two without a cable none moves.
LAST_RESORT = "%s:254"
# What belongs to another way of getting an address.
OF_A_WAY = ("ipaddr", "netmask", "broadcast", "gateway", "username", "password", "clientid")
# What two routers that are one customer have in common.
CUSTOMER = (*OF_A_WAY, "proto", "auto", "service", "hostname", "dns", "peerdns", "reqprefix", "reqaddress")
# What stands before a MAC address: in a client identifier (RFC 2132 9.14), in a DUID-LL (RFC 8415 11.4).
ETHERNET_ID, ETHERNET_DUID = "01", "00030001"


def set_up_wan(packages: Packages, answers: Answers) -> None:
    """Let the network's configuration be as the answers about the WAN want it."""
    if not answers.has("wan") or answers["wan_proto"] == OWN_WAN:
        return
    section = packages[NETWORK].named(answers["wan"], "interface")
    assert section is not None
    if section.value("proto") != answers["wan_proto"]:
        for option in OF_A_WAY:
            take(section, option)
        put(section, "proto", answers["wan_proto"])
    if answers["wan_proto"] == STATIC_WAN:
        _put_given(section, answers, ipaddr="wan_own_address", gateway="wan_gateway", dns="wan_dns")
        return
    _put_given(section, answers, username="wan_user", password="wan_password")
    _be_one_customer(packages, answers, section)


def _put_given(section: UciSection, answers: Answers, **options: str) -> None:
    for option, question in options.items():
        if answers.has(question):
            put(section, option, answers[question])


def _be_one_customer(packages: Packages, answers: Answers, wan: UciSection) -> None:
    network, device = packages[NETWORK], answers.facts.interfaces[answers["wan"]].device
    mac = _mac_of(network, answers, wan, device)
    take(wan, "macaddr")
    if mac:
        put(_device_section(network, answers["wan"], device), "macaddr", mac)
    for section in dialled_sections(network, wan):
        put(section, "auto", "0")
        _identify(network, section, mac)


def _mac_of(network: UciPackage, answers: Answers, wan: UciSection, device: str) -> str:
    settings = [each for each in network.of_type("device") if each.value("name") == device]
    by_user = [each.value("macaddr") for each in [wan, *settings]]
    return next(filter(None, [*by_user, answers.facts.link(device).mac]), "")


def _device_section(network: UciPackage, wan: str, device: str) -> UciSection:
    """Return the settings of the WAN's device, with a name by which both routers know them."""
    for section in network.of_type("device"):
        if section.value("name") == device:
            section.name = section.name or free_name(network, "%s_dev" % wan)
            return section
    section = section_of(network, "device", free_name(network, "%s_dev" % wan))
    put(section, "name", device)
    return section


def _identify(network: UciPackage, section: UciSection, mac: str) -> None:
    """Name the customer where OpenWrt would take a number that each router has made for itself."""
    has_own = any(each.value("dhcp_default_duid") for each in network.of_type("globals"))
    kinds = {DHCP_WAN: ETHERNET_ID, OVER_IPV6: ETHERNET_DUID}
    kind = kinds.get(section.value("proto"))
    if has_own and kind and mac and not section.value("clientid"):
        put(section, "clientid", kind + mac.replace(":", ""))


def dialled_sections(network: UciPackage, wan: UciSection) -> list[UciSection]:
    """Return the interface of the WAN, and that of IPv6 on the same device."""
    beside = {_device_of(wan), "@%s" % wan.name}
    return [wan] + [
        each
        for each in network.of_type("interface")
        if each.value("proto") == OVER_IPV6 and beside & {*values(each, "device"), *values(each, "ifname")}
    ]


def add_wans(packages: Packages, answers: Answers, lan: UciSection) -> None:
    """Let haven dial, and hand the group over when the cable of the WAN is pulled here."""
    if not is_dialled(answers):
        return
    network, haven = packages[NETWORK], packages[HAVEN]
    wan = network.named(answers["wan"], "interface")
    assert wan is not None
    for section in dialled_sections(network, wan):
        made = section_of(haven, "wan", free_name(haven, section.name))
        put(made, "interface", section.name)
        put(made, "group", GROUP)
    device = answers.facts.interfaces[answers["wan"]].device
    put(lan, "track_interface", [LAST_RESORT % device])
    if answers["common"] == "1":
        _share(haven, _device_section(network, answers["wan"], device).name, lan.name)


def _share(haven: UciPackage, device_section: str, lan: str) -> None:
    """Share the MAC address, which is the hardware's as a rule, and not what the port is called."""
    sync = section_of(haven, "sync", SYNC)
    put(sync, "shared", [*values(sync, "shared"), "network.%s.macaddr" % device_section])
    local = ["network.%s.name" % device_section, "haven.%s.track_interface" % lan]
    put(sync, "local", [*values(sync, "local"), *local])


def take_wan(packages: Packages, first: Packages, name: str) -> None:
    """Be the customer that the first router is, on the device of this one. Raises SetupRefused."""
    there, here = (each[NETWORK].named(name, "interface") for each in (first, packages))
    if there is None:
        return
    here = here or _made_beside(packages, first[NETWORK], there)
    known = _device_of(there)
    if "@" in known + _device_of(here):
        # On the device of another interface, which is taken by itself.
        return
    settings = next((each for each in first[NETWORK].of_type("device") if each.value("name") == known), None)
    if settings is not None and settings.name and settings.value("macaddr"):
        take(here, "macaddr")
        own = _device_section(packages[NETWORK], name, _device_of(here))
        if packages[NETWORK].named(settings.name) is None:
            own.name = settings.name
        put(own, "macaddr", settings.value("macaddr"))
    for router in packages[HAVEN].of_type("virtual_router"):
        _track_own(router, known, _device_of(here))


def _made_beside(packages: Packages, first: UciPackage, there: UciSection) -> UciSection:
    """Make the interface of IPv6 on the device of another one, as it is on the first router."""
    for each in first.of_type("interface"):
        found = packages[NETWORK].named(each.name, "interface")
        if each is not there and there in dialled_sections(first, each) and found is not None:
            made = section_of(packages[NETWORK], "interface", there.name)
            put(made, "proto", OVER_IPV6)
            put(made, "device", "@%s" % each.name)
            return made
    raise SetupRefused("interface-missing", interface=there.name)


def _track_own(router: UciSection, there: str, here: str) -> None:
    tracked, theirs, own = values(router, "track_interface"), LAST_RESORT % there, LAST_RESORT % here
    if theirs in tracked:
        put(router, "track_interface", [own if each == theirs else each for each in tracked])


def _device_of(section: UciSection) -> str:
    return (values(section, "device") + values(section, "ifname") + [""])[0]
