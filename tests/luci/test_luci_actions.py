# SPDX-License-Identifier: GPL-2.0-or-later
"""The actions and the plan of real nodes: said first, confirmed, done, and told how it ended."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.luci.pages import Pages, wait_for
from tests.luci.pair import Pair

HANDOVER = "This router hands “gateway” over to the other one and becomes Backup."


@pytest.fixture
def settled(pair: Pair) -> Iterator[Pair]:
    """The pair, which is afterwards what it was."""
    yield pair
    pair.first.ask_ubus("maintenance", on=False)
    pair.settle()


def _button(page: Page, action: str) -> Locator:
    return page.locator(f"[data-action={action}]")


def _confirm(page: Page) -> None:
    page.locator(".modal [data-confirm]").click()


def _outcome(page: Page) -> Locator:
    return page.locator("[data-part=outcome]")


def test_nothing_is_done_before_it_is_confirmed(pages: Pages):
    page = pages.open("haven/actions")
    for action, method in (
        ("switchover", "switchover"),
        ("maintenance-on", "maintenance"),
        ("reload", "reload"),
    ):
        _button(page, action).click()
        expect(page.locator(".modal p").first).to_be_visible()
        page.locator(".modal button").first.click()
        expect(page.locator(".modal")).to_be_hidden()
        assert pages.router.calls(method) == []


def test_a_switchover_moves_the_addresses_and_both_overviews_show_it(pages: Pages, settled: Pair):
    page = pages.open("haven/actions")
    expect(_button(page, "switchover")).to_be_enabled()
    _button(page, "switchover").click()
    expect(page.locator(".modal")).to_contain_text(HANDOVER)
    _confirm(page)
    expect(_outcome(page)).to_have_text("Another router is Active now for gateway.")
    expect(_button(page, "switchover")).to_be_disabled()
    overview = pages.open("haven/overview")
    expect(overview.locator("h4")).to_have_text("r2 is Active")
    expect(overview.locator("svg .haven-holds[data-holder=peer]")).to_have_count(2)
    settled.settle()
    expect(overview.locator("h4")).to_have_text("r1 is Active")
    expect(overview.locator("[data-part=events]")).to_contain_text(
        "Active -> Backup: handed over to 10.77.0.3"
    )


def test_maintenance_begins_and_ends(pages: Pages, settled: Pair):
    page = pages.open("haven/actions")
    expect(_button(page, "maintenance-off")).to_be_disabled()
    _button(page, "maintenance-on").click()
    _confirm(page)
    expect(_outcome(page)).to_have_text("Another router is Active now for gateway.")
    expect(_button(page, "maintenance-off")).to_be_enabled()
    expect(_button(page, "maintenance-on")).to_be_disabled()
    assert settled.first.group()["maintenance"] is True
    _button(page, "maintenance-off").click()
    _confirm(page)
    expect(_button(page, "maintenance-on")).to_be_enabled()
    assert pages.router.calls("maintenance") == [{"on": True}, {"on": False}]


def test_a_reload_says_what_is_wrong(pages: Pages, pair: Pair):
    page = pages.open("haven/actions")
    _button(page, "reload").click()
    _confirm(page)
    expect(_outcome(page)).to_have_text("Done.")
    good = pair.first.config_path.read_text()
    try:
        pair.first.config_path.write_text(good.replace("option vrid '51'", "option vrid '512'"))
        _button(page, "reload").click()
        _confirm(page)
        expect(_outcome(page).locator(".warning")).to_contain_text("512")
        plan = pages.open("haven/plan")
        expect(plan.locator("[data-part=plan-problems]")).to_contain_text("512")
    finally:
        pair.first.config_path.write_text(good)
        pair.first.cli("reload")


def test_a_reload_that_takes_long_is_asked_for_until_it_has_ended(pages: Pages):
    page, asked = pages.open("haven/actions"), []

    def goes_on(arguments: dict) -> tuple[int, dict | None]:
        asked.append(arguments)
        if len(asked) == 3:
            # It takes the network away for a moment, or the agent.
            return 7, None
        has_ended = len(asked) > 4
        return 0, {"running": not has_ended, "answer": {"text": "taken"} if has_ended else None}

    pages.router.replace("reload", goes_on)
    _button(page, "reload").click()
    _confirm(page)
    expect(_outcome(page)).to_contain_text("A slow router may take minutes")
    expect(_outcome(page)).to_have_text("Done.")
    assert asked == [{"begin": True}] + [{"begin": False}] * 4


def test_a_reload_whose_end_nobody_knows_is_told_as_that(pages: Pages):
    page = pages.open("haven/actions")
    pages.router.replace("reload", {"running": False, "answer": None})
    _button(page, "reload").click()
    _confirm(page)
    expect(_outcome(page).locator("[data-trouble]")).to_contain_text("not known how the reload has ended")


def test_a_refusal_is_said(pages: Pages):
    page = pages.open("haven/actions")
    answer = {"error": "gateway: no other router took over", "kind": "refused"}
    pages.router.replace("switchover", answer, status=9)
    _button(page, "switchover").click()
    _confirm(page)
    expect(_outcome(page)).to_contain_text("no other router took over")
    expect(_button(page, "switchover")).to_be_enabled()


def _until_asked_again(pages: Pages, page: Page) -> None:
    before = len(pages.router.calls("status"))
    wait_for(page, lambda: len(pages.router.calls("status")) > before + 2, "the page goes on asking")


def test_while_an_action_is_under_way_it_cannot_be_begun_again(pages: Pages):
    page = pages.open("haven/actions")
    pages.router.hold("switchover")
    _button(page, "switchover").click()
    # Whoever reads the question takes his time: what was drawn anew meanwhile gave the button free.
    _until_asked_again(pages, page)
    _confirm(page)
    _until_asked_again(pages, page)
    expect(_button(page, "switchover")).to_be_disabled()
    pages.expected.append("Failed to load resource: net::ERR_EMPTY_RESPONSE")
    pages.router.over.set()
    expect(_outcome(page).locator("[data-trouble]")).to_be_visible()


def test_who_may_only_look_is_offered_nothing(pages: Pages):
    pages.web.readonly = True
    page = pages.open("haven/actions")
    for action in ("switchover", "maintenance-on", "maintenance-off", "reload"):
        expect(_button(page, action)).to_be_disabled()
    expect(page.get_by_text("This login may look, and change nothing.")).to_have_count(4)


def test_the_plan_has_every_step(pages: Pages, pair: Pair):
    page = pages.open("haven/plan")
    plan = pair.first.ask_ubus("plan")
    routers = {router["name"]: router for router in plan["virtual_routers"]}
    for group in plan["groups"]:
        for name, items in group["sequences"].items():
            shown = page.locator(f"[data-group={group['name']}] [data-stage={name}] li").all_text_contents()
            assert shown == list(_lines(items, routers)) and shown
    for name, router in routers.items():
        for stage in ("setup", "teardown"):
            shown = page.locator(f"[data-router={name}] [data-stage={stage}] li").all_text_contents()
            assert shown == [step["say"] for step in router[stage]]


def _lines(items: list[dict], routers: dict[str, dict]) -> Iterator[str]:
    for item in items:
        if item["code"] in ("takeover", "release"):
            for name in item["facts"]["virtual_routers"]:
                yield from (step["say"] for step in routers[name][item["code"]])
        else:
            yield item["say"]


def test_the_plan_is_there_before_haven_runs(pages: Pages):
    pages.router.broker = pages.router.broker.with_name("nobody.sock")
    pages.router.replace("plan", None, status=4)
    page = pages.open("haven/plan")
    assert page.locator("[data-trouble=agent]").count() == 1
