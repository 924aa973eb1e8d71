# SPDX-License-Identifier: GPL-2.0-or-later
"""The guided set-up: from an empty configuration to one that the real compiler accepts."""

from playwright.sync_api import Page, expect

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
    # Listening takes three seconds, and nobody else is there.
    router.replace("heard", {"heard": {"lan": []}}, of="luci.haven")


def _by_hand(pages: Pages) -> Page:
    """Open the steps, past the choice between the first router and the second."""
    pages.router.replace("job", {"alive": False, "job": None}, of="luci.haven")
    pages.router.replace("offers", {"offers": []}, of="luci.haven")
    page = pages.open("haven/setup")
    page.locator("[data-action=by-hand]").click()
    page.wait_for_selector("[data-step=routers]")
    return page


def test_it_proposes_checks_and_saves(pages: Pages):
    _empty(pages.router)
    _netifd_resolves(pages.router)
    page = _by_hand(pages)
    assert (value(page, "networks", "lan", "json"), value(page, "networks", "wan", "json")) == ("lan", "wan")
    for _step in range(4):
        page.locator("[data-action=next]").click()
    commands = page.locator("[data-part=changes] pre")
    expect(commands).to_contain_text("uci set haven.lan='virtual_router'")
    expect(commands).to_contain_text("uci set haven.main.enabled='1'")
    # To their end: without these nothing of it would be in force.
    assert commands.inner_text().splitlines()[-2:] == ["uci commit haven", "/etc/init.d/haven reload"]
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
    page = _by_hand(pages)
    page.locator("[data-action=next]").click()
    widget(page, "addresses", "lan_address", "json").fill("10.1.0.2/24")
    page.locator("[data-action=next]").click()
    refused = page.locator("[data-refused=lan_address]")
    expect(refused).to_contain_text("is the own address of this router on lan")
    assert value(page, "addresses", "lan_address", "json") == "10.1.0.2/24"
    put(page, "addresses", "lan_address", "10.1.0.1/24", "json")
    expect(refused).to_have_count(0)


PASTED = """# haven: the second half of a pair, made for r2
uci -q batch <<'EOF'
set haven.main='haven'
set haven.main.enabled='1'
set haven.main.node='r2'
set haven.gateway='group'
set haven.gateway.preempt='1'
set haven.lan='virtual_router'
set haven.lan.group='gateway'
set haven.lan.interface='lan'
set haven.lan.vrid='61'
set haven.lan.priority='90'
set haven.lan.virtual_mac='1'
delete haven.lan.address
add_list haven.lan.address='10.1.0.1/24'
commit haven
EOF
"""


def test_the_text_of_the_other_router_is_read_and_nothing_of_it_is_lost(pages: Pages):
    _empty(pages.router)
    _netifd_resolves(pages.router)
    page = _by_hand(pages)
    page.locator("[data-part=paste] summary").click()
    page.locator("[data-part=paste] textarea").fill("set network.lan.ipaddr='10.9.9.9'")
    page.locator("[data-action=paste]").click()
    expect(page.locator("[data-part=trouble]")).to_contain_text("Nothing was changed")
    page.locator("[data-part=paste] textarea").fill(PASTED)
    page.locator("[data-action=paste]").click()
    commands = page.locator("[data-part=changes] pre")
    for line in ("lan.vrid='61'", "lan.virtual_mac='1'", "lan.priority='90'", "main.node='r2'"):
        expect(commands).to_contain_text(f"uci set haven.{line}")
    assert value(page, "routers", "role", "json") == "second"


def test_what_was_typed_is_there_again_after_a_new_login(pages: Pages):
    _empty(pages.router)
    page = _by_hand(pages)
    page.locator("[data-step=routers]").click()
    put(page, "routers", "node", "office", "json")
    page.reload()
    expect(page.locator("[data-part=draft]")).to_be_visible()
    assert value(page, "routers", "node", "json") == "office"
    page.locator("[data-part=draft] button").click()
    expect(page.locator("[data-part=draft]")).to_have_count(0)
    # Nothing was typed any more: it begins with the choice.
    page.locator("[data-action=by-hand]").click()
    page.wait_for_selector("[data-step=routers]")
    assert value(page, "routers", "node", "json") == "r1"


def test_another_window_is_not_overwritten_without_a_word(pages: Pages):
    _empty(pages.router)
    _netifd_resolves(pages.router)
    page = _by_hand(pages)
    page.locator("[data-step=review]").click()
    expect(page.locator("[data-action=save]")).to_be_enabled()
    pages.router.uci.call("set", {"config": "haven", "section": "main", "values": {"realtime": "40"}})
    before = list(pages.router.uci.changes)
    page.locator("[data-action=save]").click()
    page.get_by_role("button", name="Cancel").click()
    assert pages.router.uci.changes == before
    page.locator("[data-action=save]").click()
    page.locator("[data-confirm]").click()
    wait_for(page, lambda: len(pages.router.uci.changes) > len(before), "the changes are saved")
    (main,) = (each for each in pages.router.uci.sections("haven") if each[".name"] == "main")
    assert (main["realtime"], main["enabled"]) == ("40", "1")


def _away(_arguments: dict) -> Answer:
    raise LookupError


def test_nothing_is_saved_that_nobody_could_check(pages: Pages):
    _empty(pages.router)
    for name in ("haven", "luci.haven"):
        pages.router.replace("plan", _away, of=name)
    page = _by_hand(pages)
    page.locator("[data-step=review]").click()
    expect(page.locator("[data-part=review] [data-trouble=agent]")).to_be_visible()
    expect(page.locator("[data-action=save]")).to_be_disabled()
    _netifd_resolves(pages.router)
    page.locator("[data-action=again]").click()
    expect(page.locator("[data-action=save]")).to_be_enabled()


def test_before_haven_is_enabled_the_program_of_rpcd_checks(pages: Pages):
    _empty(pages.router)
    pages.router.replace("plan", _away)
    page = _by_hand(pages)
    page.locator("[data-step=review]").click()
    # There is no netifd here: the real program says so, and what it says is found at its question.
    expect(page.locator("[data-part=wrong] [data-refused=lan]")).to_be_visible()
    assert pages.router.calls("plan", of="luci.haven")
