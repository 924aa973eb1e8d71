# SPDX-License-Identifier: GPL-2.0-or-later
"""The log: all events of a real node, filtered and exported."""

import csv
import io
import json
import re

from playwright.sync_api import Page, expect

from tests.luci.pages import Pages
from tests.luci.pair import Pair
from tests.luci.router import OK


def _told(pages: Pages, pair: Pair) -> list[dict]:
    """Let the page know the real node's events up to now: a busy machine may bring more at any time."""
    events = pair.first.events()
    ask = pages.router.ask_agent
    pages.router.replace("events", lambda of: (OK, {"events": ask("events", of)[1]["events"][: len(events)]}))
    return events


def _lines(page: Page) -> list[str]:
    return page.locator("[data-part=events] li").all_text_contents()


def _texts(page: Page) -> list[str]:
    """Return the lines without how long ago each was, which goes on while the test looks."""
    return [re.sub(r" \([^)]* ago\)", "", line) for line in _lines(page)]


def _export(page: Page, title: str) -> tuple[str, str]:
    with page.expect_download() as waited:
        page.get_by_text(title, exact=True).click()
    found = waited.value
    return found.suggested_filename, found.path().read_text(encoding="utf-8")


def test_every_event_is_there_the_latest_first(pages: Pages, pair: Pair):
    events = _told(pages, pair)
    page = pages.open("haven/log")
    assert len(_lines(page)) == len(events)
    for line, event in zip(_lines(page), reversed(events), strict=True):
        assert line.endswith(event["text"])


def test_it_is_filtered_by_kind_and_by_text(pages: Pages, pair: Pair):
    events = _told(pages, pair)
    page = pages.open("haven/log")
    page.locator("select").select_option("transition")
    assert len(_lines(page)) == sum(event["kind"] == "transition" for event in events)
    page.locator("select").select_option("")
    page.locator("input[type=search]").fill("STARTED")
    assert len(_lines(page)) == sum("started" in json.dumps(event).lower() for event in events)
    page.locator("input[type=search]").fill("no such word")
    expect(page.locator("[data-part=events]")).to_have_text("Nothing to show.")


def test_what_is_shown_is_exported(pages: Pages, pair: Pair):
    events = _told(pages, pair)
    page = pages.open("haven/log")
    page.locator("select").select_option("transition")
    wanted = [event for event in reversed(events) if event["kind"] == "transition"]
    name, text = _export(page, "Export as JSON")
    assert name == "haven-events.json" and [each["text"] for each in json.loads(text)] == [
        event["text"] for event in wanted
    ]
    name, text = _export(page, "Export as CSV")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert name == "haven-events.csv"
    assert [(row["to"], row["reason"], row["text"]) for row in rows] == [
        (event["to"], event["reason"], event["text"]) for event in wanted
    ]


def test_a_quotation_mark_in_an_event_does_not_break_the_table(pages: Pages):
    text = 'a "quoted", and\nbroken line'
    events = [{"seq": 1, "at": 1_800_000_000.5, "kind": "problem", "text": text}]
    pages.router.replace("events", {"events": events})
    page = pages.open("haven/log")
    (row,) = csv.DictReader(io.StringIO(_export(page, "Export as CSV")[1], newline=""))
    assert (row["text"], row["seq"], row["at"], row["group"]) == (text, "1", "2027-01-15T08:00:00.500Z", "")


def test_what_was_there_stays_when_the_next_answer_fails(pages: Pages):
    page = pages.open("haven/log")
    before = _texts(page)
    pages.router.replace("events", {"events": "many"})
    page.get_by_text("Refresh", exact=True).click()
    expect(page.locator("[data-trouble=malformed]")).to_be_visible()
    assert _texts(page) == before and before
