# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of real nodes, a browser, and the pages of one node in it."""

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.lab.lab_fixtures import lab
from tests.lab.network import Network
from tests.luci.pages import BUDGET_MS, Pages
from tests.luci.pair import Pair
from tests.luci.router import Router
from tests.luci.web import Web, folders

__all__ = ["lab"]

CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NETWORK = "config interface 'lan'\n\toption proto 'static'\nconfig interface 'wan'\n\toption proto 'static'\n"


@pytest.fixture(scope="session")
def pair(lab: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two nodes that copy their connections to each other."""
    network = Network(2)
    with contextlib.ExitStack() as after:
        after.callback(network.delete)
        made = Pair(network, tmp_path_factory.mktemp("ubus"))
        after.callback(made.close)
        yield made


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one that a process can have."""
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Page:
    """A tab that the tests use one after the other."""
    context = browser.new_context()
    context.set_default_timeout(BUDGET_MS)
    return context.new_page()


@pytest.fixture
def router(pair: Pair) -> Router:
    """What answers the pages of the first node."""
    # A form leaves out what is the default; what it writes shall be what the test has changed.
    text = re.sub(r"\toption (preempt|virtual_mac|accept) .*\n", "", pair.first.config_path.read_text())
    return Router(pair.first.broker.path, text, NETWORK)


@pytest.fixture
def pages(router: Router, tab: Page) -> Iterator[Pages]:
    """The pages of the first node; at the end the console must have been silent."""
    web = Web(router, folders())
    made = Pages(tab, web)
    yield made
    # The page goes first: an answer that is broken off under its eyes is an error on the console.
    made.close()
    web.close()
    assert made.console == made.expected
