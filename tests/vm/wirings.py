# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers whose devices are VLANs, bridges that filter VLANs, bonds; a sync link in a tunnel."""

import subprocess

from tests.lab.namespace import Namespace
from tests.lab.switch import Switch, port_name
from tests.lab.wiring import SEGMENTS, Wiring

VLANS = {"lan": 2, "wan": 3, "sync": 4}
WIREGUARD_PORT = 51899


def cable_name(segment: str) -> str:
    """Name what a cable of a segment ends in, below the router's device."""
    return f"eth{SEGMENTS.index(segment)}"


class Vlans(Wiring):
    """eth0.2, eth1.3 and eth2.4: the switch wants what comes from a router tagged."""

    kind = "VLAN on a cable (eth0.2)"

    def device(self, segment: str) -> str:
        """Name the VLAN."""
        return f"{cable_name(segment)}.{VLANS[segment]}"

    def lay(self, switch: Switch, inside: Namespace, macs: dict[str, str]) -> None:
        """Lay cables to ports that know frames of the VLAN alone."""
        for segment in SEGMENTS:
            cable, port, number = cable_name(segment), port_name(inside.word, segment), VLANS[segment]
            switch.plug(inside, segment, cable, macs[segment])
            switch.namespace.ip(f"link set {segment} type bridge vlan_filtering 1 vlan_default_pvid {number}")
            switch.namespace.run("bridge", "vlan", "add", "dev", port, "vid", str(number))
            device = self.device(segment)
            inside.ip(
                f"link set {cable} up",
                f"link add link {cable} name {device} type vlan id {number}",
                f"link set {device} up",
            )


class FilteredBridges(Wiring):
    """br-lan.10: a VLAN on a bridge that filters them, as OpenWrt makes it of a switch's ports."""

    kind = "VLAN on a bridge that filters VLANs (br-lan.10)"

    def device(self, segment: str) -> str:
        """Name the VLAN."""
        return f"br-{segment}.10"

    def lay(self, switch: Switch, inside: Namespace, macs: dict[str, str]) -> None:
        """Lay cables to the bridges, whose ports have no tags outside."""
        inside.let_frames_pass()
        for segment in SEGMENTS:
            cable, bridge, device = cable_name(segment), f"br-{segment}", self.device(segment)
            switch.plug(inside, segment, cable, macs[segment].replace("02:", "06:", 1))
            inside.ip(
                f"link add {bridge} address {macs[segment]} type bridge stp_state 0 forward_delay 0 "
                "mcast_snooping 0 vlan_filtering 1 vlan_default_pvid 0",
                f"link set {cable} master {bridge} up",
                f"link set {bridge} up",
                f"link add link {bridge} name {device} type vlan id 10",
            )
            inside.run("bridge", "vlan", "add", "dev", cable, "vid", "10", "pvid", "untagged")
            inside.run("bridge", "vlan", "add", "dev", bridge, "vid", "10", "self")
            inside.ip(f"link set {device} up")


class Bonds(Wiring):
    """bond0, bond1 and bond2, of a cable each."""

    kind = "bond (active-backup)"

    def device(self, segment: str) -> str:
        """Name the bond."""
        return f"bond{SEGMENTS.index(segment)}"

    def lay(self, switch: Switch, inside: Namespace, macs: dict[str, str]) -> None:
        """Lay cables to the bonds."""
        for segment in SEGMENTS:
            cable, device = cable_name(segment), self.device(segment)
            switch.plug(inside, segment, cable, macs[segment])
            inside.ip(
                f"link add {device} address {macs[segment]} type bond mode active-backup miimon 20",
                f"link set {cable} down",
                f"link set {cable} master {device}",
                f"link set {device} up",
            )


class Macvlans(Wiring):
    """A macvlan on each cable, as a container has; with virtual MAC haven's own stands beside it."""

    kind = "macvlan on a cable"

    def device(self, segment: str) -> str:
        """Name the macvlan."""
        return f"mv-{segment}"

    def lay(self, switch: Switch, inside: Namespace, macs: dict[str, str]) -> None:
        """Lay cables, and put a macvlan on each."""
        for segment in SEGMENTS:
            cable, device = cable_name(segment), self.device(segment)
            switch.plug(inside, segment, cable, macs[segment].replace("02:", "06:", 1))
            # What the cable would answer for the macvlan, with its own MAC address.
            inside.sysctl(**{f"ipv4__conf__{cable}__arp_ignore": 1})
            inside.ip(
                f"link set {cable} up",
                f"link add link {cable} name {device} address {macs[segment]} type macvlan mode bridge",
                f"link set {device} up",
            )


class TunnelledSync(Wiring):
    """A sync link that is a WireGuard tunnel."""

    kind = "WireGuard"

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def device(self, segment: str) -> str:
        """Name the tunnel, or a cable."""
        return "wg0" if segment == "sync" else segment

    def lay(self, switch: Switch, inside: Namespace, macs: dict[str, str]) -> None:
        """Lay cables, and a tunnel through that of the sync link to the other of two routers."""
        super().lay(switch, inside, macs)
        own = int(macs["sync"].rpartition(":")[2], 16)
        for host in (2, 3):
            self._keys.setdefault(f"{host}", _word("wg", "genkey"))
        other = 5 - own
        inside.run("sh", "-c", f"umask 077; echo '{self._keys[f'{own}']}' >/tmp/{inside.name}.key")
        inside.ip(f"address add 10.98.0.{own}/24 dev sync", "link add wg0 type wireguard")
        public = _word("wg", "pubkey", stdin=self._keys[f"{other}"])
        inside.run(
            *f"wg set wg0 listen-port {WIREGUARD_PORT} private-key /tmp/{inside.name}.key".split(),
            *f"peer {public} endpoint 10.98.0.{other}:{WIREGUARD_PORT}".split(),
            *["allowed-ips", "10.99.0.0/24"],
        )
        inside.run("rm", f"/tmp/{inside.name}.key")
        inside.ip("link set wg0 up")


def _word(*argv: str, stdin: str = "") -> str:
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True).stdout.strip()
