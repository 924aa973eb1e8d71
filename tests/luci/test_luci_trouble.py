# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages say when something does not answer, or not as it should; nothing on them is lost."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.luci.pages import Pages
from tests.luci.pair import Pair, PairNode
from tests.luci.router import Answer

VIEWS = ("haven/overview", "haven/plan", "haven/actions", "haven/log")
BROKEN = "Failed to load resource: the server responded with a status of 502 (Bad Gateway)"


@pytest.fixture
def backup(pages: Pages, pair: Pair) -> Iterator[PairNode]:
    """The second node, whose pages these are; it runs again afterwards."""
    pages.router.broker = pair.second.broker.path
    yield pair.second
    pair.second.revive()
    pair.second.wait_state("backup")
    pair.second.wait_served()


def _trouble(page: Page, kind: str) -> None:
    expect(page.locator(f"[data-trouble={kind}]")).to_be_visible()


def test_without_havend_the_last_picture_is_marked_as_old(pages: Pages, backup: PairNode):
    page = pages.open("haven/overview")
    expect(page.locator("h4")).to_have_text("r1 is Active")
    backup.kill9()
    _trouble(page, "havend")
    assert page.locator(".haven-stale svg [data-node=peer]").count() == 1
    expect(page.locator("[data-trouble]")).to_contain_text("What is shown here is")
    for view in VIEWS[2:]:
        _trouble(pages.open(view, until="[data-trouble]"), "havend")
    page.bring_to_front()
    backup.revive()
    expect(page.locator("[data-trouble]")).to_have_count(0)
    assert page.locator(".haven-stale").count() == 0


def test_without_the_agent_haven_does_not_run(pages: Pages, backup: PairNode):
    page = pages.open("haven/overview")
    backup.kill_agent()
    _trouble(page, "agent")
    for view in VIEWS:
        other = pages.open(view, until="[data-trouble]")
        _trouble(other, "agent")
        assert "RPC" not in other.locator("[data-trouble]").inner_text()
    page.bring_to_front()
    backup.revive()
    expect(page.locator("[data-trouble]")).to_have_count(0)


@pytest.mark.parametrize(("kind", "place"), [("unconfigured", "setup"), ("disabled", "settings")])
def test_before_haven_is_wanted_the_overview_has_one_thing_to_do(
    pages: Pages, backup: PairNode, kind: str, place: str
):
    _switch_off(pages, configured=kind == "disabled")
    backup.kill_agent()
    page = pages.open("haven/overview", until="[data-trouble]")
    _trouble(page, kind)
    button = page.locator("[data-action]")
    assert button.get_attribute("href").endswith(f"admin/services/haven/{place}")
    expect(page.locator("[data-part=example] svg")).to_have_count(int(kind == "unconfigured"))
    expect(page.locator(".haven h3:visible")).to_have_count(0)
    backup.revive()
    expect(page.locator("[data-trouble]")).to_have_count(0)
    expect(page.locator("[data-action]")).to_have_count(0)
    expect(page.locator(".haven h3:visible")).to_have_count(6)


def test_who_may_only_look_has_no_way_to_set_up(pages: Pages, backup: PairNode):
    _switch_off(pages, configured=False)
    pages.router.read, pages.router.write, pages.web.readonly = {"haven"}, set(), True
    backup.kill_agent()
    page = pages.open("haven/overview", until="[data-trouble]")
    _trouble(page, "unconfigured")
    expect(page.locator("[data-action]")).to_have_count(0)


@pytest.mark.parametrize("kind", ["unconfigured", "disabled"])
def test_every_page_says_that_haven_is_off(pages: Pages, backup: PairNode, kind: str):
    _switch_off(pages, configured=kind == "disabled")
    backup.kill_agent()
    for view in VIEWS:
        _trouble(pages.open(view, until="[data-trouble]"), kind)


def _switch_off(pages: Pages, configured: bool) -> None:
    uci = pages.router.uci
    for section in uci.sections("haven"):
        if section[".type"] == "haven":
            section["enabled"] = "0"
        elif not configured:
            uci.call("delete", {"config": "haven", "section": section[".name"]})


def test_an_answer_that_is_late(pages: Pages):
    pages.web.patience_s = 2.0
    page = pages.open("haven/overview")
    may_answer = threading.Event()

    def status(arguments: dict) -> Answer:
        # Each that is not answered keeps one of the browser's few connections.
        may_answer.wait(180)
        return pages.router.ask_agent("status", arguments)

    pages.router.replace("status", status)
    _trouble(page, "late")
    assert page.locator("svg [data-node=self]").count() == 1
    may_answer.set()
    expect(page.locator("[data-trouble]")).to_have_count(0)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("answer", ["yes", {}, [], {"virtual_routers": 1, "groups": 2, "events": 3}], ids=str)
def test_an_answer_that_is_none(pages: Pages, view: str, answer: object):
    for method in ("status", "events", "plan"):
        pages.router.replace(method, answer)
    page = pages.open(view, until="[data-trouble]")
    _trouble(page, "malformed")
    assert page.locator("#view h2").count() == 1


@pytest.mark.parametrize("view", VIEWS)
def test_a_login_without_the_right(pages: Pages, view: str):
    pages.router.read = pages.router.write = set()
    _trouble(pages.open(view, until="[data-trouble]"), "denied")


@pytest.mark.parametrize(
    ("status", "kind"), [(6, "denied"), (7, "late"), (2, "argument"), (3, "agent"), (99, "unknown")]
)
def test_a_status_without_words(pages: Pages, status: int, kind: str):
    pages.router.replace("status", None, status=status)
    _trouble(pages.open("haven/overview", until="[data-trouble]"), kind)


def test_a_router_that_cannot_be_reached(pages: Pages):
    page = pages.open("haven/overview")
    pages.router.is_down = True
    _trouble(page, "router")
    pages.router.is_down = False
    expect(page.locator("[data-trouble]")).to_have_count(0)
    pages.expected.extend([BROKEN] * pages.console.count(BROKEN))


def test_what_luci_says_of_an_error_is_shown_without_its_source(pages: Pages):
    pages.router.read = pages.router.write = set()
    page = pages.open("haven/overview", until="[data-trouble]")
    text = page.inner_text("[data-trouble]")
    assert "Access denied" in text and ".js" not in text and " at " not in text.replace("Look at", "")
