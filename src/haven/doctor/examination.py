# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way in: look at this router, ask the others for their looks, compare, report."""

import time
from collections.abc import Callable
from typing import Any

from haven.contract.doctor import (
    FOUND,
    LISTEN_S,
    PATIENCE_S,
    UNABLE_STATE,
    VERSION,
    WELL,
    check_look,
    is_wrong,
    unable,
)
from haven.contract.doctor_checks import CHECKS
from haven.contract.fields import DocumentError
from haven.contract.message import ODD_FACTS
from haven.contract.status import is_status
from haven.doctor.beside import Beside
from haven.doctor.case import Case, Seen
from haven.doctor.checks import (
    claim_checks,
    copy_checks,
    link_checks,
    machine_checks,
    pair_checks,
    program_checks,
    way_checks,
)
from haven.doctor.one_look import RouterLook, around

Document = dict[str, Any]
# Told what is done now: a code of contract/doctor.py's STEPS, and its facts.
Tell = Callable[..., None]

# A look that was begun has answered by then; a question that failed is worth another one sooner, as a channel
# that was cut is back after some seconds where there is another way.
AGAIN_S, FAILED_AGAIN_S, LAST_TRY_S = 8.0, 1.5, 9.0

# Which function makes a check of the table.
MADE_BY: dict[str, Callable[[Case], None]] = {
    "status": program_checks.status,
    "pairing": program_checks.pairing,
    "adverts": link_checks.adverts,
    "firewall": link_checks.firewall,
    "foreign-mac": link_checks.foreign_mac,
    "strangers": link_checks.strangers,
    "settings": pair_checks.settings,
    "claims": claim_checks.claims,
    "dhcp": claim_checks.dhcp,
    "nat": way_checks.nat,
    "ways-out": way_checks.ways_out,
    "connections": copy_checks.connections,
    "clock": machine_checks.clock,
    "room": machine_checks.room,
    "versions": program_checks.versions,
    "links": machine_checks.links,
    "takeover": program_checks.takeover,
}


class NotAnswered(Exception):
    """Somebody who was asked does not answer; the text says why."""


class DoctorAsking:
    """How havend and the other routers are asked. What it calls raises NotAnswered."""

    def __init__(self, status: Callable[[], Any], nodes: Callable[[], Any], look_of: Callable[[str], Any]):
        self.status, self.nodes, self.look_of = status, nodes, look_of


class OtherLook:
    """Asks a paired router for its look, while this one listens; again when no answer comes.

    A question is lost with the connection that it goes over, and one that comes at once may be the better.
    """

    def __init__(self, asking: DoctorAsking, node: str) -> None:
        self._asking, self.node = asking, node
        self._tasks: list[Beside] = []
        self._first_at = time.monotonic()
        self._begin()

    def _begin(self) -> None:
        self._tasks.append(Beside(self._ask))
        self._asked_at = time.monotonic()

    def _ask(self) -> Document:
        began = time.time()
        try:
            look = self._asking.look_of(self.node)
        except NotAnswered as why:
            return {"why": str(why)}
        return {"look": look, "began": began, "ended": time.time()}

    def is_over(self) -> bool:
        """Tell whether it has answered, or will not."""
        over = [task for task in self._tasks if task.is_over()]
        if any("look" in (task.result() or {}) for task in over):
            return True
        has_failed, now = len(over) == len(self._tasks), time.monotonic()
        may_try = now - self._first_at < LAST_TRY_S
        if may_try and now - self._asked_at > (FAILED_AGAIN_S if has_failed else AGAIN_S):
            self._begin()
            return False
        return has_failed and not may_try

    def take(self) -> tuple[Seen | None, str]:
        """Return the router as it was seen, or why not; it is not waited for any longer."""
        for task in self._tasks:
            task.end()
        answers = [task.result() or {"why": "no answer in time"} for task in self._tasks]
        answer = next((each for each in answers if "look" in each), answers[-1])
        try:
            return (self._seen(answer), "") if "look" in answer else (None, answer["why"])
        except DocumentError as why:
            return None, str(why)

    def _seen(self, answer: Document) -> Seen:
        look = check_look(answer["look"])
        seen = Seen({**look, "node": self.node})
        # Its clock was read between the two; in doubt it was right.
        seen.clock_off_s = max(look["at"] - answer["ended"], 0.0) + min(look["at"] - answer["began"], 0.0)
        return seen


def examine(root: str, config: str, run_dir: str, asking: DoctorAsking, tell: Tell) -> Document:
    """Return the report on this router and those that are paired with it."""
    began_at, began = time.time(), time.monotonic()
    nodes, why_alone = _other_nodes(asking)
    others = [OtherLook(asking, node) for node in nodes]
    tell(*(("looking", ", ".join(nodes)) if nodes else ("alone", "")))
    look = RouterLook(around(root, config, run_dir, lambda: _status(asking)))
    here = Seen(look.take(_end(others, began, tell)), here=True)
    tell("judging", "")
    case = _case(here, others)
    checks = [_make(check.name, check, case) for check in CHECKS]
    if why_alone:
        checks[1]["unable"] = [unable("not-asked", node="haven-agent", why=why_alone)]
    wrong = any(is_wrong(found) for check in checks for found in check["findings"])
    return {
        "version": VERSION,
        "node": here.node,
        "at": began_at,
        "took_s": round(time.monotonic() - began, 1),
        "well": not wrong,
        "routers": _routers(case),
        "checks": checks,
    }


def own_look(root: str, config: str, run_dir: str, asking: DoctorAsking) -> Document:
    """Return this router's look alone, for another one that compares."""
    end = time.monotonic() + LISTEN_S
    return RouterLook(around(root, config, run_dir, lambda: _status(asking))).take(
        lambda: time.monotonic() >= end
    )


def _status(asking: DoctorAsking) -> Document:
    try:
        found = asking.status()
    except NotAnswered:
        return {}
    return found if is_status(found) else {}


def _other_nodes(asking: DoctorAsking) -> tuple[list[str], str]:
    try:
        return list(asking.nodes()), ""
    except NotAnswered as why:
        return [], str(why)


def _case(here: Seen, others: list[OtherLook]) -> Case:
    taken = {other.node: other.take() for other in others}
    seen = [router for router, _why in taken.values() if router is not None]
    unasked = {node: why for node, (router, why) in taken.items() if router is None}
    return Case([here, *seen], unasked, bool(others))


def _end(others: list[OtherLook], began: float, tell: Tell) -> Callable[[], bool]:
    """Return what tells that nothing more is to come: the time is over, and everybody has answered."""
    listen_until, latest = began + LISTEN_S, began + PATIENCE_S
    said = [""]

    def is_over() -> bool:
        now = time.monotonic()
        waiting = [other.node for other in others if not other.is_over()]
        if now >= latest or (now >= listen_until and not waiting):
            return True
        left_s = int(listen_until - now) + 1
        line = f"{left_s}" if now < listen_until else ", ".join(waiting)
        if line != said[0]:
            said[0] = line
            tell("listening" if now < listen_until else "waiting", line)
        return False

    return is_over


def _routers(case: Case) -> list[Document]:
    asked = [{"node": router.node, "asked": True, "why": ""} for router in case.routers]
    return asked + [{"node": node, "asked": False, "why": why} for node, why in case.unasked.items()]


def _make(name: str, check: Any, case: Case) -> Document:
    """Make one check; one that fails says so, and the others are made."""
    try:
        MADE_BY[name](case)
        findings, not_seen = case.collect()
    except (*ODD_FACTS, StopIteration) as why:
        # Another haven's look may be of another kind.
        findings, not_seen = case.collect()
        not_seen.append(unable("failed", error=repr(why)))
    state = FOUND if findings else UNABLE_STATE if not_seen else WELL
    return {
        "name": name,
        "state": state,
        "looked_at": check.looks_at,
        "well": check.well if state == WELL else "",
        "findings": findings,
        "unable": not_seen,
    }
