# SPDX-License-Identifier: GPL-2.0-or-later
"""The events of the agent's parts and of BFD, as rows beside those of event_log.py."""

from haven.contract.drill_outcomes import MISSING, OUTCOMES
from haven.contract.services import FAILURES

# (code, kind, text)
OTHER_TABLE = (
    (
        "address-moves",
        "address",
        "{virtual_router}: {peer} speaks VRRP on {device} from two MAC addresses, {mac} and {other_mac}",
    ),
    ("bfd-up", "bfd", "BFD session {session} with {peer} is up"),
    ("bfd-silence", "bfd", "BFD session {session}: nothing was heard of {peer} for {silence_us}"),
    ("bfd-told", "bfd", "BFD session {session}: {peer} says that the path is down"),
    ("bfd-unheard", "bfd", "BFD session {session}: {peer} hears nothing of this node"),
    ("bfd-restarted", "bfd", "BFD session {session}: {peer} has begun anew"),
    ("bfd-peer-disabled", "bfd", "BFD session {session}: {peer} has taken it down on purpose"),
    ("bfd-disabled", "bfd", "BFD session {session} with {peer} is taken down on purpose"),
    (
        "bfd-false",
        "bfd",
        "BFD session {session}: {peer} lives after all; its failures do not count for the next {rest_us}",
    ),
    ("wan-up", "wan", "{wan}: {interface} is up"),
    ("wan-down", "wan", "{wan}: {interface} is down"),
    ("wan-dials", "wan", "{wan}: {interface} is dialled"),
    ("wan-session-ended", "wan", "{wan}: ended session {session}, which another router had left"),
    ("wireguard-up", "wireguard", "{tunnel}: {interface} is up"),
    ("wireguard-down", "wireguard", "{tunnel}: {interface} is down"),
    ("wireguard-called", "wireguard", "{tunnel}: {count} peers were called where they were last"),
    ("service-started", "service", "service {service} runs"),
    ("service-stopped", "service", "service {service} has stopped"),
    ("service-reloaded", "service", "service {service} was told of its role"),
    ("service-found", "service", "service {service} was started by somebody else; it is stopped again"),
    ("service-failed", "failure", "service {service}: {failure}. {words}"),
    (
        "service-handover",
        "failure",
        "{group}: is handed over, as service {service} does not run here",
    ),
    ("drill-begun", "drill", "a drill begins, from {owner}"),
    ("drill-done", "drill", "{drill} drill: {took} has taken over; outage {outage_ms} ms"),
    ("drill-failed", "drill", "{drill} drill: {outcome}"),
)

# What the agent may add.
_KINDS_NOTED = ("address", "service", "wan", "wireguard", "drill")
NOTED = tuple([row[0] for row in OTHER_TABLE if row[0].split("-")[0] in _KINDS_NOTED])

ROWS = {row[0]: row for row in OTHER_TABLE}
# The templates of what stands within another, by the name of its fact.
INNER = {"failure": FAILURES, "outcome": OUTCOMES, "missing": MISSING}
