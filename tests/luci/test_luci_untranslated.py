# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages in a language that has every string in brackets: outside of them stand names and values alone.

That a language has every string is in test_luci_translations.py.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

import po
from tests.luci.pages import Pages, edit
from tests.luci.pair import Pair
from tests.luci.test_luci_doctor import broken, told
from tests.luci.test_luci_history import past
from tests.luci.test_luci_services import failed, service, tell

# Of the pair and its services, with the last words of one; units of options.
NAMES = "gateway lan wan dns vpn first no such file server.key IPv4 KiB ms"
# What LuCI's own catalogues have.
LUCI = "Add Edit Delete Dismiss Reset Apply unchecked This section contains values yet"
TEXTS = """() => { const found = [], all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT,
    (text) => text.parentElement.closest('script, style, code, option, li[data-value]') ? 2 : 1);
    while (all.nextNode()) found.push(all.currentNode.textContent);
    return found; }"""


def _doctor(pages: Pages, _pair: Pair) -> None:
    pages.router.replace("doctor", told(report=broken()))


def _history(pages: Pages, _pair: Pair) -> None:
    pages.router.replace("history", past())


def _services(pages: Pages, pair: Pair) -> None:
    tell(pages, pair, service("dns"), failed("vpn"))


def _as_it_is(_pages: Pages, _pair: Pair) -> None:
    pass


# What the router tells, and what is on the page when it is drawn.
VIEWS: dict[str, tuple[Callable[[Pages, Pair], None], str]] = {
    "overview": (_as_it_is, "[data-part=events] li"),
    "plan": (_as_it_is, "[data-stage] li"),
    "log": (_as_it_is, "[data-part=events] li"),
    "services": (_services, "[data-service=vpn]"),
    "doctor": (_doctor, "[data-check]"),
    "history": (_history, "[data-part=drills]"),
    "settings": (_as_it_is, "tr[data-section-id=lan]"),
}


def _outside(text: str) -> set[str]:
    inner = re.compile("⟦[^⟦⟧]*⟧")
    while inner.search(text):
        text = inner.sub("", text)
    return set(re.findall(r"[A-Za-z][\w.]*[a-z][\w.]*", text)) - {*NAMES.split(), *LUCI.split()}


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_shows_no_word_that_is_not_translated(pages: Pages, pair: Pair, view: str):
    prepare, drawn = VIEWS[view]
    prepare(pages, pair)
    pages.speak({name: f"⟦{name.rpartition(po.CONTEXT_ENDS)[2]}⟧" for name in po.strings()})
    page = pages.open(f"haven/{view}")
    expect(page.locator(drawn).first).to_be_visible()
    if view == "settings":
        edit(page, "lan")
    left = {word: text for text in page.evaluate(TEXTS) for word in _outside(text)}
    assert left == {}
