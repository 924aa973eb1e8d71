# SPDX-License-Identifier: GPL-2.0-or-later
"""A router's facts from the machine itself: its files, its devices, and what is heard on them."""

import os
import socket

from haven.agent.vrid_scan import LISTEN_S, Heard, listen
from haven.core.vrrp.constants import is_link_local
from haven.inet import octets_of
from haven.plan.machine import ETHERNET, DeviceFacts, Machine, read_machine
from haven.setup.arp_probe import who_answers
from haven.setup.facts import HeardRouter, LinkFacts, RouterFacts
from haven.setup.netfilter_probe import has_queue
from haven.setup.packages import Packages, read_packages

# What a switch chip's ports are, and what has no kind at all is a port of the board.
PORT_KINDS = ("", "dsa")
SYSFS = "/sys/class/net"


def read_facts(root: str, listen_s: float = LISTEN_S) -> RouterFacts:
    """Read everything about this router. Raises SetupRefused for files that cannot be read."""
    packages = read_packages(root)
    machine = read_machine()
    facts = RouterFacts(packages, _links(machine), who_answers=who_answers, host_name=_host_name(packages))
    facts.holds_answers = has_queue()
    fixed = [each.device for each in facts.interfaces.values() if each.fixed and facts.link(each.device).up]
    heard = listen(fixed, listen_s) if fixed else {}
    facts.heard = {device: tuple(_heard(each) for each in found or ()) for device, found in heard.items()}
    return facts


def _host_name(packages: Packages) -> str:
    sections = packages["system"].of_type("system")
    return sections[0].value("hostname") if sections else socket.gethostname()


def _heard(found: Heard) -> HeardRouter:
    return HeardRouter(found["vrid"], found["source"], tuple(found["addresses"]))


def _links(machine: Machine) -> dict[str, LinkFacts]:
    carrying = {link.lower for link in machine.links.values()}
    return {
        name: LinkFacts(_has_carrier(link), _is_free(link, carrying), _link_local(link), link.mac.hex(":"))
        for name, link in machine.links.items()
    }


def _has_carrier(link: DeviceFacts) -> bool:
    try:
        with open("%s/%s/carrier" % (SYSFS, link.name)) as file:
            return file.read().strip() == "1"
    except OSError:
        # The kernel refuses to say it of a device that is down.
        return False


def _is_free(link: DeviceFacts, carrying: set[int]) -> bool:
    """Tell whether this is a port by itself: no bridge's, no radio, and not what carries a switch chip."""
    beside = [os.path.exists("%s/%s/%s" % (SYSFS, link.name, word)) for word in ("master", "phy80211", "dsa")]
    is_port = link.hardware == ETHERNET and link.kind in PORT_KINDS and link.index not in carrying
    return is_port and not any(beside)


def _link_local(link: DeviceFacts) -> tuple[str, ...]:
    sixes = [each.text for each in link.addresses if ":" in each.text]
    return tuple(text for text in sixes if is_link_local(octets_of(text)))
