# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of doctor: it lets the router look, tells what it does, and shows what was found."""

import threading
import time
from typing import Any, cast

from playwright.sync_api import expect

from haven.contract.doctor import FOUND, UNABLE_STATE, WELL, check_report, finding, unable
from haven.contract.doctor_checks import CHECKS
from haven.contract.problems import problem
from tests.lab.wait import wait_until
from tests.luci.pages import Pages
from tests.luci.router import Answer


def report(findings: dict[str, list[dict[str, Any]]], not_made: dict[str, list[dict[str, Any]]]) -> dict:
    """Return a report with these findings, and these reasons, by their checks."""
    checks = []
    for check in CHECKS:
        found, whys = findings.get(check.name, []), not_made.get(check.name, [])
        state = FOUND if found else UNABLE_STATE if whys else WELL
        row = {"name": check.name, "state": state, "looked_at": check.looks_at, "well": check.well}
        checks.append({**row, "findings": found, "unable": whys})
    routers = [{"node": "r1", "asked": True, "why": ""}, {"node": "r2", "asked": False, "why": "no answer"}]
    document = {"version": 1, "node": "r1", "at": time.time() - 70, "took_s": 6.2, "well": not findings}
    return check_report({**document, "routers": routers, "checks": checks})


def told(**more: Any) -> dict[str, Any]:
    """Return what the method answers."""
    return {"running": False, "failure": "", "began": None, "step": "", "words": "", "report": None, **more}


def broken() -> dict[str, Any]:
    """Return a report of a pair with two faults, one of which a router names itself."""
    lost = problem("peer-away", "channel", node="r2", why="no answer")
    named = {"code": "peer-away", "facts": lost["facts"], "message": lost["message"]}
    advice = {**named, "message": lost["do"]}
    of_status = finding("problem", severity="warning", node="r1", problem=named, advice=advice)
    facts = {"node": "r1", "network": "10.77.0.0/24", "device": "wan", "address": "198.51.100.1"}
    found = {"nat": [finding("masquerade", **facts)], "status": [of_status]}
    return report(found, {"settings": [unable("not-asked", node="r2", why="no answer")]})


def _listens_until(pages: Pages) -> threading.Event:
    """Let the router tell a real run's first step until this is set: a busy browser asks too late for it."""
    may_go_on = threading.Event()
    heard: list[Answer] = []

    def ask() -> Answer | None:
        answer = pages.router.ask_agent("doctor", {})
        return answer if answer[1]["step"] == "listening" else None

    def doctor(arguments: dict) -> Answer:
        answer = pages.router.ask_agent("doctor", arguments)
        if arguments.get("begin"):
            heard.append(cast(Answer, wait_until(ask, 60, "it listens")))
        return heard[-1] if heard and not may_go_on.is_set() else answer

    pages.router.replace("doctor", doctor)
    return may_go_on


def test_a_button_lets_the_router_itself_look(pages: Pages):
    may_go_on = _listens_until(pages)
    page = pages.open("haven/doctor")
    expect(page.locator("[data-part=result]")).to_contain_text("Nobody has looked")
    page.locator("[data-part=begin]").click()
    expect(page.locator("[data-part=progress]")).to_contain_text("Listening on the links")
    expect(page.locator("[data-part=begin]")).to_be_disabled()
    may_go_on.set()
    expect(page.locator("[data-part=verdict]")).to_contain_text("Looked at r1")
    assert page.locator("[data-check]").count() == len(CHECKS)
    # These two have no channel.
    expect(page.locator("[data-check=settings]")).to_contain_text("no other router is paired with this one")
    expect(page.locator("[data-part=begin]")).to_be_enabled()


def test_what_is_wrong_comes_first_with_what_it_means_and_what_to_do(pages: Pages):
    pages.router.replace("doctor", told(report=broken()))
    page = pages.open("haven/doctor")
    expect(page.locator("[data-part=verdict]")).to_contain_text("2 things are wrong")
    states = page.locator("[data-check]").evaluate_all("all => all.map(each => each.dataset.state)")
    assert states == sorted(states, key=("found", "unable", "well").index)
    nat = page.locator("[data-code=masquerade]")
    expect(nat).to_contain_text("leave by wan with that device's own address (masquerade)")
    expect(nat).to_contain_text("They die in a takeover")
    expect(nat).to_contain_text("with target SNAT and snat_ip 198.51.100.1")
    expect(page.locator("[data-code=problem]")).to_contain_text("Router r2 is not reached over the channel")
    expect(page.locator("[data-check=settings]")).to_contain_text(
        "Not looked at: r2 was not asked: no answer"
    )
    assert page.locator(".haven-severe").count() == 1


def test_nothing_wrong_is_said(pages: Pages):
    pages.router.replace("doctor", told(report=report({}, {})))
    page = pages.open("haven/doctor")
    expect(page.locator("[data-part=verdict]")).to_contain_text("Nothing wrong was found")
    assert page.locator("[data-state=well]").count() == len(CHECKS)


def test_it_follows_a_run_that_somebody_else_began_and_says_why_it_failed(pages: Pages):
    pages.router.replace("doctor", told(running=True, step="waiting", words="r2"))
    page = pages.open("haven/doctor")
    expect(page.locator("[data-part=progress]")).to_contain_text("Waiting for r2")
    expect(page.locator("[data-part=begin]")).to_be_disabled()
    pages.router.replace("doctor", told(failure="there is <b>no room</b>"))
    expect(page.locator("[data-part=result]")).to_have_text("there is <b>no room</b>")
    expect(page.locator("[data-part=begin]")).to_be_enabled()
