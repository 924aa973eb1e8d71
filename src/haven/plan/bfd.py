# SPDX-License-Identifier: GPL-2.0-or-later
"""BFD sessions become their part of the plan: on the device of the virtual routers that watch them."""

from typing import Any

from haven.config.model import Model
from haven.contract.diagnostics import Diagnostic
from haven.inet import text_of


def sessions(model: Model, routers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sessions that somebody watches; `routers` are the model's, compiled."""
    found = []
    for session in model.bfds:
        users = [each.name for each in model.virtual_routers if session.name in each.bfds]
        devices = [each["device"] for each in routers if each["name"] in users]
        if users:
            facts = {"name": session.name, "device": devices[0], "address": text_of(session.address)}
            keys = ("min_tx_us", "min_rx_us", "multiplier")
            settings = {key: session.values[key] for key in keys}
            found.append({**facts, **settings, "virtual_routers": users})
    return found


def problems(model: Model, routers: list[dict[str, Any]], config: str) -> list[Diagnostic]:
    """Return which sessions turn out to be with one router on one device."""
    found, seen = [], set()
    for each in sessions(model, routers):
        place = each["device"], each["address"]
        if place in seen and each["device"]:
            where = (f"bfd '{each['name']}'", "bfd", each["name"])
            found.append(Diagnostic("bfd-twice-device", {"device": place[0]}, config, 0, where, "address"))
        seen.add(place)
    return found
