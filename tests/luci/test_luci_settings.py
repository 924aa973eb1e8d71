# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings: drawn from the schema, checked by the router, lost by nobody."""

import re

import pytest
from playwright.sync_api import Page, expect

from haven.config.schema import schema
from tests.luci.pages import Pages, field, press, put, value, wait_for, widget
from tests.luci.pair import Pair
from tests.luci.router import Router
from tests.luci.web import REAL

SECTIONS = schema()["sections"]
ALL = "".join(f"config {each['type']} 'a_{each['type']}'\n" for each in SECTIONS)


@pytest.fixture
def every(pair: Pair, router: Router) -> None:
    """One empty section of every type."""
    router.uci.__init__(haven=ALL, network="config interface 'lan'\nconfig interface 'loopback'\n", luci="")


def _rows() -> list[tuple[str, dict]]:
    return [(f"a_{section['type']}", option) for section in SECTIONS for option in section["options"]]


def test_every_option_is_drawn_as_the_schema_has_it(pages: Pages, every: None):
    page = pages.open("haven/settings")
    drawn = [each.get_attribute("id") for each in page.locator("#cbi-haven .cbi-value").all()]
    assert drawn == [f"cbi-haven-{section}-{option['name']}" for section, option in _rows()]
    for section, option in _rows():
        row = field(page, section, option["name"])
        unit = f" ({option['unit']})" if option["unit"] else ""
        assert (row.locator("label").first.text_content() or "") == option["name"] + unit
        said = row.locator(".cbi-value-description").text_content() or ""
        assert said.startswith(option["help"])
        allowed = f"{option['values']} {option['unit']}".strip()
        assert option["kind"] == "flag" or said.endswith(f"Allowed: {allowed}.")
        _check_widget(page, section, option)
    for section in SECTIONS:
        assert section["help"] in (
            page.locator(f"#cbi-haven-{section['type']} .cbi-section-descr").text_content() or ""
        )


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
    if option["choices"] and option["kind"] != "flag":
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
    widget(page, "lan", "vrid").fill("256")
    widget(page, "lan", "vrid").blur()
    expect(widget(page, "lan", "vrid")).to_have_class(re.compile("cbi-input-invalid"))
    press(page, "save")
    page.wait_for_timeout(500)
    expect(page.locator("[data-trouble=unreadable]")).to_contain_text("a value cannot be read")
    assert pages.router.calls("validate") == [] and pages.router.uci.changes == []
    assert value(page, "lan", "vrid") == "256"


def test_what_goes_only_with_another_value_appears_with_it(pages: Pages):
    page = pages.open("haven/settings")
    expect(field(page, "lan", "auth_pass")).to_be_hidden()
    expect(field(page, "lan", "checksum")).to_be_visible()
    put(page, "lan", "version", "2")
    expect(field(page, "lan", "auth_pass")).to_be_visible()
    expect(field(page, "lan", "checksum")).to_be_hidden()


def test_names_of_the_network_and_of_other_sections_are_offered(pages: Pages, every: None):
    page = pages.open("haven/settings")
    offered = field(page, "a_virtual_router", "interface").locator("li[data-value]")
    assert "lan" in [each.get_attribute("data-value") for each in offered.all()]
    assert "loopback" not in [each.get_attribute("data-value") for each in offered.all()]
    offered = field(page, "a_virtual_router", "group").locator("li[data-value]")
    assert "a_group" in [each.get_attribute("data-value") for each in offered.all()]


def test_an_interface_that_is_gone_stays_in_its_field(pages: Pages):
    pages.router.uci.call("set", {"config": "haven", "section": "lan", "values": {"interface": "guest"}})
    pages.router.uci.changes.clear()
    page = pages.open("haven/settings")
    assert value(page, "lan", "interface") == "guest"
    widget(page, "lan", "priority").fill("120")
    press(page, "save")
    # The router knows that there is a device as well, and that the two exclude each other.
    expect(page.locator("#view .haven-refused").first).to_be_visible()
    assert value(page, "lan", "interface") == "guest" and value(page, "lan", "priority") == "120"


def test_what_the_router_accepts_is_saved_and_nothing_else(pages: Pages):
    page = pages.open("haven/settings")
    widget(page, "lan", "priority").fill("120")
    press(page, "save")
    wait_for(page, lambda: pages.router.uci.changes != [], "the value is saved")
    assert pages.router.uci.changes == [["set", "lan", "priority"]]
    (asked,) = pages.router.calls("validate")
    assert "\toption priority '120'\n" in asked["text"] and "config virtual_router 'wan'" in asked["text"]
    assert pages.router.uci.applied == []
    expect(page.locator("#view .alert-message")).to_have_count(0)


def test_save_and_apply(pages: Pages):
    page = pages.open("haven/settings")
    widget(page, "lan", "priority").fill("121")
    press(page, "apply")
    wait_for(page, lambda: pages.router.uci.applied != [], "the change is applied")
    assert pages.router.uci.changes == [["set", "lan", "priority"]]


def test_what_the_router_refuses_is_said_at_its_field_and_what_was_typed_stays(pages: Pages):
    page = pages.open("haven/settings")
    put(page, "lan", "version", "2")
    widget(page, "lan", "advert_interval").fill("150")
    press(page, "save")
    told = field(page, "lan", "advert_interval").locator(".haven-refused")
    expect(told).to_be_visible()
    assert "1000" in told.inner_text() or "second" in told.inner_text()
    assert "Nothing was saved" in page.inner_text("#view .alert-message.warning")
    assert pages.router.uci.changes == []
    assert (value(page, "lan", "version"), value(page, "lan", "advert_interval")) == ("2", "150")
    widget(page, "lan", "advert_interval").fill("2000")
    press(page, "save")
    wait_for(page, lambda: pages.router.uci.changes != [], "the corrected value is saved")
    expect(page.locator("#view .haven-refused")).to_have_count(0)


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
    pages.router.replace("validate", answer, status)
    widget(page, "lan", "priority").fill("130")
    press(page, "save")
    expect(page.locator(f"[data-trouble={kind}]")).to_be_visible()
    assert pages.router.uci.changes == [] and value(page, "lan", "priority") == "130"


def test_two_windows(pages: Pages):
    mine, other = pages.open("haven/settings"), pages.open("haven/settings")
    mine.bring_to_front()
    widget(mine, "lan", "priority").fill("140")
    other.bring_to_front()
    widget(other, "wan", "priority").fill("150")
    press(other, "save")
    wait_for(other, lambda: pages.router.uci.changes != [], "the other window has saved")
    pages.router.uci.changes.clear()
    mine.bring_to_front()
    press(mine, "save")
    expect(mine.locator(".modal")).to_contain_text("Somebody has saved other settings")
    mine.locator(".modal button").first.click()
    expect(mine.locator("#view .alert-message")).to_contain_text("Nothing was saved.")
    assert pages.router.uci.changes == [] and value(mine, "lan", "priority") == "140"
    press(mine, "save")
    mine.locator(".modal [data-confirm]").click()
    wait_for(mine, lambda: pages.router.uci.changes != [], "mine is saved")
    assert pages.router.uci.changes == [["set", "lan", "priority"]]


def test_reset_takes_back_what_was_typed(pages: Pages):
    page = pages.open("haven/settings")
    widget(page, "lan", "priority").fill("7")
    press(page, "reset")
    expect(widget(page, "lan", "priority")).to_have_value("200")


def test_sections_come_and_go(pages: Pages):
    page = pages.open("haven/settings")
    name = page.locator("#cbi-haven-group .cbi-section-create-name")
    name.fill("second")
    name.press("End")
    page.locator("#cbi-haven-group .cbi-button-add").click()
    expect(field(page, "second", "preempt")).to_be_visible()
    assert ["add", "second", "group"] in pages.router.uci.changes
    page.locator('#cbi-haven-group [data-section-id="second"]').first.click()
    expect(field(page, "second", "preempt")).to_have_count(0)


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
