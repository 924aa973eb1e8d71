# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of the history: the picture, its figures, and the drills that it begins."""

import re
import time
from typing import Any

from playwright.sync_api import expect

from tests.luci.pages import Pages, narrow, wait_for
from tests.luci.pair import Pair


def past(**more: Any) -> dict[str, Any]:
    """Return what `haven history --json` prints, of a day with an outage and two drills."""
    now = time.time()
    leg = {"from": "r1", "to": "r2", "outage_ms": 31.5}
    drill = {
        "at": now - 7200,
        "drill": "hard",
        "groups": ["gateway"],
        "ok": True,
        "code": "done",
        "facts": {},
    }
    drill |= {"legs": [leg], "before": 512, "after": 509, "missing": []}
    failed = {
        **drill,
        "at": now - 3600,
        "ok": False,
        "code": "not-taken",
        "facts": {"node": "r1", "seconds": 10},
    }
    outage = {
        "at": now - 40_000,
        "group": "gateway",
        "reason": "unanswered",
        "silence_ms": 20,
        "forward_ms": 9,
    }
    span = {"known_s": 86_000, "outage_ms": 29, "count": 1, "share": 0.999999}
    lane = {"node": "r1", "known": [[now - 86_000, now]], "damage": {"cut": 2}}
    states = [
        {"from": now - 86_000, "to": now - 40_000, "state": "active", "reason": "nobody"},
        {"from": now - 40_000, "to": now, "state": "backup", "reason": "handed_over"},
    ]
    link = {
        "device": "lan",
        "family": 4,
        "minutes": 60,
        "heard": 3590,
        "lost": 10,
        "jitter_ms": 0.4,
        "worst_ms": 9.0,
    }
    return {
        "at": now,
        "since": now - 86_400,
        "nodes": [{**lane, "groups": {"gateway": states}}],
        "outages": [{**outage, "forward_ms": 9, "outage_ms": 29, "node": "r1"}],
        "drills": [drill, failed],
        "availability": dict.fromkeys(("day", "month", "year"), span),
        "links": {"r2": [link], "r1": []},
        **more,
    }


def test_the_picture_shows_who_was_active_when_and_each_outage(pages: Pages):
    pages.router.replace("history", past())
    page = pages.open("haven/history")
    bars = page.locator("svg.haven-timeline [data-state]")
    assert bars.evaluate_all("found => found.map(each => each.dataset.state)") == ["active", "backup"]
    widths = bars.evaluate_all("found => found.map(each => Number(each.getAttribute('width')))")
    assert 0 < widths[1] < widths[0] < 580
    expect(page.locator("svg [data-outage='29']")).to_have_count(1)
    expect(page.locator("svg [data-drill]")).to_have_count(2)
    expect(page.locator("[data-part=availability]")).to_contain_text("99.99990 %")
    expect(page.locator("[data-part=outages]")).to_contain_text("its kernel did not answer")
    expect(page.locator("[data-part=drills]")).to_contain_text("r1 to r2: 31.5 ms")
    expect(page.locator("[data-part=links]")).to_contain_text("10 (0.28 %)")
    expect(page.locator("[data-damage=cut]")).to_contain_text("2 entries were cut short")


def test_the_times_below_the_picture_are_written_as_the_rest_of_the_page(pages: Pages):
    """A German page had "01:00 PM" there, in a browser that speaks English."""
    pages.router.replace("history", past())
    page = pages.open("haven/history")
    page.evaluate("document.documentElement.lang = 'de'")
    page.locator("select").select_option("7")
    expect(page.locator("svg.haven-timeline g:not([data-lane]) text").first).to_have_text(
        re.compile(r"^\d\d:\d\d$")
    )


def test_the_picture_can_be_read_on_a_telephone(pages: Pages):
    """It was the wide one at half its size: letters of 7 px."""
    pages.router.replace("history", past())
    page = pages.open("haven/history")
    narrow(page)
    texts = page.locator("svg.haven-timeline[viewBox^='0 0 400 '] text")
    expect(texts.first).to_contain_text("r1 gateway")
    heights = texts.evaluate_all("found => found.map(each => each.getBoundingClientRect().height)")
    assert min(heights) > 10


def test_a_real_pair_has_a_past_and_another_span_is_asked_for(pages: Pages, pair: Pair):
    page = pages.open("haven/history")
    expect(page.locator("svg [data-lane] [data-state=active]").first).to_be_visible()
    page.locator("select").select_option("30")
    # The drawing of the span before stays until the answer is there.
    wait_for(page, lambda: pages.router.calls("history")[-1]["days"] == 30, "the other span is asked for")
    expect(page.locator("svg.haven-timeline")).to_be_visible()


def test_a_drill_is_begun_after_a_yes_on_the_router_that_is_active(pages: Pages, pair: Pair):
    pages.router.replace("history", past())
    pages.router.replace("drill", {})
    page = pages.open("haven/history")
    page.locator("button[data-drill=hard]").click()
    assert pages.router.calls("drill") == []
    page.locator("[data-confirm]").click()
    expect(page.get_by_text("The drill has begun")).to_be_visible()
    (asked,) = pages.router.calls("drill")
    assert (asked["node"], asked["drill"], asked["back"]) == (pair.first.status()["node"], "hard", True)


def test_who_may_only_look_begins_none(pages: Pages):
    pages.router.replace("history", past())
    pages.router.write, pages.web.readonly = set(), True
    page = pages.open("haven/history")
    expect(page.locator("button[data-drill=hard]")).to_be_disabled()
