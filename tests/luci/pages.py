# SPDX-License-Identifier: GPL-2.0-or-later
"""A browser at the pages of one router."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.luci.web import Web

BUDGET_MS = 15_000
expect.set_options(timeout=BUDGET_MS)


class Pages:
    """Opens pages and watches what the browser complains of."""

    def __init__(self, context: BrowserContext, web: Web) -> None:
        self.web, self.router = web, web.router
        self._context = context
        context.set_default_timeout(BUDGET_MS)
        self.console: list[str] = []
        # What a test provokes on purpose.
        self.expected: list[str] = []
        self.requests: list[str] = []

    def open(self, path: str, until: str = "#view .haven h2, #view h3") -> Page:
        """Open a page, and wait until it is drawn."""
        page = self._context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url.removeprefix(self.web.address)))
        page.goto(f"{self.web.address}/{path}")
        page.wait_for_selector(until)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(message.text)


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
    for _ in range(BUDGET_MS // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{what}: did not happen")
