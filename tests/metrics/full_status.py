# SPDX-License-Identifier: GPL-2.0-or-later
"""A status that has something of everything, made of those that the command's texts are tried with."""

import json
from pathlib import Path
from typing import Any

from haven.contract.counted_transitions import BOUNDS_US
from haven.contract.status import check_status

STATUS = Path(__file__).parents[1] / "cli/status"


def full_status() -> dict[str, Any]:
    """Return it; it is one by the contract."""
    status = _read("services")
    for name, key in (("copy", "conntrack"), ("leases", "leases"), ("bfd", "bfd"), ("openvpn", "openvpn")):
        status[key] = _read(name)[key]
    status["tracking"] = _read("provider_dead")["tracking"]
    status["problems"] = _read("provider_dead")["problems"]
    status["at_risk"] = _read("copy_not_in_sync")["at_risk"]
    status["groups"] += [{**each, "name": "watched"} for each in _read("bfd")["groups"]]
    heard = _read("standby")["virtual_routers"]
    status["virtual_routers"] += [{**each, "name": f"{each['name']}_heard"} for each in heard]
    counts = [0, 3, 1, *[0] * (len(BOUNDS_US) - 2)]
    status["groups"][0] |= {
        "transitions": [{"from": "backup", "to": "active", "reason": "silence", "count": 4}],
        "detections": {"counts": counts, "sum_us": 12_345},
        "takeovers": {"counts": counts, "sum_us": 9_000},
    }
    advert = {"advertising": True, "source": "fe80::1", "lifetime_s": 1800, "prefixes": [], "sent": 7}
    status["virtual_routers"][0]["router_advert"] = {**advert, "answered": 1, "next_ms": 10}
    link = {"device": "lan", "family": 4, "minutes": 60, "heard": 35990, "lost": 10}
    status["links"] = [{**link, "jitter_ms": 0.2, "worst_ms": 5.1}]
    legs = [{"from": "r1", "to": "r2", "outage_ms": 31.5}, {"from": "r2", "to": "r1", "outage_ms": 12}]
    drill = {"at": 1799990000.5, "drill": "hard", "groups": ["gateway"], "ok": True, "code": "well"}
    drill |= {"facts": {}, "before": 20, "after": 20, "missing": []}
    status["drills"] = [{**drill, "ok": False, "legs": []}, {**drill, "legs": legs}]
    peer = {"node": "r2", "heard_ms": 420, "in_sync": True, "state": "backup"}
    status["channel"] = {"version": "1", "peers": [peer]}
    status["sync"] = {"in_sync": True, "conflicts": 0, "alone": False}
    status["wan"] = {"wans": [{"name": "wan", "state": "up"}]}
    status["wireguard"] = {"tunnels": [{"name": "vpn", "state": "down", "known": 3}]}
    return check_status(status)


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STATUS / f"{name}.json").read_text())
    return found
