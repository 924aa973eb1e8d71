# SPDX-License-Identifier: GPL-2.0-or-later
"""By what the provider knows a router: what has to be the same on both for one lease."""

from haven.config.uci.document import UciSection, parse
from haven.plain_file import read_plain

LARGEST = 200_000
MAC_FILE = "/sys/class/net/%s/address"


def mac_of(device: str) -> str:
    """Return the MAC address of a device as text, empty where there is none."""
    try:
        with open(MAC_FILE % device, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def read_identity(root: str, interface: str, device: str) -> dict[str, str]:
    """Return what the provider sees of this router, as words that two routers can compare."""
    found = {"interface": interface}
    if device and mac_of(device):
        found["MAC address"] = mac_of(device)
    sections = read_network(root)
    section = next((each for each in sections if each.type == "interface" and each.name == interface), None)
    if section is not None:
        found["client identifier"] = section.value("clientid") or _default(sections)
        for option, words in (("username", "user name"), ("service", "service"), ("hostname", "host name")):
            if section.value(option):
                found[words] = section.value(option)
    return found


def _default(sections: list[UciSection]) -> str:
    """Return what OpenWrt makes a client identifier of where none is configured, since 25.12."""
    for section in sections:
        if section.type == "globals":
            return section.value("dhcp_default_duid")
    return ""


def read_network(root: str) -> list[UciSection]:
    """Return the sections of the network's configuration, none where it cannot be read."""
    try:
        text = read_plain(root.rstrip("/") + "/etc/config/network", LARGEST).decode()
    except (OSError, UnicodeDecodeError):
        return []
    return parse(text, "network", "network")[0]
