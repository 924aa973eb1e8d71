# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of services by role: what each does, why, and what has failed with its last words."""

import json
import time
from typing import Any

from playwright.sync_api import expect

from haven.contract.problems import problem
from haven.contract.services import check_told, failure_text, why
from tests.luci.pages import Pages, narrow
from tests.luci.pair import Pair


def service(name: str, **more: Any) -> dict[str, Any]:
    """Return a service as a status has it."""
    found = {
        "name": name,
        "group": "gateway",
        "role": "active",
        "required": False,
        "wanted": "run",
        "is": "running",
        "since": time.time() - 90,
        "why": why("group-active", "gateway"),
        "failure": None,
        "deaths": 0,
        "retry_s": None,
    }
    return {**found, **more}


def failed(name: str) -> dict[str, Any]:
    """Return a service that does not come up."""
    facts = {"action": "start", "status": 1}
    failure = {"action": "start", "code": "status", "facts": facts, "text": failure_text("status", facts)}
    more = {"words": "first\nno such file <b>server.key</b>", "at": time.time() - 5}
    return service(name, **{"is": "failed"}, required=True, retry_s=20, deaths=2, failure={**failure, **more})


def tell(pages: Pages, pair: Pair, *services: dict[str, Any]) -> None:
    """Let the router tell of these services."""
    check_told(json.loads(json.dumps(services)), "services")
    pages.router.replace("status", {**pair.first.status(), "services": list(services)})


def test_without_services_it_says_so(pages: Pages):
    page = pages.open("haven/services")
    expect(page.locator("[data-part=services]")).to_contain_text("Nothing runs by role")


def test_each_service_has_its_state_its_reason_and_its_last_words(pages: Pages, pair: Pair):
    rests = {"is": "stopped", "wanted": "rest", "role": "backup"}
    tell(pages, pair, service("dns"), service("page", **rests), failed("vpn"))
    page = pages.open("haven/services")
    cards = page.locator("[data-group=gateway] [data-service]")
    assert cards.evaluate_all("found => found.map(each => each.dataset.is)") == [
        "running",
        "stopped",
        "failed",
    ]
    expect(page.locator("[data-service=dns]")).to_contain_text("gateway is Active here")
    broken = page.locator("[data-service=vpn]")
    expect(broken).to_contain_text("start: ended with status 1")
    expect(broken).to_contain_text("in 20 s")
    expect(broken.locator("pre")).to_have_text("first\nno such file <b>server.key</b>")
    assert page.locator(".haven-problem").count() == 1


def test_it_follows_what_happens(pages: Pages, pair: Pair):
    tell(pages, pair, failed("vpn"))
    page = pages.open("haven/services")
    expect(page.locator("[data-service=vpn]")).to_have_attribute("data-is", "failed")
    tell(pages, pair, service("vpn"))
    expect(page.locator("[data-service=vpn]")).to_have_attribute("data-is", "running")
    expect(page.locator("[data-service=vpn] pre")).to_have_count(0)


PEER = {
    "node": "r2",
    "address": "10.99.0.2",
    "heard_ms": 200,
    "version": "0.1.0",
    "fingerprint": "ab" * 32,
    "state": "backup",
    "in_sync": True,
    "trouble": "",
}
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def tell_both(pages: Pages, pair: Pair, here: dict[str, Any], there: dict[str, Any] | None) -> None:
    """Let this router tell one service, and the other one another, or nothing."""
    check_told(json.loads(json.dumps([here, *([there] if there else [])])), "services")

    def answer(arguments: dict[str, Any]) -> tuple[int, Any]:
        if arguments.get("node"):
            silent = {"error": "r2 does not answer", "code": "peer-silent", "kind": "refused"}
            return (0, {**pair.second.status(), "services": [there]}) if there else (9, silent)
        peer = PEER if there else {**PEER, "heard_ms": None, "trouble": HOSTILE}
        return 0, {**pair.first.status(), "services": [here], "channel": {"peers": [peer]}}

    pages.router.replace("status", answer)


def test_the_paired_router_tells_its_own_services(pages: Pages, pair: Pair):
    rests = service("vpn", wanted="rest", profile="openvpn", **{"is": "stopped"})
    tell_both(pages, pair, service("vpn", profile="openvpn"), rests)
    page = pages.open("haven/services")
    here, there = (page.locator(f"[data-router={name}]") for name in ("r1", "r2"))
    expect(here.locator("[data-service=vpn]")).to_have_attribute("data-is", "running")
    expect(there.locator("[data-service=vpn]")).to_have_attribute("data-is", "stopped")
    expect(there).to_contain_text("r2, as it said")
    expect(there.locator("[data-service=vpn]")).to_contain_text("openvpn")
    expect(there.locator("[data-service=vpn]")).to_contain_text("to rest")


def test_a_paired_router_that_is_silent_is_named(pages: Pages, pair: Pair):
    tell_both(pages, pair, service("vpn"), None)
    page = pages.open("haven/services")
    expect(page.locator("[data-router=r2]")).to_contain_text(f"not reached: {HOSTILE}")
    assert page.locator("#view img").count() == 0


def test_what_a_person_can_do_stands_beside_what_failed(pages: Pages, pair: Pair):
    broken = failed("vpn")
    facts = {"service": "vpn", "failure": broken["failure"], "words": "no such file"}
    told = {**pair.first.status(), "services": [broken, service("dns")]}
    told["problems"] = [problem("service-failed", "vpn", **facts), problem("agent-silent", "haven-agent")]
    pages.router.replace("status", told)
    page = pages.open("haven/services")
    expect(page.locator("[data-service=vpn]")).to_contain_text("What to doMend what its last words name;")
    expect(page.locator("[data-service=dns]")).not_to_contain_text("What to do")
    assert page.locator("[data-part=services] + p a").get_attribute("href") is not None


def test_who_may_only_look_is_not_sent_to_the_settings(pages: Pages, pair: Pair):
    pages.web.readonly = True
    tell(pages, pair, service(HOSTILE))
    page = pages.open("haven/services")
    expect(page.locator("[data-part=services] + p")).to_have_count(0)
    assert page.locator("#view img").count() == 0
    expect(page.locator("[data-service]")).to_contain_text(HOSTILE)


def test_the_services_fit_a_telephone(pages: Pages, pair: Pair):
    tell_both(pages, pair, failed("vpn"), service("vpn"))
    page = pages.open("haven/services")
    narrow(page)
    expect(page.locator("[data-router=r2] [data-service]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
