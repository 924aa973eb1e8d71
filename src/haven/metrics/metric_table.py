# SPDX-License-Identifier: GPL-2.0-or-later
"""The one table of metrics: the exporters write what stands here, and docs/metrics.md is held to it.

Names follow Prometheus: base units, `_total` for what only grows since havend began. A metric of states has
a series for each state, of which one is 1.
"""

GAUGE, COUNTER, HISTOGRAM = "gauge", "counter", "histogram"


class Metric:
    """A row: its name, kind and labels, and what it says."""

    def __init__(self, name: str, kind: str, labels: str, help: str, drawn: bool = False) -> None:
        self.name = name
        self.kind = kind
        self.labels = tuple(labels.split())
        self.help = help
        # Also for collectd, which keeps a file of each series.
        self.drawn = drawn


_NODE = (
    Metric("haven_up", GAUGE, "", "Whether havend answers.", drawn=True),
    Metric("haven_build_info", GAUGE, "node version", "This router and its version of haven; always 1."),
    Metric("haven_start_time_seconds", GAUGE, "", "When havend began, in seconds since 1970."),
    Metric("haven_node_state", GAUGE, "state", "The state of this router; 1 for the one that it has."),
    Metric("haven_problems", GAUGE, "code severity", "Problems that there are now, by their code."),
    Metric("haven_at_risk", GAUGE, "code", "What a takeover now might lose; 1 for each that there is."),
)

_GROUPS = (
    Metric(
        "haven_group_state", GAUGE, "group state", "The state of a group; 1 for the one that it has.", True
    ),
    Metric(
        "haven_group_state_timestamp_seconds", GAUGE, "group", "Since when it has it, in seconds since 1970."
    ),
    Metric("haven_group_transitions_total", COUNTER, "group from to reason", "Transitions, by their reason."),
    Metric("haven_group_priority_penalty", GAUGE, "group", "What checks and devices take off the priority."),
    Metric("haven_group_maintenance", GAUGE, "group", "Whether it is in maintenance."),
    Metric(
        "haven_group_expected_detection_seconds",
        GAUGE,
        "group by",
        "How soon a standby would take over from an Active that dies now, and by what it would know.",
        True,
    ),
    Metric(
        "haven_detection_seconds",
        HISTOGRAM,
        "group",
        "For how long the Active had been silent when this router took over from it.",
        True,
    ),
    Metric(
        "haven_takeover_seconds",
        HISTOGRAM,
        "group",
        "From the decision to take over until the addresses were here and announced.",
        True,
    ),
)

_ROUTERS = (
    Metric(
        "haven_virtual_router_info",
        GAUGE,
        "virtual_router group device vrid family vrrp",
        "A virtual router, and what it is on the wire; always 1.",
    ),
    Metric("haven_virtual_router_priority", GAUGE, "virtual_router", "The priority that it has now."),
    Metric("haven_virtual_router_address_held", GAUGE, "virtual_router", "Whether its addresses are here."),
    Metric(
        "haven_virtual_router_active_silence_seconds",
        GAUGE,
        "virtual_router",
        "How long ago the Active was heard last; none where this router is Active, or nobody was heard.",
    ),
    Metric("haven_advertisements_sent_total", COUNTER, "virtual_router", "ADVERTISEMENTs sent.", True),
    Metric(
        "haven_advertisements_received_total", COUNTER, "virtual_router", "ADVERTISEMENTs accepted.", True
    ),
    Metric(
        "haven_advertisements_dropped_total",
        COUNTER,
        "virtual_router reason",
        "ADVERTISEMENTs dropped, by the reason (docs/errors.md).",
    ),
    Metric("haven_resignations_sent_total", COUNTER, "virtual_router", "Priority 0 sent."),
    Metric("haven_resignations_received_total", COUNTER, "virtual_router", "Priority 0 received."),
    Metric("haven_became_active_total", COUNTER, "virtual_router", "How often it became Active here.", True),
    Metric(
        "haven_router_advertisements_sent_total", COUNTER, "virtual_router", "Router advertisements of IPv6."
    ),
)

_WATCHED = (
    Metric("haven_check_up", GAUGE, "check", "Whether a check passes; none while there is no verdict."),
    Metric("haven_check_latency_seconds", GAUGE, "check", "How long its last answer took.", True),
    Metric("haven_bfd_session_up", GAUGE, "session", "Whether a BFD session is up."),
    Metric("haven_bfd_packets_sent_total", COUNTER, "session", "BFD packets sent."),
    Metric("haven_bfd_packets_received_total", COUNTER, "session", "BFD packets received."),
    Metric(
        "haven_link_advertisements_heard",
        GAUGE,
        "device family",
        "ADVERTISEMENTs of the Active heard on a link in the last hour.",
    ),
    Metric(
        "haven_link_advertisements_lost",
        GAUGE,
        "device family",
        "Those that are missing: above 0 for long it is a bad cable, or a bad radio.",
        True,
    ),
    Metric(
        "haven_link_jitter_seconds",
        GAUGE,
        "device family",
        "By how much they were early or late on the average.",
        True,
    ),
    Metric("haven_drill_ok", GAUGE, "drill", "Whether the last drill of this kind went well."),
    Metric("haven_drill_timestamp_seconds", GAUGE, "drill", "When it was, in seconds since 1970."),
    Metric(
        "haven_drill_outage_seconds",
        GAUGE,
        "drill",
        "The longest time without an Active in it; none where nobody took over.",
        True,
    ),
    Metric("haven_peer_up", GAUGE, "node", "Whether a paired router is heard over the channel.", True),
    Metric("haven_peer_silence_seconds", GAUGE, "node", "How long ago it was heard; none without a channel."),
    Metric("haven_peer_in_sync", GAUGE, "node", "Whether it could take over without losing anything."),
    Metric("haven_config_in_sync", GAUGE, "", "Whether paired routers have one configuration."),
    Metric("haven_config_conflicts", GAUGE, "", "Conflicts of it that somebody has to decide."),
)

_PARTS = (
    Metric("haven_connections", GAUGE, "", "Entries of the connection table.", True),
    Metric("haven_connections_limit", GAUGE, "", "How many it can hold."),
    Metric("haven_connections_in_sync", GAUGE, "", "Whether this router has all connections of the Active."),
    Metric("haven_connections_copied_total", COUNTER, "", "Connections put into the kernel.", True),
    Metric("haven_connections_copy_failures_total", COUNTER, "", "Those that the kernel did not take."),
    Metric("haven_connections_packets_sent_total", COUNTER, "", "Packets of conntrackd sent."),
    Metric("haven_connections_packets_received_total", COUNTER, "", "Packets of conntrackd received."),
    Metric(
        "haven_connections_packets_failed_total",
        COUNTER,
        "reason",
        "Packets of conntrackd that were lost, malformed or could not be sent.",
    ),
    Metric("haven_connections_restarts_total", COUNTER, "", "How often conntrackd was started again."),
    Metric("haven_leases", GAUGE, "", "DHCP leases that are known here.", True),
    Metric("haven_leases_peer", GAUGE, "node", "Those that are known at another router."),
    Metric("haven_leases_held_total", COUNTER, "", "Answers held until the other router had the lease."),
    Metric("haven_leases_late_total", COUNTER, "", "Answers that did not wait any longer."),
    Metric("haven_leases_alone_total", COUNTER, "", "Leases that no other router had when clients got them."),
    Metric("haven_service_state", GAUGE, "service state", "The state of a service by role.", True),
    Metric("haven_service_wanted", GAUGE, "service", "Whether it is to run here."),
    Metric("haven_service_deaths", GAUGE, "service", "How often it ended by itself in the last ten minutes."),
    Metric("haven_openvpn_clients", GAUGE, "server", "Clients of a server of OpenVPN's.", True),
    Metric("haven_wan_up", GAUGE, "wan", "Whether a WAN that is dialled is up here.", True),
    Metric("haven_wireguard_up", GAUGE, "tunnel", "Whether a WireGuard interface is up here."),
    Metric("haven_wireguard_peers_known", GAUGE, "tunnel", "Peers whose last place is known."),
)

METRICS = _NODE + _GROUPS + _ROUTERS + _WATCHED + _PARTS
