# SPDX-License-Identifier: GPL-2.0-or-later
"""How the lab breaks what doctor has to name."""

import sys
from pathlib import Path

from haven.core.announce import gratuitous_arp
from haven.inet import octets_of
from tests.lab.agent_node import AgentNode
from tests.lab.doctor_pair import DHCP_FILE, DoctorPair
from tests.lab.forged import Forger
from tests.lab.network import GATEWAY, UPLINK
from tests.lab.wait import wait_until

REPEAT = """
import socket, sys, time
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((sys.argv[1], 0))
while True:
    link.send(bytes.fromhex(sys.argv[2]))
    time.sleep(0.2)
"""
GUEST_MAC = "02:00:00:00:01:66"
ON_SWITCH = "table bridge broken {\n chain forward {\n type filter hook forward priority 0;\n %s\n }\n}\n"
NO_MULTICAST = "ether daddr 01:00:5e:00:00:12 drop"
# From the standby alone, so that it goes on hearing the Active.
MULTICAST_ON_WAN = 'iifname "r2-wan" ' + NO_MULTICAST
SHUT_OUT = "table inet broken { chain input { type filter hook input priority 0; meta l4proto 112 drop; }; }"
SNAT = """
table ip nat
delete table ip nat
table ip nat {
 chain postrouting {
  type nat hook postrouting priority srcnat;
  %s
 }
}
"""
LEASE = "\nconfig host\n\toption name 'printer'\n\toption mac '02:00:00:00:01:77'\n\toption ip '%s'\n"
MEMINFO = "MemTotal: 120000 kB\nMemFree: 900 kB\nMemAvailable: 3000 kB\n"


def cut(pair: DoctorPair) -> None:
    """Let nothing pass between the routers on the LAN."""
    pair.network.split("lan")


def deafen(pair: DoctorPair) -> None:
    """Let the standby hear nothing of the Active on the LAN."""
    pair.network.deafen("r2", "lan")


def on_switch(pair: DoctorPair, rule: str) -> None:
    """Let the switch do something with what it carries."""
    pair.network.switch.namespace.nft(ON_SWITCH % rule)


def drop_multicast(pair: DoctorPair) -> None:
    """Let a switch snoop, and have heard of nobody who wants VRRP."""
    on_switch(pair, NO_MULTICAST)


def lower_ttl(pair: DoctorPair) -> None:
    """Change what passes."""
    on_switch(pair, "ip protocol 112 ip ttl set 64")


def drop_foreign_macs(pair: DoctorPair) -> None:
    """Let a hypervisor keep its guests from speaking with other MAC addresses."""
    on_switch(pair, "ether saddr & ff:ff:ff:ff:ff:00 == 00:00:5e:00:01:00 drop")


def shut_out_first(pair: DoctorPair) -> None:
    """Let the Active's firewall drop VRRP."""
    pair.first.router.namespace.nft(SHUT_OUT)


def shut_out_second(pair: DoctorPair) -> None:
    """Let the standby's firewall drop VRRP."""
    pair.second.router.namespace.nft(SHUT_OUT)


def _repeat(pair: DoctorPair, segment: str, frame: bytes) -> None:
    guest = pair.network.guest("guest", segment, GUEST_MAC)
    guest.spawn([sys.executable, "-c", REPEAT, segment, frame.hex()])


def stranger(pair: DoctorPair) -> None:
    """Let a router that is none of the pair advertise, with a lower priority than the Active's."""
    _repeat(pair, "lan", Forger(4).say(50))


def claim_virtual(pair: DoctorPair) -> None:
    """Give another machine the virtual address."""
    pair.network.guest("guest", "lan", GUEST_MAC).ip(f"address add {GATEWAY}/24 dev lan")


def claim_own(pair: DoctorPair) -> None:
    """Give another machine the standby's own address."""
    guest = pair.network.guest("guest", "lan", GUEST_MAC)
    guest.ip(f"address add {pair.second.router.address('lan')}/24 dev lan")


def hold(pair: DoctorPair) -> None:
    """Set the virtual address on the standby."""
    pair.second.router.namespace.ip(f"address add {GATEWAY}/32 dev lo")


def ignore_arp(pair: DoctorPair) -> None:
    """Let the Active answer no ARP."""
    pair.first.router.namespace.sysctl(ipv4__conf__lan__arp_ignore=8)


def pool(pair: DoctorPair) -> None:
    """Let DHCP give the virtual address away."""
    pair.write(pair.second, "dhcp", DHCP_FILE.replace("'100'", "'1'", 1))


def lease(pair: DoctorPair) -> None:
    """Let DHCP give the standby's own address to a printer."""
    pair.write(pair.first, "dhcp", DHCP_FILE + LEASE % pair.second.router.address("lan"))


def masquerade(pair: DoctorPair) -> None:
    """Let the Active masquerade, as OpenWrt does."""
    pair.first.router.namespace.nft(SNAT % 'oifname "wan" masquerade')


def snat_own(pair: DoctorPair) -> None:
    """Let connections leave the standby from its own address."""
    own = pair.second.router.address("wan")
    pair.second.router.namespace.nft(SNAT % f'oifname "wan" ip saddr 10.77.0.0/24 snat to {own}')


def no_snat(pair: DoctorPair) -> None:
    """Let connections leave the standby as they are."""
    pair.second.router.namespace.nft("delete table ip nat")


def no_route(pair: DoctorPair) -> None:
    """Take the standby's default route away."""
    pair.second.router.namespace.ip("route del default")


def lose_provider(pair: DoctorPair) -> None:
    """Let the standby not reach the provider."""
    pair.network.lose_host("r2", "wan")


def no_forwarding(pair: DoctorPair) -> None:
    """Let the standby forward nothing."""
    pair.second.router.namespace.sysctl(ipv4__ip_forward=0)


def stale_upstream(pair: DoctorPair) -> None:
    """Let the provider's router believe the virtual address with the standby."""
    mac = pair.second.router.mac("wan")
    pair.network.server.ip(f"neigh replace {UPLINK} lladdr {mac} nud permanent dev wan")


def helper(pair: DoctorPair) -> None:
    """Let the Active alone know a helper."""
    pair.first.router.namespace.nft('table inet help {\n ct helper ftp { type "ftp" protocol tcp; }\n}\n')


def client_on_sync(pair: DoctorPair) -> None:
    """Let somebody be on the link for copies."""
    question = gratuitous_arp(bytes.fromhex(GUEST_MAC.replace(":", "")), octets_of("10.99.0.50"))
    _repeat(pair, "sync", question)


def pull_sync(pair: DoctorPair) -> None:
    """Pull the cable for copies, and wait until it is noticed."""
    pair.network.cable_pull("r2", "sync")
    wait_until(lambda: _has(pair.second, "conntrack-link-down"), 20, "the cable is missed")


def pull_lan(pair: DoctorPair) -> None:
    """Pull the standby's cable to the LAN, and wait until it is noticed."""
    pair.network.cable_pull("r2", "lan")
    wait_until(lambda: pair.second.state() == "fault", 20, "the standby is out")


def _has(node: AgentNode, code: str) -> bool:
    return any(each["code"] == code for each in node.problems())


def full_flash(pair: DoctorPair) -> tuple[str, ...]:
    """Give the Active an overlay without room."""
    overlay = pair.first.root / "overlay"
    overlay.mkdir(exist_ok=True)
    return ("unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=64k none {overlay} && exec "$@"', "sh")


def no_memory(pair: DoctorPair) -> tuple[str, ...]:
    """Let the kernel say that there is little memory left."""
    told = Path(pair.first.folder / "meminfo")
    told.write_text(MEMINFO)
    return ("unshare", "-m", "sh", "-c", f'mount --bind {told} /proc/meminfo && exec "$@"', "sh")


def mistake(pair: DoctorPair) -> None:
    """Write a line into the standby's configuration that is none."""
    with pair.second.config_path.open("a") as file:
        file.write("\toption colour 'red'\n")


def change(pair: DoctorPair) -> None:
    """Change the standby's configuration, and say nothing."""
    text = pair.second.config_path.read_text()
    pair.second.config_path.write_text(text.replace("option priority '100'", "option priority '90'"))


def no_boot(pair: DoctorPair) -> None:
    """Give the standby OpenWrt's scripts, and no link for the boot."""
    for name in ("init.d", "rc.d"):
        (pair.second.root / "etc" / name).mkdir(parents=True)
    (pair.second.root / "etc/init.d/haven").touch()


def other_address(pair: DoctorPair) -> None:
    """Give the standby other virtual addresses."""
    pair.reload(pair.second, f"'{GATEWAY}/24'", "'10.77.0.9/24'")


def other_interval(pair: DoctorPair) -> None:
    """Give the standby another interval."""
    pair.reload(pair.second, "advert_interval '100'", "advert_interval '200'")


def other_version(pair: DoctorPair) -> None:
    """Let the standby speak version 2."""
    pair.reload(pair.second, "advert_interval '100'", "advert_interval '1000'")
    pair.reload(pair.second, "version '3'", "version '2'")


def other_checksum(pair: DoctorPair) -> None:
    """Let the standby sum its packets up in the other way."""
    pair.reload(pair.second, "\toption version '3'\n", "\toption version '3'\n\toption checksum 'message'\n")


def other_mac(pair: DoctorPair) -> None:
    """Give the standby alone a virtual MAC address."""
    pair.reload(pair.second, "virtual_mac '0'", "virtual_mac '1'")


def same_priority(pair: DoctorPair) -> None:
    """Give both one priority."""
    pair.reload(pair.second, "priority '100'", "priority '200'")


def crossed_priority(pair: DoctorPair) -> None:
    """Let the standby be the better one on the WAN."""
    head, mark, tail = pair.second.config_path.read_text().rpartition("priority '100'")
    pair.second.config_path.write_text(head + mark.replace("100", "240") + tail)
    pair.second.cli("reload")


def other_vrid(pair: DoctorPair) -> None:
    """Give the standby another VRID."""
    pair.reload(pair.second, "vrid '51'", "vrid '61'")


def other_groups(pair: DoctorPair) -> None:
    """Let LAN and WAN of the standby be groups of their own."""
    text = pair.second.config_path.read_text()
    head, mark, tail = text.rpartition("option group 'gateway'")
    changed = head + mark.replace("gateway", "second") + tail + "\nconfig group 'second'\n"
    pair.second.config_path.write_text(changed)
    pair.second.cli("reload")


def password(pair: DoctorPair) -> None:
    """Let the standby want a password, and miss it."""
    pair.reload(pair.second, "\toption version '2'\n", "\toption version '2'\n\toption auth_pass 'secret'\n")
    wait_until(lambda: _has(pair.second, "settings-differ"), 20, "it is missed")


def other_mtu(pair: DoctorPair) -> None:
    """Give the standby's WAN another MTU."""
    pair.second.router.namespace.ip("link set wan mtu 1400")


def small_mtu(pair: DoctorPair) -> None:
    """Give both many addresses on the LAN, and the standby's LAN an MTU that is too small for them."""
    more = "".join(f"\tlist address '10.77.1.{host}/32'\n" for host in range(1, 40))
    for node in pair.nodes:
        pair.reload(node, f"\tlist address '{GATEWAY}/24'\n", f"\tlist address '{GATEWAY}/24'\n{more}")
    pair.second.router.namespace.ip("link set lan mtu 120")


def filter_bridges(pair: DoctorPair) -> None:
    """Let the firewall see bridged frames."""
    pair.second.router.namespace.run("sh", "-c", "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables")


def slow(pair: DoctorPair) -> None:
    """Let both wait for ADVERTISEMENTs alone, and those be rare."""
    for node in pair.nodes:
        pair.reload(node, "advert_interval '100'", "advert_interval '3000'")
    for node in pair.nodes:
        pair.reload(node, "\toption preempt '0'\n", "\toption preempt '0'\n\toption heartbeat '0'\n")
    wait_until(lambda: pair.second.group()["detection"]["after_ms"] > 5000, 20, "it would take long")
