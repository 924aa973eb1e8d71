# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings: drawn from the schema, checked by the router, lost by nobody."""

import re

import pytest
from playwright.sync_api import Page, expect

from haven.config.options.option import GROUPS
from haven.config.schema import schema
from tests.luci.pages import Pages, dismiss, edit, field, keep, press, put, value, wait_for, widget
from tests.luci.pair import Pair
from tests.luci.router import Router
from tests.luci.web import REAL

SECTIONS = schema()["sections"]
ALL = "".join(f"config {each['type']} 'a_{each['type']}'\n" for each in SECTIONS)


@pytest.fixture
def every(pair: Pair, router: Router) -> None:
    """One empty section of every type."""
    router.uci.__init__(haven=ALL, network="config interface 'lan'\nconfig interface 'loopback'\n", luci="")


def tab(page: Page, name: str) -> None:
    """Choose a tab of the dialog."""
    page.locator(f'.modal .cbi-tabmenu [data-tab="{name}"] > a').click()


def named(pages: Pages, kind: str) -> str:
    """Return the name of the first section of a type."""
    return next(each[".name"] for each in pages.router.uci.sections("haven") if each[".type"] == kind)


def _rows() -> list[tuple[str, dict]]:
    return [(f"a_{section['type']}", option) for section in SECTIONS for option in section["options"]]


def test_every_option_is_drawn_as_the_schema_has_it(pages: Pages, every: None):
    page = pages.open("haven/settings")
    for each in SECTIONS:
        section = f"a_{each['type']}"
        if not each["single"]:
            edit(page, section)
        _check_section(page, section, each)
        if not each["single"]:
            dismiss(page)


def _check_section(page: Page, section: str, described: dict) -> None:
    node = page.locator(f'div[id="cbi-haven-{section}"]')
    drawn = [each.get_attribute("id") for each in node.locator(".cbi-value").all()]
    in_tabs = sorted(described["options"], key=lambda option: GROUPS.index(option["group"]))
    assert drawn == [f"cbi-haven-{section}-{option['name']}" for option in in_tabs]
    for option in described["options"]:
        row = field(page, section, option["name"])
        assert row.locator("xpath=ancestor::*[@data-tab]").get_attribute("data-tab") == option["group"]
        unit = f" ({option['unit']})" if option["unit"] else ""
        assert (row.locator("label").first.text_content() or "") == option["title"] + unit
        said = row.locator(".cbi-value-description").text_content() or ""
        assert said.strip().startswith(f"{option['name']} {option['help']}")
        allowed = f"{option['values']} {option['unit']}".strip()
        assert option["kind"] == "flag" or said.endswith(f"Allowed: {allowed}.")
        _check_widget(page, section, option)
    head = page.locator(f"#cbi-haven-{described['type']}")
    assert head.locator("h3").first.text_content() == described["title"]
    assert (head.locator(".cbi-section-descr").text_content() or "").endswith(described["help"])


def _check_widget(page: Page, section: str, option: dict) -> None:
    name, row = option["name"], field(page, section, option["name"])
    if option["kind"] == "flag":
        assert value(page, section, name) == (option["default"] or "0")
    elif option["list"]:
        assert row.locator(".cbi-dynlist").count() == 1 and value(page, section, name) in ([], "", None)
    else:
        assert not value(page, section, name)
    if option["kind"] == "secret":
        assert row.locator("input").first.get_attribute("type") == "password"
    # A list shows what can be chosen when it is opened.
    if option["choices"] and option["kind"] != "flag" and not option["list"]:
        values = [each.get_attribute("value") for each in row.locator("option").all()]
        assert values == ["", *option["choices"]]
        assert (option["default"] or "") in (row.locator("option").first.text_content() or "")
    elif option["kind"] == "whole" and not option["list"] and option["default"]:
        assert widget(page, section, name).get_attribute("placeholder") == option["default"]


@pytest.mark.parametrize(
    "option", [o for _, o in _rows() if o["kind"] == "whole" and not o["list"]], ids=lambda o: o["name"]
)
def test_a_number_has_its_range(option: dict):
    assert option["datatype"] == f"range({option['low']},{option['high']})"


def test_a_value_outside_of_its_range_is_marked_and_nothing_is_asked(pages: Pages):
    page = pages.open("haven/settings")
    edit(page, "lan")
    widget(page, "lan", "vrid").fill("256")
    widget(page, "lan", "vrid").blur()
    expect(widget(page, "lan", "vrid")).to_have_class(re.compile("cbi-input-invalid"))
    keep(page)
    expect(page.locator("[data-trouble=unreadable]")).to_contain_text("a value cannot be read")
    assert pages.router.calls("validate") == [] and pages.router.uci.changes == []
    assert value(page, "lan", "vrid") == "256"


def test_what_goes_only_with_another_value_appears_with_it(pages: Pages):
    page = pages.open("haven/settings")
    edit(page, "lan")
    tab(page, "advanced")
    expect(field(page, "lan", "auth_pass")).to_be_hidden()
    expect(field(page, "lan", "checksum")).to_be_visible()
    put(page, "lan", "version", "2")
    expect(field(page, "lan", "auth_pass")).to_be_visible()
    expect(field(page, "lan", "checksum")).to_be_hidden()


def test_names_of_the_network_and_of_other_sections_are_offered(pages: Pages, every: None):
    page = pages.open("haven/settings")
    edit(page, "a_virtual_router")
    offered = field(page, "a_virtual_router", "interface").locator("li[data-value]")
    assert "lan" in [each.get_attribute("data-value") for each in offered.all()]
    assert "loopback" not in [each.get_attribute("data-value") for each in offered.all()]
    offered = field(page, "a_virtual_router", "group").locator("li[data-value]")
    assert "a_group" in [each.get_attribute("data-value") for each in offered.all()]


def test_an_interface_that_is_gone_stays_in_its_field(pages: Pages):
    pages.router.uci.call("set", {"config": "haven", "section": "lan", "values": {"interface": "guest"}})
    pages.router.uci.changes.clear()
    page = pages.open("haven/settings")
    edit(page, "lan")
    assert value(page, "lan", "interface") == "guest"
    widget(page, "lan", "priority").fill("120")
    keep(page)
    # The router knows that there is a device as well, and that the two exclude each other.
    expect(page.locator(".modal .haven-refused").first).to_be_visible()
    assert value(page, "lan", "interface") == "guest" and value(page, "lan", "priority") == "120"


def test_what_the_router_accepts_is_saved_and_nothing_else(pages: Pages):
    page = pages.open("haven/settings")
    edit(page, "lan")
    widget(page, "lan", "priority").fill("120")
    keep(page)
    wait_for(page, lambda: pages.router.uci.changes != [], "the value is saved")
    assert pages.router.uci.changes == [["set", "lan", "priority"]]
    (asked,) = pages.router.calls("validate")
    assert "\toption priority '120'\n" in asked["text"] and "config virtual_router 'wan'" in asked["text"]
    assert pages.router.uci.applied == []
    expect(page.locator("#view .alert-message")).to_have_count(0)
    expect(page.locator("body.modal-overlay-active")).to_have_count(0)
    expect(page.locator('tr[data-section-id="lan"]')).to_contain_text("120")


def test_save_and_apply(pages: Pages):
    page = pages.open("haven/settings")
    this = named(pages, "haven")
    page.locator('#cbi-haven-haven .cbi-tabmenu [data-tab="advanced"] > a').click()
    widget(page, this, "realtime").fill("41")
    press(page, "apply")
    wait_for(page, lambda: pages.router.uci.applied != [], "the change is applied")
    assert pages.router.uci.changes == [["set", this, "realtime"]]


def test_what_the_router_refuses_is_said_at_its_field_and_what_was_typed_stays(pages: Pages):
    page = pages.open("haven/settings")
    edit(page, "lan")
    put(page, "lan", "version", "2")
    tab(page, "timing")
    widget(page, "lan", "advert_interval").fill("150")
    tab(page, "basic")
    keep(page)
    told = field(page, "lan", "advert_interval").locator(".haven-refused")
    expect(told).to_be_visible()
    assert "1000" in told.inner_text() or "second" in told.inner_text()
    assert "Nothing was saved" in page.inner_text(".modal .alert-message.warning")
    assert pages.router.uci.changes == []
    assert (value(page, "lan", "version"), value(page, "lan", "advert_interval")) == ("2", "150")
    widget(page, "lan", "advert_interval").fill("2000")
    keep(page)
    wait_for(page, lambda: pages.router.uci.changes != [], "the corrected value is saved")
    expect(page.locator(".haven-refused")).to_have_count(0)


def test_a_problem_without_a_field_is_said_above(pages: Pages):
    page = pages.open("haven/settings")
    problem = {"file": "/etc/config/haven", "section": None, "option": None, "message": "it is too large"}
    pages.router.replace("validate", {"valid": False, "problems": [problem]})
    press(page, "save")
    expect(page.locator("[data-part=plan-problems]")).to_contain_text("it is too large")


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        ({"valid": True}, 0, "malformed"),
        ("yes", 0, "malformed"),
        (None, 6, "denied"),
        (None, 7, "late"),
        ({"error": "32 calls wait for their answers already", "kind": "refused"}, 9, "refused"),
    ],
)
def test_without_a_verdict_nothing_is_saved(pages: Pages, answer: object, status: int, kind: str):
    page = pages.open("haven/settings")
    edit(page, "lan")
    pages.router.replace("validate", answer, status)
    widget(page, "lan", "priority").fill("130")
    keep(page)
    expect(page.locator(f"[data-trouble={kind}]")).to_be_visible()
    assert pages.router.uci.changes == [] and value(page, "lan", "priority") == "130"


def test_two_windows(pages: Pages):
    mine, other = pages.open("haven/settings"), pages.open("haven/settings")
    mine.bring_to_front()
    edit(mine, "lan")
    widget(mine, "lan", "priority").fill("140")
    other.bring_to_front()
    edit(other, "wan")
    widget(other, "wan", "priority").fill("150")
    keep(other)
    wait_for(other, lambda: pages.router.uci.changes != [], "the other window has saved")
    pages.router.uci.changes.clear()
    mine.bring_to_front()
    keep(mine)
    # Asked in the dialog, which keeps what was typed.
    expect(mine.locator(".modal .haven-trouble")).to_contain_text("Somebody has saved other settings")
    mine.locator(".modal .haven-trouble button").first.click()
    expect(mine.locator(".modal .alert-message")).to_contain_text("Nothing was saved.")
    assert pages.router.uci.changes == [] and value(mine, "lan", "priority") == "140"
    keep(mine)
    mine.locator(".modal [data-confirm]").click()
    wait_for(mine, lambda: pages.router.uci.changes != [], "mine is saved")
    assert pages.router.uci.changes == [["set", "lan", "priority"]]


def test_the_page_asks_likewise(pages: Pages):
    page = pages.open("haven/settings")
    pages.router.uci.call("set", {"config": "haven", "section": "lan", "values": {"priority": "99"}})
    pages.router.uci.changes.clear()
    press(page, "save")
    expect(page.locator(".modal")).to_contain_text("Somebody has saved other settings")
    page.locator(".modal button").first.click()
    expect(page.locator("#view .alert-message")).to_contain_text("Nothing was saved.")
    assert pages.router.uci.changes == []


def test_reset_takes_back_what_was_typed(pages: Pages):
    page = pages.open("haven/settings")
    this = named(pages, "haven")
    before = value(page, this, "node")
    widget(page, this, "node").fill("other")
    press(page, "reset")
    expect(widget(page, this, "node")).to_have_value(before or "")


def test_what_was_typed_on_the_page_stays_while_a_dialog_is_saved(pages: Pages):
    page = pages.open("haven/settings")
    this = named(pages, "haven")
    widget(page, this, "node").fill("typed")
    edit(page, "lan")
    widget(page, "lan", "priority").fill("130")
    keep(page)
    wait_for(page, lambda: pages.router.uci.changes != [], "the dialog is saved")
    expect(page.locator('tr[data-section-id="lan"]')).to_contain_text("130")
    assert pages.router.uci.changes == [["set", "lan", "priority"]]
    press(page, "save")
    wait_for(page, lambda: len(pages.router.uci.changes) == 2, "the page is saved")
    assert pages.router.uci.changes[1] == ["set", this, "node"]


def test_a_dialog_that_was_refused_and_left_leaves_nothing(pages: Pages):
    page = pages.open("haven/settings")
    edit(page, "lan")
    widget(page, "lan", "priority").fill("133")
    tab(page, "advanced")
    put(page, "lan", "source_address", "nonsense")
    put(page, "lan", "source_address", "fe80::9")
    keep(page)
    expect(page.locator(".modal .haven-refused").first).to_be_visible()
    dismiss(page)
    edit(page, "lan")
    assert value(page, "lan", "priority") == "200" and not value(page, "lan", "source_address")
    dismiss(page)
    press(page, "save")
    wait_for(page, lambda: len(pages.router.calls("validate")) == 2, "the page is checked")
    expect(page.locator("#view .alert-message")).to_have_count(0)
    assert pages.router.uci.changes == []


def test_sections_come_and_go(pages: Pages):
    page = pages.open("haven/settings")
    name = page.locator("#cbi-haven-notify .cbi-section-create-name")
    name.fill("me")
    name.press("End")
    page.locator("#cbi-haven-notify .cbi-button-add").click()
    widget(page, "me", "command").fill("logger")
    keep(page)
    wait_for(page, lambda: ["add", "me", "notify"] in pages.router.uci.changes, "it is saved")
    page.locator('tr[data-section-id="me"] .cbi-button-remove').click()
    expect(page.locator('tr[data-section-id="me"]')).to_have_count(0)


def test_a_section_that_was_added_and_left_is_not_there(pages: Pages):
    page = pages.open("haven/settings")
    name = page.locator("#cbi-haven-group .cbi-section-create-name")
    name.fill("second")
    name.press("End")
    page.locator("#cbi-haven-group .cbi-button-add").click()
    expect(field(page, "second", "preempt")).to_be_visible()
    dismiss(page)
    press(page, "save")
    wait_for(page, lambda: pages.router.calls("validate") != [], "the page is checked")
    assert "second" not in pages.router.calls("validate")[0]["text"] and pages.router.uci.changes == []


def test_what_there_is_once_can_be_added_and_not_be_deleted(pages: Pages):
    page = pages.open("haven/settings")
    assert page.locator("#cbi-haven-haven").get_by_text("Delete", exact=True).count() == 0
    assert page.locator("#cbi-haven-haven .cbi-section-create").count() == 0
    page.locator("#cbi-haven-sync .cbi-section-create button").click()
    expect(page.locator("#cbi-haven-sync .cbi-value").first).to_be_visible()
    assert page.locator("#cbi-haven-sync .cbi-section-create").count() == 0


def test_a_row_shows_what_its_section_says_and_no_secret(pages: Pages, every: None):
    pages.router.uci.call(
        "set",
        {"config": "haven", "section": "a_virtual_router", "values": {"vrid": "77", "auth_key": "<hush>"}},
    )
    page = pages.open("haven/settings")
    row = page.locator('tr[data-section-id="a_virtual_router"]')
    expect(row).to_contain_text("77")
    heads = page.locator("#cbi-haven-virtual_router th").all_inner_texts()
    assert [head for head in heads if head][:2] == ["VRID", "Virtual addresses"]
    assert "hush" not in page.content()


def test_a_problem_of_a_section_is_said_at_its_row(pages: Pages):
    page = pages.open("haven/settings")
    place = {"file": "/etc/config/haven", "section": "virtual_router", "section_name": "lan"}
    pages.router.replace(
        "validate",
        {"valid": False, "problems": [{**place, "option": "vrid", "message": "it is taken"}]},
    )
    press(page, "save")
    expect(page.locator('tr[data-section-id="lan"] .haven-refused')).to_contain_text("vrid: it is taken")


def test_an_option_is_found_by_its_name_and_by_its_title(pages: Pages):
    page = pages.open("haven/settings")
    for typed in ("advert_int", "advertisement INTERVAL"):
        page.locator("#haven-search").fill(typed)
        found = page.locator(".haven-found li")
        expect(found).to_have_count(1)
        assert "virtual_router.advert_interval" in found.inner_text()
    found.get_by_role("button", name="wan").click()
    expect(widget(page, "wan", "advert_interval")).to_be_focused()
    dismiss(page)
    page.locator("#haven-search").fill("haven.realtime")
    page.locator(".haven-found button").click()
    expect(widget(page, named(pages, "haven"), "realtime")).to_be_focused()


def test_who_may_only_look_is_told_so(pages: Pages):
    pages.router.write = set()
    page = pages.open("haven/settings", until="[data-trouble]")
    assert page.locator("[data-trouble=denied]").count() == 1


def test_a_schema_that_cannot_be_read(pages: Pages):
    pages.router.replace("read", {"data": "{ broken"}, of="file")
    page = pages.open("haven/settings", until="[data-trouble]")
    assert "Install the package haven anew" in page.inner_text("[data-trouble=schema]")
    if not REAL:
        assert page.locator(".cbi-map").count() == 0
