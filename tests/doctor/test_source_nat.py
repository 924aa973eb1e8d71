# SPDX-License-Identifier: GPL-2.0-or-later
"""Which source address a connection gets, by rules as nft prints them, OpenWrt's among them."""

import json
import subprocess

import pytest

from haven.doctor.source_nat import helpers, verdict
from tests.root import need_root

# As fw4 writes it: chains for zones, and the user's section nat before the zone's masquerading.
FW4 = """
table inet fw4 {
	ct helper ftp { type "ftp" protocol tcp; }
	chain srcnat {
		type nat hook postrouting priority srcnat; policy accept;
		oifname { "eth1", "pppoe-wan" } jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
	}
	chain srcnat_wan {
		%s
		meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
	}
}
"""
SNAT = "meta nfproto ipv4 ip saddr 192.168.1.0/24 counter snat ip to 192.168.0.4"


def rules(text: str) -> list[dict]:
    """Return rules as nft prints them, in a network namespace that has nothing else."""
    need_root()
    argv = ["unshare", "-n", "sh", "-c", "nft -f - && nft -j list ruleset"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["nftables"]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("", ("masquerade", "")),
        (SNAT, ("snat", "192.168.0.4")),
        ("ip saddr 10.0.0.0/8 counter snat ip to 192.168.0.4", ("masquerade", "")),
        ("ip saddr != 10.0.0.0/8 accept", ("none", "")),
        ("ip saddr { 192.168.1.5, 192.168.1.128/25 } snat ip to 192.168.0.4", ("snat", "192.168.0.4")),
        ("ip saddr 192.168.1.200-192.168.1.254 return", ("none", "")),
        ("ct mark 7 snat ip to 192.168.0.9", ("masquerade", "")),
        ("udp dport 53 snat ip to 192.168.0.9", ("masquerade", "")),
        ("meta l4proto tcp snat ip to 192.168.0.4", ("snat", "192.168.0.4")),
    ],
)
def test_the_first_rule_that_holds_decides(rule: str, wanted: tuple[str, str]):
    assert verdict(rules(FW4 % rule), "br-lan", "eth1", "192.168.1.254") == wanted


def test_another_way_out_is_another_matter():
    assert verdict(rules(FW4 % SNAT), "br-lan", "eth2", "192.168.1.254") == ("none", "")


def test_helpers_are_those_of_the_rules():
    assert helpers(rules(FW4 % "")) == ["ftp"] and helpers([]) == []


def test_jumps_in_a_circle_end():
    rule = {"family": "ip", "table": "nat", "chain": "one", "expr": [{"jump": {"target": "one"}}]}
    chain = {"family": "ip", "table": "nat", "name": "one", "type": "nat", "hook": "postrouting", "prio": 100}
    assert verdict([{"chain": chain}, {"rule": rule}, {"rule": rule}], "lan", "wan", "10.0.0.1")[0] == "none"
