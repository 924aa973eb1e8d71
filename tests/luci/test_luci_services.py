# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of services by role: what each does, why, and what has failed with its last words."""

import json
import time
from typing import Any

from playwright.sync_api import expect

from haven.contract.services import check_told, failure_text, why
from tests.luci.pages import Pages
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
