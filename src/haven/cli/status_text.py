# SPDX-License-Identifier: GPL-2.0-or-later
"""The status document as text: is all well, who is Active, since when and why; then the details."""

import time

from haven.cli.absence import NOT_SET_UP
from haven.cli.auth_text import signatures
from haven.cli.bfd_text import bfd
from haven.cli.check_text import checks
from haven.cli.conntrack_text import connections
from haven.cli.lease_text import leases
from haven.cli.openvpn_text import openvpn_clients
from haven.cli.service_text import services
from haven.cli.text import count, duration, painted, wrapped
from haven.cli.told_text import told
from haven.cli.virtual_router_table import heard, table
from haven.cli.wan_text import wans
from haven.cli.wireguard_text import tunnels
from haven.contract.at_risk import UNPAIRED, headline
from haven.contract.event_log import reason_text
from haven.contract.freshness import is_fresh_active
from haven.contract.message import ODD_FACTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

WIDTH = 80
STATES = {"initialize": "in Initialize", "fault": "in Fault", "maintenance": "in maintenance"}
WAYS = {"arp": "ARP", "neighbour": "neighbour solicitation", "echo": "ping"}
# Beyond this the time of day alone says too little.
HALF_A_DAY = 43200


def render(status: "Document", now: float, colour: bool = False) -> str:
    """Return a status document as lines for a terminal, 80 columns wide where names allow it."""
    lines = _headline(status, now, colour)
    if status["virtual_routers"]:
        lines += ["", *table(status["virtual_routers"], now, colour)]
    advertised = [line for router in status["virtual_routers"] for line in _advertised(router)]
    if advertised:
        lines += ["", *advertised]
    remarks = [remark for group in status["groups"] for remark in _remarks(group)]
    if remarks:
        lines += ["", *remarks]
    for part in (
        signatures(status, WIDTH),
        connections(status, WIDTH),
        checks(status, now, WIDTH),
        bfd(status, WIDTH),
        leases(status, WIDTH),
        services(status, now, WIDTH),
        openvpn_clients(status, WIDTH),
        wans(status, WIDTH),
        tunnels(status, WIDTH),
        told(status, WIDTH),
        _drills(status, now),
    ):
        if part:
            lines += ["", *part]
    for problem in status["problems"]:
        lines += ["", *_problem(problem, colour)]
    return "\n".join(lines) + "\n"


def _drills(status: "Document", now: float) -> list[str]:
    if not status.get("drills") and not status.get("drill"):
        return []
    # Most routers have none.
    from haven.cli.drill_text import drills

    return drills(status, now, WIDTH)


def _advertised(router: "Document") -> list[str]:
    """Return what the hosts are told, where they are told anything."""
    advert = router.get("router_advert")
    if not advert or not advert["advertising"]:
        return []
    who = f"{advert['source']} is the IPv6 hosts' router"
    if advert.get("ends_ms") is not None:
        left = duration(advert["ends_ms"] / 1000)
        who = f"there is no way out by IPv6 now; for {left} more {who}"
    elif not advert["lifetime_s"]:
        who = "IPv6 hosts are told of no router, as there is no way out by IPv6"
    prefixes = advert["prefixes"]
    what = f"; {'prefix' if len(prefixes) == 1 else 'prefixes'} {', '.join(prefixes)}" if prefixes else ""
    return wrapped(f"{router['name']}: {who}{what}.", WIDTH)


def _headline(status: "Document", now: float, colour: bool) -> list[str]:
    verdict, kind = _verdict(status)
    risks = status.get("at_risk")
    parts = [_sentence(status, now), *([headline(risks)] if risks else [])]
    lines = wrapped(f"{verdict}: {' '.join(parts)}", WIDTH)
    lines[0] = painted(verdict, kind, colour) + lines[0][len(verdict) :]
    return lines


def _verdict(status: "Document") -> tuple[str, str]:
    number = len(status["problems"])
    states = {group["state"] for group in status["groups"]}
    if number:
        return count(number, "problem"), "problem"
    if not states:
        return "Nothing to do", "initialize"
    if any(group["maintenance"] for group in status["groups"]):
        return "In maintenance", "maintenance"
    if "initialize" in states:
        return "Not ready yet", "initialize"
    if any(_waits(router) for router in status["virtual_routers"]):
        return "Waiting for the election", "initialize"
    risks = [each["code"] for each in status.get("at_risk") or ()]
    if risks:
        return ("Not paired yet", "initialize") if risks == [UNPAIRED] else ("Not in sync", "problem")
    return "All is well", "well"


def _waits(router: "Document") -> bool:
    return router["state"] == "backup" and router["active"]["address"] is None


def _sentence(status: "Document", now: float) -> str:
    node, groups = status["node"], status["groups"]
    if not groups:
        refused = bool(status["problems"])
        return f"{node} runs no virtual router." if refused else f"{node}: {NOT_SET_UP}."
    last = max(groups, key=lambda group: float(group["since"]))
    when, reason, words = _moment(last["since"], now), _reason(last), _own_words(last)
    if len(groups) == 1:
        parts = [f"{node} is {_state(last['state'])} since {when}{reason or words}."]
    else:
        # Its own words begin with the name of the group.
        why = words if words and not reason else f", {last['name']}{reason}"
        parts = [f"{node} is {_who(groups)}.", f"Last change at {when}{why}."]
    return " ".join([*parts, *_other_active(status, last["name"])])


def _who(groups: "list[Document]") -> str:
    states = sorted({group["state"] for group in groups})
    if len(states) == 1:
        return f"{_state(states[0])} for {'both' if len(groups) == 2 else f'all {len(groups)}'} groups"
    each = []
    for state in states:
        names = [group["name"] for group in groups if group["state"] == state]
        shown = ", ".join(names) if len(names) <= 3 else f"{len(names)} groups"
        each.append(f"{_state(state)} for {shown}")
    return " and ".join(each)


def _state(state: str) -> str:
    return STATES.get(state, state.capitalize())


def _moment(at: float, now: float) -> str:
    form = "%H:%M:%S" if now - at < HALF_A_DAY else "%Y-%m-%d %H:%M"
    return f"{time.strftime(form, time.localtime(at))} ({duration(now - at)})"


def _reason(group: "Document") -> str:
    change = group["last_transition"]
    if not change:
        return ""
    try:
        # The first release told no facts; some reasons have none.
        return ": " + reason_text(change["reason"], change.get("facts") or {})
    except ODD_FACTS:
        return ""


def _own_words(group: "Document") -> str:
    """Return the whole sentence on the last transition, of a release whose reasons are others."""
    change = group["last_transition"]
    return ": " + str(change["text"]) if change else ""


def _other_active(status: "Document", group: str) -> list[str]:
    members = [router for router in status["virtual_routers"] if router["group"] == group]
    known = [router for router in members if _is_known(router["active"])]
    if not known or any(router["active"]["self"] for router in members):
        return []
    for router in known:
        # Of several links one can be cut, which has heard nothing for long.
        if _is_fresh(router):
            return [f"{router['active']['address']} is Active, heard {_heard(router)} ago."]
    last = min(known, key=lambda router: int(router["active"]["seen_ms"]))
    return [f"{last['active']['address']} was Active when it was last heard, {_heard(last)} ago."]


def _is_known(active: "Document") -> bool:
    # Earlier releases told in Fault when somebody was heard, and not who.
    return active["address"] is not None and active["seen_ms"] is not None


def _is_fresh(router: "Document") -> bool:
    active = router["active"]
    # The first release did not say.
    return bool(active.get("fresh", is_fresh_active(active["seen_ms"], router["interval_ms"])))


def _heard(router: "Document") -> str:
    return heard(router["active"]["seen_ms"])


def _remarks(group: "Document") -> list[str]:
    name, found = group["name"], []
    if group["maintenance"]:
        found.append(
            f"{name} is in maintenance: this node is Active only when no other router can be. "
            "'haven maintenance off' ends it."
        )
    if _newer(group, "handover", "leaving"):
        found.append(f"{name} is being handed over to another router.")
    wait = _newer(group, "sync_wait_ms", "preempt_wait_ms")
    if wait is not None:
        found.append(
            f"{name} waits for the connections before it takes over, at most {-(-wait // 1000)} s more."
        )
    if group.get("detection"):
        found.append(_detection(name, group["detection"]))
    found += [_witness(name, witness) for witness in group.get("witnesses") or ()]
    return [line for text in found for line in wrapped(text, WIDTH, then="  ")]


def _detection(group: str, detection: "Document") -> str:
    would = f"{group} would take over {detection['after_ms'] / 1000:.3g} s after its Active died"
    if detection["by"] == "heartbeat":
        answering = dict.fromkeys(way["device"] for way in detection["ways"] if way["believed"])
        return f"{would}, which answers on {', '.join(answering)}."
    if detection["by"] == "bfd":
        return f"{would}, by BFD."
    if detection["ways"]:
        return f"{would}: its kernel does not answer well enough, or not yet."
    return f"{would}."


def _witness(group: str, witness: "Document") -> str:
    where = f"{group}: witness {witness['address']} on {witness['device']}"
    if witness["answered_ms"] is None:
        return f"{where} has not answered yet."
    return f"{where} answered {heard(witness['answered_ms'])} ago ({WAYS.get(witness['by'], witness['by'])})."


def _newer(document: "Document", key: str, first: str) -> "Any":
    """Return a value by its key, or by what the first release called it."""
    return document[key] if key in document else document.get(first)


def _problem(problem: "Document", colour: bool) -> list[str]:
    about = str(problem["about"])
    lines = wrapped(f"{about}: {problem['message']}", WIDTH, then="  ")
    lines[0] = painted(about, "problem", colour) + lines[0][len(about) :]
    return lines + wrapped(str(problem["do"]), WIDTH, first="  -> ", then="     ")
