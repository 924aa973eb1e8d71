# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages for who has no mouse or does not see them (WCAG 2.1, A and AA, by axe); and many sections."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from haven.config.schema import schema
from tests.luci.pages import Pages, dismiss, edit, field, widget
from tests.luci.router import Router
from tests.luci.test_luci_doctor import broken, told
from tests.luci.test_luci_history import past

# `make test-luci` brings it.
AXE = Path(sys.prefix, "axe/node_modules/axe-core/axe.min.js")
RUN = """axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })
    .then((found) => found.violations.map((each) => [ each.id, ...each.nodes.flatMap((node) =>
        [ node.html, node.failureSummary ]) ].join(' ')))"""
# That what was asked before is drawn; a poll that runs is not `ready`, which the real LuCI calls `r`.
CALM = """() => L.require('poll').then((poll) => poll.queue.every((each) => each.ready ?? each.r))"""
# What LuCI's theme Bootstrap computes, light and dark, in haven.css's order; then text and ground.
NAMES = ("success-color-high", "error-color-high", "warn-color-high", "primary-color-high")
NAMES += ("border-color-medium", "background-color-low", "text-color-high", "background-color-high")
THEMES = {
    "light": ("#00ac59", "#f62b12", "#efbd0b", "#1976d2", "#ddd", "#f5f5f5", "#404040", "#fff"),
    "dark": ("#00a66c", "#d15653", "#a69461", "#4da1c0", "#444", "#2c2c2c", "#bfbfbf", "#222"),
}
ROUTER = """
config virtual_router 'v{0}'
	option interface 'lan'
	option vrid '{1}'
	option group 'gateway'
	list address '10.9.{0}.1/24'
"""


def many(router: Router, count: int) -> None:
    """Let the router have so many virtual routers."""
    text = "config haven 'node'\n\toption enabled '1'\nconfig group 'gateway'\n"
    text += "".join(ROUTER.format(number, number + 1) for number in range(count))
    router.uci.__init__(haven=text, network="config interface 'lan'\n", luci="")


def themed(page: Page, theme: str) -> None:
    """Give the page the colours of a theme."""
    colours = "".join(f"--{name}: {value};" for name, value in zip(NAMES, THEMES[theme], strict=True))
    page.add_style_tag(
        content=f":root {{ {colours} }} "
        "body { color: var(--text-color-high); background: var(--background-color-high) } "
        "a { color: var(--primary-color-high) } "
        f"input, select, button {{ color-scheme: {theme}; color: inherit; background: transparent }}"
    )


def judge(page: Page) -> list[str]:
    """Return what axe finds."""
    assert AXE.exists(), "make test-luci brings axe"
    # What is drawn anew while axe looks is gone when it comes to it.
    page.evaluate("L.require('poll').then((poll) => poll.stop())")
    page.wait_for_function(CALM)
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=str(AXE))
    return page.evaluate(RUN)


def _overview(page: Page) -> None:
    expect(page.locator("[data-part=events] li").first).to_be_visible()


def _history(page: Page) -> None:
    expect(page.locator("svg").first).to_be_visible()


def _doctor(page: Page) -> None:
    expect(page.locator("[data-part=verdict]")).to_contain_text("2 things are wrong")


def _dialog(page: Page) -> None:
    edit(page, "lan")


def _search(page: Page) -> None:
    page.locator("#haven-search").fill("interval")


SHOWN: dict[str, tuple[str, Callable[[Page], None]]] = {
    "overview": ("haven/overview", _overview),
    "history": ("haven/history", _history),
    "doctor": ("haven/doctor", _doctor),
    "settings": ("haven/settings", _search),
    "dialog": ("haven/settings", _dialog),
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SHOWN)
def test_axe_finds_nothing(pages: Pages, name: str, theme: str):
    pages.router.replace("doctor", told(report=broken()))
    pages.router.replace("history", past())
    path, then = SHOWN[name]
    page = pages.open(path)
    themed(page, theme)
    then(page)
    assert judge(page) == []


def test_axe_finds_what_is_wrong(pages: Pages):
    page = pages.open("haven/settings")
    themed(page, "light")
    page.evaluate(
        "document.querySelector('#view .haven').append(E('input', { type: 'text' }), "
        "E('p', { style: 'color: #ccc' }, [ 'pale' ]))"
    )
    assert sorted(each.split()[0] for each in judge(page)) == ["color-contrast", "label"]


def test_every_option_of_twenty_virtual_routers_is_two_clicks_away(pages: Pages):
    many(pages.router, 20)
    page = pages.open("haven/settings")
    assert page.locator("#cbi-haven-virtual_router tr[data-section-id]").count() == 20
    (described,) = [each for each in schema()["sections"] if each["type"] == "virtual_router"]
    for section in [f"v{number}" for number in range(20)]:
        edit(page, section)
        for group in ("basic", "timing", "advanced"):
            page.locator(f'.modal .cbi-tabmenu [data-tab="{group}"] > a').click()
            for option in described["options"]:
                if option["group"] == group and not option["only_with"]:
                    assert field(page, section, option["name"]).is_visible(), (section, option["name"])
        dismiss(page)


def test_a_row_and_its_dialog_need_no_mouse(pages: Pages):
    many(pages.router, 3)
    page = pages.open("haven/settings")
    button = page.locator('tr[data-section-id="v1"] .cbi-button-edit')
    assert button.get_attribute("aria-label") == "Edit: v1"
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Virtual routers: v1")).to_be_visible()
    expect(page.locator(".modal :focus")).to_have_count(1)
    page.locator(".modal .button-row button").first.focus()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()


def test_a_hundred_virtual_routers_are_drawn(pages: Pages):
    many(pages.router, 100)
    began = time.monotonic()
    page = pages.open("haven/settings", until='tr[data-section-id="v99"]')
    took = time.monotonic() - began
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"settings of 100 virtual routers: first paint {paint:.0f} ms, all drawn {took * 1000:.0f} ms")
    assert page.locator("#cbi-haven-virtual_router tr[data-section-id]").count() == 100
    edit(page, "v99")
    expect(widget(page, "v99", "vrid")).to_have_value("100")
