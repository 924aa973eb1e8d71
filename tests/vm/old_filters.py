# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's address translation and firewall by iptables, for a kernel whose nf_tables knows no IPv4."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from pytest import MonkeyPatch

from tests.lab.namespace import Namespace
from tests.lab.network import UPLINK

LAN = "10.77.0.0/24"
LETS_IN = (("ESTABLISHED,RELATED", "ACCEPT"), ("INVALID", "DROP"))
MODULES = ("ip_tables", "iptable_nat", "iptable_filter", "xt_nat", "xt_conntrack")


@contextmanager
def where_needed() -> Iterator[None]:
    """Let routers have their rules on any kernel."""
    subprocess.run(["modprobe", "-a", "-q", *MODULES], check=False)
    with MonkeyPatch.context() as patch:
        if _are_needed():
            patch.setattr(Namespace, "nft", _nft)
        yield


def _are_needed() -> bool:
    """Tell whether the kernel refuses a table for IPv4; nothing is made."""
    asked = ["nft", "--check", "add", "table", "ip", "haven-vm"]
    return subprocess.run(asked, capture_output=True, check=False).returncode != 0


def _nft(inside: Namespace, text: str) -> None:
    if "type nat hook postrouting" in text:
        for device in _devices("oifname", text):
            where = ["-o", device, "-s", LAN, "-j", "SNAT", "--to-source", UPLINK]
            inside.run("iptables-legacy", "-t", "nat", "-A", "POSTROUTING", *where)
    if "hook forward" in text:
        for states, fate in LETS_IN:
            _forward(inside, states, fate)
        for device in _devices("iifname", text):
            _forward(inside, "NEW", "ACCEPT", "-i", device)
        inside.run("iptables-legacy", "-P", "FORWARD", "DROP")


def _forward(inside: Namespace, states: str, fate: str, *where: str) -> None:
    tracked = ["-m", "conntrack", "--ctstate", states, "-j", fate]
    inside.run("iptables-legacy", "-A", "FORWARD", *where, *tracked)


def _devices(word: str, text: str) -> list[str]:
    """List the devices of the first rule about devices that are gone in by, or out."""
    found = re.search(word + r' (\{[^}]*\}|"[^"]*")', text)
    return re.findall('"([^"]+)"', found[1]) if found else []
