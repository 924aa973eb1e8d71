# SPDX-License-Identifier: GPL-2.0-or-later
"""The common configuration on its page, and the other routers on the overview and among the actions."""

import itertools
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.luci.pages import Pages, wait_for
from tests.luci.pair import Pair
from tests.luci.router import OK, Answer

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
CONFLICT = {
    "path": "firewall.@rule[3].target",
    "kind": "option",
    "values": [
        {"nodes": ["r1"], "value": HOSTILE, "here": True},
        {"nodes": ["r2", "r3"], "value": None, "here": False},
    ],
}
STANDING = {"in_sync": True, "on_trial": False, "conflicts": [], "problems": [], "digest": "a"}
CHANGE = {
    "number": 7,
    "at": 1_700_000_000.0,
    "node": "r2",
    "kind": "received",
    "count": 25,
    "rows": [
        {"path": f"dhcp.@host[{n}].ip", "kind": "option", "was": None, "now": ["1", "2"]} for n in range(25)
    ],
}
PEER = {
    "node": "r2",
    "address": "192.168.255.3",
    "heard_ms": 400,
    "version": "0.2.0",
    "fingerprint": "0123456789abcdef" * 4,
    "state": "backup",
    "in_sync": True,
    "trouble": "",
}
SILENT = {"error": "-", "kind": "refused", "code": "peer-silent", "facts": {"node": "r2"}}
OFF = {"error": "off", "kind": "refused", "code": "sync-off", "facts": {}}


def _common(pages: Pages, **standing: object) -> None:
    pages.router.replace("sync", {**STANDING, **standing})
    pages.router.replace("sync_history", {"changes": [CHANGE]})


def test_what_both_changed_stands_side_by_side_and_a_button_decides(pages: Pages):
    _common(pages, in_sync=False, conflicts=[CONFLICT])

    def take(_arguments: dict) -> Answer:
        # Not sooner: the page, which asks all the time, would take the buttons away.
        _common(pages)
        return OK, STANDING

    pages.router.replace("sync_take", take)
    page = pages.open("haven/configuration")
    expect(page.locator("[data-in-sync='0']")).to_contain_text("waits for a decision (1)")
    conflict = page.locator(f'[data-conflict="{CONFLICT["path"]}"]')
    expect(conflict.locator("[data-version=r1]")).to_contain_text(HOSTILE)
    expect(conflict.locator("[data-version=r1]")).to_contain_text("as it is here now")
    expect(conflict.locator("[data-version=r2]")).to_contain_text("not there")
    conflict.locator("[data-take=r2]").click()
    expect(page.locator("[data-in-sync='1']")).to_be_visible()
    assert pages.router.calls("sync_take") == [{"node": "r2", "path": CONFLICT["path"]}]


def test_a_change_of_the_history_is_undone_when_it_was_confirmed(pages: Pages):
    _common(pages)
    pages.router.replace("sync_undo", {**STANDING})
    page = pages.open("haven/configuration")
    change = page.locator("[data-change='7']")
    expect(change).to_contain_text("7. received from r2")
    change.locator("summary").click()
    expect(change.locator("li")).to_have_count(20)
    expect(change).to_contain_text("and 5 more")
    change.locator("[data-undo]").click()
    page.locator(".modal button").first.click()
    assert pages.router.calls("sync_undo") == []
    change.locator("[data-undo]").click()
    page.locator(".modal [data-confirm]").click()
    wait_for(page, lambda: pages.router.calls("sync_undo") == [{"number": 7}], "it is undone")


def test_what_is_not_shared_is_said_in_the_words_of_its_code(pages: Pages):
    problem = {"code": "package-empty", "facts": {"package": "network"}, "message": "not to be shown"}
    _common(pages, in_sync=False, on_trial=True, problems=[problem])
    page = pages.open("haven/configuration")
    expect(page.locator("[data-part=standing]")).to_contain_text("/etc/config/network is empty")
    expect(page.locator("[data-part=standing]")).to_contain_text("is on trial")


def test_one_configuration_is_switched_on_by_the_button(pages: Pages):
    pages.router.replace("sync", OFF, status=9)
    page = pages.open("haven/configuration")
    page.locator("[data-action=sync-on]").click()
    wait_for(page, lambda: bool(pages.router.uci.applied), "it is applied")
    (section,) = (each for each in pages.router.uci.sections("haven") if each[".type"] == "sync")
    assert section["enabled"] == "1"


def test_who_may_only_look_sees_both_values_and_no_button(pages: Pages):
    pages.web.readonly = True
    pages.router.write = set()
    pages.router.read = {"haven"}
    _common(pages, in_sync=False, conflicts=[CONFLICT])
    page = pages.open("haven/configuration")
    expect(page.locator("[data-version=r2]")).to_contain_text("not there")
    expect(page.locator("[data-change='7']")).to_be_visible()
    expect(page.locator("[data-take], [data-undo]")).to_have_count(0)
    expect(page.locator("[data-action=sync-now]")).to_be_disabled()
    pages.router.replace("sync", OFF, status=9)
    expect(page.locator("[data-in-sync=off]")).to_be_visible()
    expect(page.locator("[data-action=sync-on]")).to_have_count(0)


def _paired(pages: Pages, pair: Pair) -> None:
    """Let this router say that the other one is paired with it, and the other one answer for itself."""
    pages.router.replace("status", lambda arguments: _status(pair, arguments.get("node")))
    pages.router.replace("peers", {"peers": [PEER]})


def _status(pair: Pair, node: str | None) -> tuple[int, dict]:
    if node == "r2":
        return 0, pair.second.status()
    return 0, {**pair.first.status(), "channel": {"peers": [PEER]}}


def test_the_overview_has_both_by_their_own_words_and_how_old_they_are(pages: Pages, pair: Pair):
    _paired(pages, pair)
    page = pages.open("haven/overview")
    other = page.locator("[data-router=r2]")
    expect(other).to_contain_text("just now")
    expect(other).to_contain_text("Backup")
    expect(page.locator("svg [data-node=peer]")).to_contain_text("its own word, 0 s old")
    gone = {**PEER, "heard_ms": None, "trouble": "No route to host", "state": "unknown"}
    pages.router.replace(
        "status",
        lambda arguments: (
            (9, SILENT)
            if arguments.get("node")
            else (0, {**pair.first.status(), "channel": {"peers": [gone]}})
        ),
    )
    expect(other).to_contain_text("not reached: No route to host")
    # Its last word stays, and tells how old it is.
    page.evaluate("(ms) => { const now = Date.now; Date.now = () => now() + ms; }", 60_000)
    expect(other).to_contain_text("Own word1 min")
    expect(page.locator("[data-router=r2].haven-old")).to_have_count(1)


def test_an_action_reaches_the_router_that_was_chosen(pages: Pages, pair: Pair):
    _paired(pages, pair)
    pages.router.replace("maintenance", {"on": True, "handed_over": [], "still_active": []})
    page = pages.open("haven/actions")
    page.locator("[data-choice=router]").select_option("r2")
    expect(page.locator("[data-action=switchover]")).to_be_disabled()
    expect(page.locator("[data-action=reload]")).to_be_disabled()
    page.locator("[data-action=maintenance-on]").click()
    expect(page.locator(".modal")).to_contain_text("r2 hands over")
    page.locator(".modal [data-confirm]").click()
    wait_for(page, lambda: bool(pages.router.calls("maintenance")), "it is ordered")
    assert pages.router.calls("maintenance") == [{"on": True, "node": "r2"}]
    page.locator("[data-choice=router]").select_option("")
    expect(page.locator("[data-action=switchover]")).to_be_enabled()


def test_a_code_is_shown_until_it_is_used_or_too_old(pages: Pages):
    offer = {"code": "0123456789AB", "until": time.time() + 600, "left_s": 600.0, "addresses": ["192.0.2.1"]}
    pages.router.replace("pair", offer)
    pages.router.replace("peers", {"peers": []})
    page = pages.open("haven/setup")
    page.locator("[data-action=pair]").click()
    expect(page.locator("[data-code]")).to_have_text("0123 4567 89AB")
    expect(page.locator("[data-part=code]")).to_contain_text("192.0.2.1")
    pages.router.replace("peers", {"peers": [PEER]})
    expect(page.locator("[data-part=code]")).to_have_text("Another router has joined.")
    expect(page.locator("[data-peer=r2]")).to_contain_text("0123456789abcdef")
    pages.router.replace("unpair", {"told": False})
    page.locator("[data-action=unpair]").click()
    page.locator(".modal [data-confirm]").click()
    expect(page.locator("[data-part=code]")).to_contain_text("r2 was not reached")
    page.locator("[data-action=pair]").click()
    expect(page.locator("[data-code]")).to_be_visible()
    page.evaluate("(ms) => { const now = Date.now; Date.now = () => now() + ms; }", 601_000)
    expect(page.locator("[data-part=code]")).to_have_text("The code is not good any more.")


def _press_for_long(pages: Pages, page: Page, button: Locator, method: str) -> None:
    """Press and let go as a person does: in between the page asks, and draws what it was told."""
    button.hover()
    page.mouse.down()
    before = len(pages.router.calls(method))
    # Whoever asks again has drawn the answer before.
    wait_for(page, lambda: len(pages.router.calls(method)) > before + 2, "the page goes on asking")
    page.mouse.up()


def test_a_press_outlasts_what_is_drawn_meanwhile(pages: Pages):
    """The button was drawn anew between the pressing and the letting go, so nothing happened."""
    heard = itertools.count(1000, 1000)
    pages.router.replace("peers", lambda _arguments: (OK, {"peers": [{**PEER, "heard_ms": next(heard)}]}))
    page = pages.open("haven/setup")
    _press_for_long(pages, page, page.locator("[data-action=unpair]"), "peers")
    expect(page.locator(".modal [data-confirm]")).to_be_visible()
    # What is told of the other router goes on.
    before = page.locator("[data-peer=r2] dl").inner_text()
    expect(page.locator("[data-peer=r2] dl")).not_to_have_text(before)


def test_a_press_on_the_one_thing_to_do_outlasts_it_too(factory: Pages):
    factory.router.replace("status", None, status=4)
    page = factory.open("haven/overview", until="[data-action=setup]")
    page.evaluate("""document.addEventListener('click', (event) => {
        event.preventDefault();
        window.followed = event.target.closest('a').href;
    })""")
    _press_for_long(factory, page, page.locator("[data-action=setup]"), "status")
    assert page.evaluate("window.followed").endswith("admin/services/haven/setup")


FACTORY = "config haven 'main'\n\toption enabled '0'\n"


@pytest.fixture
def factory(pages: Pages) -> Pages:
    """The pages of a router on which haven is not set up."""
    pages.router.uci.__init__(
        haven=FACTORY, network="config interface 'lan'\n", luci="", system="", firewall=""
    )
    pages.router.replace("offers", {"offers": []}, of="luci.haven")
    pages.router.replace("job", {"alive": False, "job": None}, of="luci.haven")
    return pages


def _job(pages: Pages, alive: bool = True, **job: object) -> None:
    pages.router.replace(
        "job", {"alive": alive, "job": {"words": 0, "refusal": None, **job}}, of="luci.haven"
    )


def test_a_joining_needs_a_code_and_an_address(factory: Pages):
    page = factory.open("haven/setup")
    expect(page.locator("[data-part=offers]")).to_contain_text("No router shows a code")
    page.locator("[data-action=join]").click()
    expect(page.locator("[data-part=missing]")).to_have_text("The code is missing.")
    page.locator("[data-input=code]").fill("0123 4567 89AB")
    page.locator("[data-action=join]").click()
    expect(page.locator("[data-part=missing]")).to_contain_text("type the address")
    assert factory.router.calls("begin", of="luci.haven") == []


def test_what_is_under_way_goes_on_in_another_window_and_a_death_is_said(factory: Pages):
    _job(factory, kind="join", state="trying", own_address="192.168.1.3")
    page = factory.open("haven/setup")
    expect(page.locator("[data-part=whereabouts] a")).to_have_attribute("href", "http://192.168.1.3/")
    _job(factory, alive=False, kind="join", state="trying", own_address="192.168.1.3")
    expect(page.locator("[data-part=first-steps] .alert-message")).to_contain_text("ended without a word")
    expect(page.locator("[data-action=first]")).to_be_visible()


def test_why_it_was_not_done_is_said_and_one_can_begin_again(factory: Pages):
    refusal = {"error": "-", "code": "code-wrong-last", "facts": {}}
    _job(factory, alive=False, kind="join", state="refused", refusal=refusal)
    factory.router.replace("begin", {"begun": True}, of="luci.haven")
    page = factory.open("haven/setup")
    page.locator("[data-action=first]").click()
    expect(page.locator("[data-refused=code-wrong-last]")).to_contain_text("that ends the offer")
    assert factory.router.calls("begin", of="luci.haven") == [{"command": "setup"}]


def test_who_may_only_look_is_offered_no_setup(factory: Pages):
    factory.web.readonly = True
    page = factory.open("haven/setup")
    for action in ("first", "join", "look"):
        expect(page.locator(f"[data-action={action}]")).to_be_disabled()
