# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven status --wait`: what is still missing until all is well, asked again until nothing is."""

import time

from haven.cli.errors import Failed, Unanswered
from haven.cli.text import printable
from haven.contract.at_risk import AT_RISK, UNPAIRED
from haven.contract.control import REPORT_SILENCE_S
from haven.contract.freshness import is_fresh_peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Document = dict[str, Any]

# A router at the usual interval is well ten seconds after its start; a slow one compiles for as long.
LIMIT_S = 60.0
PERIOD_S = 0.5
# Of a service that starts, or starts again.
ABSENT = ("not-running", "hung-up")


def wait_until_well(ask: "Callable[[], Document]", explain: "Callable[[Unanswered], Failed]") -> list[str]:
    """Ask for the status until nothing is missing or the time is over; return what is missing then.

    Raises Failed when havend is not there, and waiting is of no use.
    """
    deadline = time.monotonic() + LIMIT_S
    while True:
        missing = _missing_now(ask, explain, is_last=time.monotonic() >= deadline)
        if not missing or time.monotonic() >= deadline:
            return missing
        time.sleep(PERIOD_S)


def _missing_now(
    ask: "Callable[[], Document]", explain: "Callable[[Unanswered], Failed]", is_last: bool
) -> list[str]:
    try:
        return missing_in(printable(ask()), time.time())
    except Unanswered as why:
        # The service may be about to start; what is disabled, or has a wrong configuration, is not.
        if is_last or why.refusal.code not in ABSENT or explain(why) is not why:
            raise
        return [str(why)]


def missing_in(status: "Document", now: float) -> list[str]:
    """Return what stands between a status and `all is well`, a phrase each."""
    found = [f"{problem['about']}: {problem['message']}" for problem in status["problems"]]
    if not status["groups"]:
        found.append("no virtual router is configured")
    found += [
        f"{each['name']} is not ready yet" for each in status["groups"] if each["state"] == "initialize"
    ]
    found += [
        f"{group['name']} is in maintenance ('haven maintenance off' ends it)"
        for group in status["groups"]
        if group["maintenance"]
    ]
    found += [f"{each['name']} hears no Active yet" for each in status["virtual_routers"] if _waits(each)]
    if any(each["code"] == UNPAIRED for each in status.get("at_risk") or ()):
        found.append(AT_RISK[UNPAIRED])
    return found + _connections(status, now)


def _waits(router: "Document") -> bool:
    return bool(router["state"] == "backup" and router["active"]["address"] is None)


def _connections(status: "Document", now: float) -> list[str]:
    table = status["conntrack"]
    if not table:
        # Whether there should be one is known for sure once the agent could have reported.
        loaded = status["plan"].get("loaded_at") or 0
        is_new = 0 <= now - loaded < REPORT_SILENCE_S
        return ["haven-agent has not reported yet"] if is_new else []
    found = []
    is_active = any(group["state"] == "active" for group in status["groups"])
    if not is_active and not table["in_sync"]:
        found.append("not all connections are here yet")
    for peer in status["peers"]:
        name = peer.get("node") or peer["address"]
        if not peer.get("fresh", is_fresh_peer(peer["heard_ms"], False)):
            found.append(f"the agent of {name} is not heard")
        elif is_active and peer.get("in_sync") is False:
            found.append(f"{name} does not have all connections yet")
    return found
