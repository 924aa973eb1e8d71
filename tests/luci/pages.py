# SPDX-License-Identifier: GPL-2.0-or-later
"""A browser at the pages of one router."""

import sys
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Request, expect

from tests.luci.router import ROOT
from tests.luci.web import Web

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import lmo  # noqa: E402

BUDGET_MS = 60_000
SIZE = {"width": 1200, "height": 900}
expect.set_options(timeout=BUDGET_MS)


_STYLED = "[...document.querySelectorAll('link[rel=stylesheet]')].every((link) => link.sheet)"


class Pages:
    """Opens pages and watches what the browser complains of."""

    def __init__(self, tab: Page, web: Web) -> None:
        self.web, self.router = web, web.router
        self.console: list[str] = []
        # What a test provokes on purpose.
        self.expected: list[str] = []
        self.requests: list[str] = []
        self._tab = tab
        self._opened: list[Page] = []

    def open(self, path: str, until: str = "#view .haven h2, #view h3") -> Page:
        """Open a page, each in a tab of its own, and wait until it is drawn."""
        # A new tab is a new process: most tests need none.
        page = self._tab.context.new_page() if self._opened else self._tab
        self._opened.append(page)
        page.set_viewport_size(SIZE)
        for event, listener in self._listeners():
            page.on(event, listener)
        page.goto(f"{self.web.address}/{path}")
        page.wait_for_selector(until)
        # A sheet that a script has asked for holds nothing up: places and colours are not the page's before.
        page.wait_for_function(_STYLED)
        return page

    def speak(self, known: dict[str, str], code: str = "de") -> None:
        """Let the pages say what is in a catalogue, of the language that LuCI calls so."""
        # The stand-in for LuCI looks for the text, the real one for its hash.
        self.web.translations = known | {f"{lmo.hash_of(name):08x}": said for name, said in known.items()}
        self.web.language = code

    def close(self) -> None:
        """Leave the pages and what they have stored."""
        for page in self._opened:
            page.evaluate("sessionStorage.clear()")
            page.goto("about:blank")
            for event, listener in self._listeners():
                page.remove_listener(event, listener)
        for page in self._opened[1:]:
            page.close()

    def _listeners(self) -> list[tuple[str, Callable]]:
        return [("console", self._hear), ("pageerror", self._fail), ("request", self._see)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(message.text)

    def _fail(self, error: Error) -> None:
        self.console.append(str(error))

    def _see(self, request: Request) -> None:
        self.requests.append(request.url.removeprefix(self.web.address))


# Asked for one by one, a box is none where the page was drawn anew meanwhile.
_BOXES = "all => all.map(each => each.getBoundingClientRect().toJSON())"


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    """Return where everything that is selected stands, in document order, of one and the same drawing."""
    return page.locator(selector).evaluate_all(_BOXES)


def narrow(page: Page) -> None:
    """Give the page the width of a telephone."""
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_function("window.innerWidth === 400")


def field(page: Page, section: str, option: str, config: str = "haven") -> Locator:
    """Find the row of an option."""
    return page.locator(f'[id="cbi-{config}-{section}-{option}"]')


def widget(page: Page, section: str, option: str, config: str = "haven") -> Locator:
    """Find what the user types into; not for lists."""
    return page.locator(f'[id="widget.cbid.{config}.{section}.{option}"]')


_WIDGET = """([map, section, option, value]) => L.require('dom').then((dom) => {
    const node = document.getElementById(`cbid.${map}.${section}.${option}`);
    const widget = dom.findClassInstance(node);
    %s
})"""
_READ = _WIDGET % "return widget.getValue();"
_WRITE = (
    _WIDGET
    % "widget.setValue(value); node.dispatchEvent(new CustomEvent('widget-change', { bubbles: true }));"
)


def value(page: Page, section: str, option: str, config: str = "haven") -> Any:
    """Ask LuCI's own form what is in a field."""
    return page.evaluate(_READ, [config, section, option, None])


def put(page: Page, section: str, option: str, new: Any, config: str = "haven") -> None:
    """Put a value into a field, as if the user had chosen it."""
    page.evaluate(_WRITE, [config, section, option, new])


def press(page: Page, kind: str) -> None:
    """Press Save, Reset, or Save & Apply."""
    page.locator(f".cbi-page-actions .cbi-button-{kind}").click()


def wait_for(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait for something that is not on the page."""
    deadline = time.monotonic() + BUDGET_MS / 1000
    while not condition():
        assert time.monotonic() < deadline, f"{what}: did not happen"
        page.wait_for_timeout(50)


def edit(page: Page, section: str) -> None:
    """Open the dialog of a section that a table has."""
    page.locator(f'tr[data-section-id="{section}"] .cbi-button-edit').click()
    # LuCI leaves the dialog before this one where it was, unseen.
    expect(page.locator("body.modal-overlay-active")).to_have_count(1)
    expect(page.locator(f'.modal [id="cbi-haven-{section}"]')).to_have_count(1)


def keep(page: Page) -> None:
    """Press Save in the dialog."""
    page.locator(".modal .button-row .cbi-button-positive").click()


def dismiss(page: Page) -> None:
    """Leave the dialog."""
    page.locator(".modal .button-row button").first.click()
    expect(page.locator("body.modal-overlay-active")).to_have_count(0)
