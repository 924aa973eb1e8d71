# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples of what the parts of the agent tell in the status; a part that is not there has none."""

from haven.contract.services import RUN, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.metrics.gateway_readings import Samples

    Document = dict[str, Any]

# What the status has of conntrackd, where it has it, by the metric that it is.
_COPIES = (
    ("injected", "haven_connections_copied_total"),
    ("inject_failed", "haven_connections_copy_failures_total"),
    ("sent_packets", "haven_connections_packets_sent_total"),
    ("received_packets", "haven_connections_packets_received_total"),
    ("restarts", "haven_connections_restarts_total"),
    ("entries", "haven_connections"),
    ("limit", "haven_connections_limit"),
)
_FAILURES = ("errors", "lost", "malformed")


def of_checks(status: "Document") -> "Samples":
    """Yield the checks of hosts and scripts."""
    for each in (status.get("tracking") or {}).get("checks") or ():
        if each["state"] in ("up", "down"):
            yield "haven_check_up", (each["name"],), int(each["state"] == "up")
        if each["latency_ms"] is not None:
            yield "haven_check_latency_seconds", (each["name"],), each["latency_ms"] / 1000


def of_peers(status: "Document") -> "Samples":
    """Yield the paired routers, and whether the configuration is the same on all."""
    for peer in (status.get("channel") or {}).get("peers") or ():
        heard_ms, name = peer["heard_ms"], (peer["node"],)
        yield "haven_peer_up", name, int(heard_ms is not None)
        if heard_ms is not None:
            yield "haven_peer_silence_seconds", name, heard_ms / 1000
        yield "haven_peer_in_sync", name, int(peer["in_sync"])
    common = status.get("sync")
    if common:
        yield "haven_config_in_sync", (), int(common["in_sync"])
        yield "haven_config_conflicts", (), common["conflicts"]


def of_links(status: "Document") -> "Samples":
    """Yield how well the Active is heard on each link, and what the last drill of each kind has shown."""
    for link in status.get("links") or ():
        place = (link["device"], str(link["family"]))
        yield "haven_link_advertisements_heard", place, link["heard"]
        yield "haven_link_advertisements_lost", place, link["lost"]
        yield "haven_link_jitter_seconds", place, link["jitter_ms"] / 1000
    last = {each["drill"]: each for each in status.get("drills") or ()}
    for kind in sorted(last):
        yield "haven_drill_ok", (kind,), int(last[kind]["ok"])
        yield "haven_drill_timestamp_seconds", (kind,), round(last[kind]["at"], 3)
        outages = [leg["outage_ms"] for leg in last[kind]["legs"] if leg["outage_ms"] is not None]
        if outages:
            yield "haven_drill_outage_seconds", (kind,), max(outages) / 1000


def of_connections(status: "Document") -> "Samples":
    """Yield the copy of connections."""
    copy = status.get("conntrack")
    if not copy:
        return
    yield "haven_connections_in_sync", (), int(copy["in_sync"])
    for key, metric in _COPIES:
        if copy.get(key) is not None:
            yield metric, (), copy[key]
    for reason in _FAILURES:
        if copy.get(reason) is not None:
            yield "haven_connections_packets_failed_total", (reason,), copy[reason]


def of_leases(status: "Document") -> "Samples":
    """Yield common DHCP leases."""
    leases = status.get("leases")
    if not leases:
        return
    yield "haven_leases", (), leases["known"]
    for peer in leases["peers"]:
        if peer["known"] is not None:
            yield "haven_leases_peer", (peer["node"],), peer["known"]
    for key in ("held", "late", "alone"):
        yield "haven_leases_%s_total" % key, (), leases[key]


def of_services(status: "Document") -> "Samples":
    """Yield what runs by role."""
    for each in status.get("services") or ():
        for state in STATES:
            yield "haven_service_state", (each["name"], state), int(each["is"] == state)
        yield "haven_service_wanted", (each["name"],), int(each["wanted"] == RUN)
        yield "haven_service_deaths", (each["name"],), each["deaths"]


def of_ways(status: "Document") -> "Samples":
    """Yield what leads out of this network: dialled WANs, tunnels, and who is connected from outside."""
    for server in (status.get("openvpn") or {}).get("servers") or ():
        yield "haven_openvpn_clients", (server["name"],), server["clients"]
    for wan in (status.get("wan") or {}).get("wans") or ():
        yield "haven_wan_up", (wan["name"],), int(wan["state"] == "up")
    for tunnel in (status.get("wireguard") or {}).get("tunnels") or ():
        yield "haven_wireguard_up", (tunnel["name"],), int(tunnel["state"] == "up")
        yield "haven_wireguard_peers_known", (tunnel["name"],), tunnel["known"]
