# SPDX-License-Identifier: GPL-2.0-or-later
"""What the parts of the agent get of the plan, by their names."""

from haven.contract.check_documents import TRACKING, check_planned
from haven.contract.fields import (
    Field,
    address,
    any_text,
    check_object,
    check_objects,
    list_of,
    mapping,
    one_of,
    text,
    whole,
)
from haven.contract.notices import PART as NOTIFY
from haven.contract.notices import check_part as check_notify
from haven.contract.openvpn import PART as OPENVPN
from haven.contract.openvpn import check_part as check_openvpn
from haven.contract.planned_tunnels import TUNNELS, check_planned_tunnels
from haven.contract.planned_wans import WANS, check_planned_wans
from haven.contract.services import PART as SERVICES
from haven.contract.services import check_part as check_services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONNTRACK = (
    Field("device", text),
    Field("address", address),
    Field("peers", list_of(address)),
    Field("port", whole(1, 65535)),
    Field("agent_port", whole(1, 65535)),
    # Null: as the kernel's timeouts ask for. 0: never.
    Field("renew_us", whole(), nullable=True),
    Field("guard", list_of(address)),
    # TCP ports of services that end here, and may begin to listen after a takeover alone.
    Field("own_ports", list_of(whole(1, 65535)), optional=True),
    Field("conf", any_text),
)

LEASES = (Field("lans", list_of(mapping)), Field("lease_file", any_text))

# Of the LANs whose leases are common.
LAN = (Field("interface", text), Field("device", text), Field("group", text), Field("address", address))

METRICS = (Field("addresses", list_of(address)), Field("port", whole(1, 65535)))
# When a failover is rehearsed (contract/cron_schedule.py), and which one.
DRILLS = (Field("when", text), Field("kind", one_of(("switchover", "hard"))))

# What the parts of the agent get, by their names; what one gets that is not here is between it and the
# compiler.
PARTS = {
    "conntrack": CONNTRACK,
    "drill": DRILLS,
    "leases": LEASES,
    "metrics": METRICS,
    "notify": NOTIFY,
    "openvpn": OPENVPN,
    "services": SERVICES,
    "tracking": TRACKING,
    "wan": WANS,
    "wireguard": TUNNELS,
}


def check_parts(parts: "dict[str, Any]") -> None:
    """Check what each part gets, where there is something. Raises DocumentError."""
    for name in sorted(parts):
        check_object(parts[name], PARTS.get(name, ()), "parts: %s" % name)
    if "services" in parts:
        check_services(parts["services"], "parts: services")
    check_planned(parts.get("tracking"))
    check_planned_wans(parts.get("wan"))
    check_planned_tunnels(parts.get("wireguard"))
    check_openvpn(parts.get("openvpn"))
    check_notify(parts.get("notify"))
    check_objects(parts.get("leases", {}).get("lans", ()), LAN, "parts: leases: lans")
