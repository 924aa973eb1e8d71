# SPDX-License-Identifier: GPL-2.0-or-later
"""A router's firewall as a real one has it: strict tracking, a stateful forward chain, a port forward."""

from tests.lab.namespace import Namespace
from tests.lab.network import CLIENT, UPLINK, Router

FORWARDED_PORT = 8022

RULES = f"""
table inet firewall {{
 chain forward {{
  type filter hook forward priority filter; policy drop;
  ct state established,related accept
  ct state invalid drop
  ct status dnat accept
  iifname "lan" ct state new accept
 }}
}}
table ip portforward {{
 chain prerouting {{
  type nat hook prerouting priority dstnat
  iifname "wan" ip daddr {UPLINK} tcp dport {FORWARDED_PORT} dnat to {CLIENT}
 }}
}}
"""


def set_up(router: Router, udp_timeout: int = 600, udp_stream_timeout: int = 120) -> None:
    """Give a router its firewall and its conntrack settings."""
    inside: Namespace = router.namespace
    inside.nft(router.wiring.rules(RULES))
    set_tracking(inside, tcp_loose=0, udp_timeout=udp_timeout, udp_timeout_stream=udp_stream_timeout)


def set_tracking(inside: Namespace, **values: int) -> None:
    """Write nf_conntrack settings."""
    inside.sysctl(**{f"netfilter__nf_conntrack_{key}": value for key, value in values.items()})


def entries(inside: Namespace) -> int:
    """Count the entries of a router's connection table."""
    return int(inside.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count"))


def flows(inside: Namespace, *which: str) -> list[str]:
    """List entries of a router's connection table, as `conntrack -L` does."""
    return inside.run("conntrack", "-L", *which).splitlines()


def forget(inside: Namespace, *which: str) -> None:
    """Delete entries of a router's connection table: what came before a router was set up, for example."""
    inside.run("sh", "-c", 'conntrack -D "$@" || true', "sh", *which)
