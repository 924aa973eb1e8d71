# SPDX-License-Identifier: GPL-2.0-or-later
"""The guided set-up: from an empty configuration to one that the real compiler accepts."""

from playwright.sync_api import expect

from tests.luci.pages import Pages, put, value, wait_for, widget
from tests.luci.router import Answer, Router

EMPTY = "config haven 'main'\n\toption enabled '0'\n"
NETWORK = "config interface 'lan'\n\toption proto 'static'\n\nconfig interface 'wan'\n\toption proto 'dhcp'\n"


def _netifd_resolves(router: Router) -> None:
    """Let the compiler, which finds no netifd here, see the device of each interface."""

    def plan(arguments: dict) -> Answer:
        text = arguments["text"].replace("option interface 'lan'", "option device 'lan'")
        # The section `dhcp` has no other name for it.
        text = text.replace(
            "config dhcp 'dhcp_lan'\n\toption device", "config dhcp 'dhcp_lan'\n\toption interface"
        )
        return router.ask_agent("plan", {"text": text})

    router.replace("plan", plan)


def _empty(router: Router) -> None:
    router.uci.__init__(haven=EMPTY, network=NETWORK, luci="", system="", firewall="")


def test_it_proposes_checks_and_saves(pages: Pages):
    _empty(pages.router)
    _netifd_resolves(pages.router)
    page = pages.open("haven/setup")
    assert (value(page, "networks", "lan", "json"), value(page, "networks", "wan", "json")) == ("lan", "wan")
    for _step in range(4):
        page.locator("[data-action=next]").click()
    commands = page.locator("[data-part=changes] pre")
    expect(commands).to_contain_text("uci set haven.lan='virtual_router'")
    expect(commands).to_contain_text("uci set haven.main.enabled='1'")
    expect(page.locator("[data-part=plan]")).to_be_visible()
    assert "uci -q batch" in page.locator("[data-part=peer] textarea").input_value()
    assert pages.router.uci.changes == []
    page.locator("[data-action=save]").click()
    wait_for(page, lambda: len(pages.router.uci.changes) > 3, "the changes are saved")
    expect(page.locator("[data-part=changes]")).to_contain_text("Nothing is left to save")
    kinds = {section[".type"] for section in pages.router.uci.sections("haven")}
    assert {"haven", "group", "virtual_router", "conntrack", "dhcp"} <= kinds


def test_what_cannot_be_is_said_at_its_question_and_stays_typed(pages: Pages):
    _empty(pages.router)
    page = pages.open("haven/setup")
    page.locator("[data-action=next]").click()
    widget(page, "addresses", "lan_address", "json").fill("10.1.0.2/24")
    page.locator("[data-action=next]").click()
    refused = page.locator("[data-refused=lan_address]")
    expect(refused).to_contain_text("is the own address of this router on lan")
    assert value(page, "addresses", "lan_address", "json") == "10.1.0.2/24"
    put(page, "addresses", "lan_address", "10.1.0.1/24", "json")
    expect(refused).to_have_count(0)
