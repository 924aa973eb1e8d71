# SPDX-License-Identifier: GPL-2.0-or-later
"""haven's own programs: what they say of themselves, their versions, their configuration, a takeover now."""

from typing import Any

from haven.contract.severities import SEVERITIES, WARNING
from haven.doctor.case import Case, Seen

# A person waits longer than this for a page, and looks what is wrong.
SLOW_MS = 5000
PASSING_RISKS = ("copy-coming", "unpaired")


def status(case: Case) -> None:
    """Take over what each router names itself."""
    for router in case.routers:
        if any(why["code"] == "no-status" for why in router.unable("status")):
            case.find("not-running", node=router.node)
    for router in case.having("status"):
        told = router.part("status")
        for problem in told.get("problems", ()):
            _name_problem(case, router, problem)


def _name_problem(case: Case, router: Seen, problem: dict[str, Any]) -> None:
    named = {key: problem[key] for key in ("code", "facts", "message")}
    advice = {"code": problem["code"], "facts": problem["facts"], "message": problem["do"]}
    severity = problem["severity"] if problem["severity"] in SEVERITIES else WARNING
    case.find("problem", severity=severity, node=router.node, problem=named, advice=advice)


def pairing(case: Case) -> None:
    """Name the paired routers that did not answer."""
    for node, why in case.unasked.items():
        case.find("peer-unasked", node=node, why=why)
    if not case.paired:
        case.cannot("unpaired")


def versions(case: Case) -> None:
    """Compare the packages, and each configuration with what is in force."""
    case.need_others()
    here = next(router for router in case.routers if router.here)
    for router in case.routers:
        if router.look["haven"] != here.look["haven"]:
            facts = {"here": router.look["haven"], "there": here.look["haven"]}
            case.find("version-differs", node=router.node, peer=here.node, **facts)
    for router in case.having("files"):
        files = router.part("files")
        if files["problem"]:
            case.find("config-wrong", node=router.node, diagnostic=files["problem"])
        if files["waits"]:
            case.find("config-waits", node=router.node)
        if files["boots"] is False:
            case.find("no-boot", node=router.node)


def takeover(case: Case) -> None:
    """Look how long it would take, what it would lose, and whether there is anybody."""
    case.need_others()
    seen = case.having("status")
    for router in seen:
        for group in router.part("status").get("groups", ()):
            _judge_detection(case, router, group)
            if (
                group["state"] == "active"
                and case.knows_all("status")
                and not _can_anybody(seen, router, group)
            ):
                case.find("nobody", node=router.node, group=group["name"])
        for risk in router.part("status").get("at_risk", ()):
            if risk["code"] not in PASSING_RISKS and risk["code"] != "peer-behind":
                case.find("at-risk", node=router.node, risk=risk)


def _judge_detection(case: Case, router: Seen, group: dict[str, Any]) -> None:
    detection = group.get("detection")
    if not detection:
        return
    facts = {"node": router.node, "group": group["name"], "after_us": int(1000 * detection["after_ms"])}
    if detection["after_ms"] > SLOW_MS:
        case.find("slow", **facts)
    elif detection["by"] == "advertisements":
        case.find("no-heartbeat", **facts)


def _can_anybody(seen: list[Seen], active: Seen, group: dict[str, Any]) -> bool:
    for other in seen:
        for each in other.part("status").get("groups", ()) if other is not active else ():
            if each["name"] == group["name"] and each["state"] == "backup" and not each["faults"]:
                return True
    return False
