# SPDX-License-Identifier: GPL-2.0-or-later
"""The overview and the block on LuCI's own page: what the status document becomes."""

import json
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from haven.contract.status import check_status
from tests.luci.pages import Pages, boxes, narrow, wait_for
from tests.luci.pair import Pair
from tests.luci.router import Answer

OWN = "/luci-static/resources/"
# Documents that real nodes gave.
RECORDED = sorted((Path(__file__).parents[1] / "cli/status").glob("*.json"))
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


# Asked for one after the other, names and values may be of two drawings.
_FACTS = """lists => Object.fromEntries(lists.flatMap((list) => [ ...list.querySelectorAll('dt') ])
    .map((name) => [ name.innerText, name.nextElementSibling.innerText ]))"""


def _facts(page: Page, part: str) -> dict[str, str]:
    """Tell the facts of a part by their names, of one and the same drawing, as soon as there are any."""
    lists = page.locator(f"[data-part={part}] dl")
    expect(lists.first).to_be_visible()
    return lists.evaluate_all(_FACTS)


def _texts(page: Page, selector: str) -> list[str]:
    """Tell the texts of a picture, with what they say when pointed at."""
    return page.locator(f"svg {selector}").all_text_contents()


def test_the_pair_its_connections_and_its_events_are_shown(pages: Pages, pair: Pair):
    page = pages.open("haven/overview")
    expect(page.locator("h4")).to_have_text("r1 is Active")
    expect(page.locator("svg [data-node=self].haven-active")).to_contain_text("r1")
    expect(page.locator("svg [data-node=peer].haven-backup")).to_contain_text("r2")
    expect(page.locator("svg .haven-holds[data-holder=self]")).to_have_count(2)
    expect(page.locator("svg .haven-holds[data-holder=peer]")).to_have_count(0)
    written = "".join(_texts(page, ".haven-address"))
    for router in pair.first.status()["virtual_routers"]:
        assert f"{', '.join(router['addresses'])}: r1" in written
    wait_for(page, lambda: _is_in_sync(_facts(page, "sync")), "both tables are in sync")
    group = _facts(page, "groups")
    assert group["State"] == "Active" and group["Virtual routers"] == "lan, wan"
    expect(page.locator("[data-part=problems]")).to_have_text("No problem is known.")
    expect(page.locator("[data-part=events]")).to_contain_text("gateway: Backup -> Active")


def _is_in_sync(facts: dict[str, str]) -> bool:
    return facts.get("Both tables") == "in sync" and " of " in facts.get("Connections on r2", "")


def test_a_peer_whose_word_is_old_is_not_heard(pages: Pages, pair: Pair):
    status = pair.first.status()
    status["peers"][0].update(fresh=False, heard_ms=60_000)
    pages.router.replace("status", status)
    facts = _facts(pages.open("haven/overview"), "sync")
    assert facts["Connections on r2"] == "not heard" and facts["Both tables"] == "not in sync"


def test_what_a_takeover_would_lose_stands_where_there_is_no_problem(pages: Pages):
    pages.router.replace("status", json.loads((RECORDED[0].parent / "copy_not_in_sync.json").read_text()))
    page = pages.open("haven/overview")
    said = page.inner_text("[data-part=problems]").strip()
    assert said == (
        "A takeover now may lose connections: this router is not in sync; "
        "messages to this router's conntrackd were lost a moment ago; the agent of 10.99.0.2 is not heard."
    )


def test_only_what_was_lost_lately_is_shown(pages: Pages):
    status = json.loads((RECORDED[0].parent / "copy_not_in_sync.json").read_text())
    pages.router.replace("status", status)
    assert _facts(pages.open("haven/overview"), "sync")["Lost messages"].startswith("17 in the last 2 min")
    status["conntrack"]["lately"]["lost"] = 0
    pages.router.replace("status", status)
    assert "Lost messages" not in _facts(pages.open("haven/overview"), "sync")


def test_every_address_of_the_other_router_is_in_the_picture(pages: Pages):
    status = json.loads((RECORDED[0].parent / "copy.json").read_text())
    pages.router.replace("status", status)
    page = pages.open("haven/overview")
    texts = _texts(page, "[data-node=peer] text")
    heard = {router["active"]["address"] for router in status["virtual_routers"]}
    assert heard | set(status["conntrack"]["peers"]) <= set(texts)
    node, *words = boxes(page, "svg [data-node=peer] rect, svg [data-node=peer] text")
    assert len(words) == len(texts)
    for box in words:
        assert box["right"] <= node["right"] and box["bottom"] <= node["bottom"]


def _following(pair: Pair) -> dict:
    """Return what a router with a WAN that is dialled and common leases tells."""
    status = pair.first.status()
    status["leases"] = json.loads((RECORDED[0].parent / "leases.json").read_text())["leases"]
    lease = {"addresses": ["198.51.100.50/24"], "prefixes": ["2001:db8::/56"], "left_s": 3700}
    wan = {"group": "gateway", "device": "eth1", "session": None, "waits_for": ""}
    line = {**wan, "name": "wan", "interface": "wan", "proto": "dhcp", "state": "up"}
    session = {"id": 17, "peer_mac": "02" * 6, "mac": "04" * 6}
    ppp = {**wan, "name": HOSTILE, "interface": "ppp", "proto": "pppoe", "state": "waits", "waits_for": "r2"}
    status["wan"] = {"wans": [{**line, "lease": lease}, {**ppp, "lease": None, "session": session}]}
    return status


def test_a_dialled_wan_and_common_leases_are_told(pages: Pages, pair: Pair):
    pages.router.replace("status", _following(pair))
    page = pages.open("haven/overview")
    line, other = page.locator("[data-wan]").nth(0), page.locator("[data-wan]").nth(1)
    expect(line).to_contain_text("Lease198.51.100.50/24, 2001:db8::/56")
    expect(line).to_contain_text("Lasts1 h 1 min more")
    expect(other).to_contain_text("waits until r2 is down")
    expect(other).to_contain_text("Session of the Active17")
    assert page.locator("#view img").count() == 0
    leases = _facts(page, "leases")
    assert (leases["Leases here"], leases["Leases on r2"]) == ("212", "212")
    assert (leases["Usual wait"], leases["Answers clients on"]) == ("4.1 ms", "lan")


def _with_tunnels(pair: Pair) -> dict:
    """Return what a router with VPNs that follow its role and a BFD session tells."""
    status = pair.first.status()
    tunnel = {"name": HOSTILE, "group": "gateway", "interface": "wg0", "state": "comes", "port": 51820}
    status["wireguard"] = {"tunnels": [{**tunnel, "known": 3}]}
    server = {"name": "road", "group": "gateway", "protocol": "udp", "heard": True}
    status["openvpn"] = {"servers": [{**server, "clients": 20, "called": 19}]}
    session = {"name": "r2", "device": "lan", "address": "10.0.0.2", "virtual_routers": ["lan4", "lan6"]}
    times = {"for_s": 75.0, "detection_ms": 150.0, "transmit_ms": 50.0, "sent": 9, "received": 9}
    words = {"state": "Up", "diagnostic": 0, "peer_state": "Up", "peer_diagnostic": 0}
    status["bfd"] = [{**session, **words, **times, "errors": {"ttl": 2, "short": 1}}]
    return status


def test_tunnels_and_sessions_are_told(pages: Pages, pair: Pair):
    status = pair.first.status()
    assert "wireguard" not in status and "openvpn" not in status
    page = pages.open("haven/overview")
    for part in ("vpn", "bfd"):
        expect(page.locator(f".cbi-section:has([data-part={part}])")).to_be_hidden()
    pages.router.replace("status", _with_tunnels(pair))
    tunnel, server = page.locator("[data-wireguard]"), page.locator("[data-openvpn]")
    expect(tunnel).to_contain_text("Stateis set up")
    expect(tunnel).to_contain_text("Peers whose place is known3")
    expect(server).to_contain_text("Clients known20")
    expect(server).to_contain_text("Called back after the last takeover19")
    session = page.locator("[data-bfd]")
    expect(session).to_contain_text("Other router10.0.0.2 on lan")
    expect(session).to_contain_text("Silence is noticed after150 ms")
    expect(session).to_contain_text("Packets dropped3")
    assert page.locator("#view img").count() == 0
    page = pages.open("haven/services")
    expect(page.locator("[data-router] [data-wireguard]").first).to_contain_text("wg0")
    expect(page.locator("[data-router] [data-openvpn]").first).to_contain_text("road")


def test_what_a_router_has_not_takes_no_place(pages: Pages, pair: Pair):
    status = pair.first.status()
    assert "leases" not in status and "wan" not in status
    page = pages.open("haven/overview")
    for part in ("wan", "leases"):
        expect(page.locator(f".cbi-section:has([data-part={part}])")).to_be_hidden()
    pages.router.replace("status", _following(pair))
    expect(page.locator("[data-part=leases]")).to_be_visible()


WAY = {"device": "lan", "address": "10.0.0.1", "asked": 500, "lost": 0, "patience_ms": 15, "years": 10}


@pytest.mark.parametrize(
    ("by", "believed", "said"),
    [
        ("heartbeat", True, "0.028 s after the Active has died: its kernel answers on lan"),
        ("bfd", False, "0.028 s after the Active has died: its BFD session fails"),
        (
            "advertisements",
            False,
            "0.028 s after the Active has died: its kernel does not answer well enough, or not yet",
        ),
    ],
)
def test_how_soon_a_backup_would_take_over_is_told(
    pages: Pages, pair: Pair, by: str, believed: bool, said: str
):
    status = pair.second.status()
    detection = {"by": by, "after_ms": 28.4, "ways": [{**WAY, "believed": believed}]}
    status["groups"][0]["detection"] = detection
    check_status(json.loads(json.dumps(status)))
    pages.router.replace("status", status)
    page = pages.open("haven/overview")
    assert _facts(page, "groups")["Would take over"] == said
    status["groups"][0]["detection"] = None
    pages.router.replace("status", status)
    expect(page.locator("[data-part=groups]")).not_to_contain_text("Would take over")


@pytest.mark.parametrize(("version", "shown"), [("0.2.0", 1), ("0.1.0", 0), ("", 0)])
def test_routers_of_two_versions_are_named_with_the_command(
    pages: Pages, pair: Pair, version: str, shown: int
):
    peer = {"node": "r2", "address": "10.99.0.2", "heard_ms": 200, "version": version, "trouble": ""}
    peer.update(fingerprint="ab" * 32, state="backup", in_sync=True)
    channel = {"version": "0.1.0", "peers": [peer]}
    pages.router.replace("status", {**pair.first.status(), "channel": channel})
    page = pages.open("haven/overview")
    expect(page.locator("[data-router=r2]")).to_be_visible()
    told = page.locator("[data-other-version]")
    expect(told).to_have_count(shown)
    if shown:
        expect(told).to_contain_text("r2 runs haven 0.2.0, this router 0.1.0.")
        expect(told.locator("pre")).to_have_text("haven upgrade FILE...")


BLOCK = "include/35_haven"
CLOCK = """([page, own]) => L.require("haven.words").then((words) => {
    document.documentElement.lang = page;
    Object.defineProperty(navigator, "languages", { value: own, configurable: true });
    const said = words.clock(1799813000);
    document.documentElement.lang = "en";
    return said;
})"""


@pytest.mark.parametrize(
    ("page", "own", "date"),
    [
        ("de", ["en-US"], "13.01.2027"),
        ("de", ["en-US", "de-AT"], "13.01.2027"),
        ("en", ["en-US"], "Jan 13, 2027"),
        ("zh_Hans", ["en-US"], "2027年1月13日"),
        ("no language", ["en-US"], "Jan 13, 2027"),
    ],
)
def test_a_date_is_written_as_the_reader_does(pages: Pages, page: str, own: list[str], date: str):
    opened = pages.open("haven/overview")
    said = opened.evaluate(CLOCK, [page, own])
    assert date in said or "13. Jän. 2027" in said


def test_an_event_tells_how_long_ago_it_was(pages: Pages):
    page = pages.open("haven/overview")
    first = page.locator("[data-part=events] time").first
    expect(first).to_contain_text("ago)")
    before = first.inner_text()
    wait_for(page, lambda: first.inner_text() != before, "the age goes on")


def test_the_first_paint_takes_one_question_of_at_most_20_kb(pages: Pages):
    may_tell = threading.Event()
    # A new problem, such as a busy machine brings, would be a reason to ask for the events again.
    pages.router.replace("status", pages.router.ask_agent("status", {})[1])

    def events(arguments: dict) -> Answer:
        may_tell.wait(180)
        return pages.router.ask_agent("events", arguments)

    pages.router.replace("events", events)
    page = pages.open("haven/overview")
    expect(page.locator("svg [data-node]")).to_have_count(2)
    may_tell.set()
    page.wait_for_selector("[data-part=events] li")
    assert {method for name, method, _arguments in pages.router.asked if name == "haven"} == {
        "status",
        "events",
    }
    wait_for(page, lambda: len(pages.router.calls("status")) > 2, "the page asks again")
    assert max(pages.router.sizes) <= 20_000
    assert len(pages.router.calls("events")) == 1
    # Nothing from anywhere else, and nothing twice.
    scripts = [each for each in pages.requests if each.startswith(OWN + "haven/")]
    assert scripts and len(scripts) == len(set(scripts))
    assert all(each.startswith(("/", "data:")) for each in pages.requests)


def _is_silent(page: Page, pages: Pages) -> bool:
    before = len(pages.router.asked)
    page.wait_for_timeout(2500)
    return len(pages.router.asked) == before


def test_nothing_is_asked_while_nobody_looks(pages: Pages):
    page = pages.open("haven/overview")
    wait_for(page, lambda: len(pages.router.calls("status")) > 1, "the page asks again")
    page.evaluate("window.away = true; Object.defineProperty(document, 'hidden', { get: () => window.away })")
    # What was on its way may still arrive; whoever asks every second is never silent for so long.
    wait_for(page, lambda: _is_silent(page, pages), "the page asks no more")
    before = len(pages.router.asked)
    page.evaluate("window.away = false")
    wait_for(page, lambda: len(pages.router.asked) > before, "the page asks again when it is seen again")


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_what_a_real_node_told_is_on_the_page(pages: Pages, path: Path):
    document = json.loads(path.read_text())
    pages.router.replace("status", document)
    page = pages.open("haven/overview")
    shown = page.inner_text("[data-part=problems]")
    for problem in document["problems"]:
        assert problem["message"] in shown and problem["do"] in shown
    assert page.locator("[data-part=problems] [data-code]").count() == len(document["problems"])
    for router in document["virtual_routers"]:
        link = router["interface"] or router["device"]
        holder = (router["active"] or {}).get("address") and ("self" if router["active"]["self"] else "peer")
        cable = page.locator(f'svg [data-link="{link}"][data-holder={holder or "self"}]')
        assert ("haven-holds" in (cable.get_attribute("class") or "")) is bool(holder)
    assert page.locator("[data-part=groups] .haven-card").count() == len(document["groups"])
    states = page.locator("[data-part=groups] dd").all_inner_texts()
    for group in document["groups"]:
        assert group["name"] in states


def test_a_name_that_looks_like_html_is_text(pages: Pages, pair: Pair):
    document = pair.first.status()
    document["node"] = document["groups"][0]["name"] = HOSTILE
    document["problems"] = [{"code": "fault", "about": HOSTILE, "message": HOSTILE, "do": HOSTILE}]
    document["virtual_routers"][0]["addresses"] = [HOSTILE]
    document["peers"][0]["node"] = HOSTILE
    pages.router.replace("status", document)
    page = pages.open("haven/overview")
    assert page.locator("#view img").count() == 0
    assert page.inner_text("h4") == f"{HOSTILE} is Active"


def test_it_fits_a_telephone(pages: Pages):
    page = pages.open("haven/overview")
    narrow(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_the_block_on_the_page_of_luci(pages: Pages):
    page = pages.open(BLOCK)
    expect(page.locator("h3")).to_have_text("High availability")
    expect(page.locator("#view dt:text-is('Gateway') + dd")).to_have_text("r1 is Active")
    expect(page.locator("#view dt:text-is('Problems') + dd")).to_have_text("none")


def test_the_block_says_what_is_the_matter(pages: Pages):
    _is_not_there(pages)
    page = pages.open(BLOCK)
    expect(page.locator("#view p")).to_have_text("haven does not run on this router.")


@pytest.mark.parametrize("configured", [True, False])
def test_the_block_is_silent_where_nobody_wants_haven(pages: Pages, configured: bool):
    _is_not_there(pages)
    pages.router.replace("state", {"enabled": False, "configured": configured}, of="luci.haven")
    page = pages.open(BLOCK, until="[data-drawn=nothing]")
    assert page.locator("#view h3").count() == 0


def test_the_block_is_silent_for_a_login_without_the_right(pages: Pages):
    pages.router.read = pages.router.write = set()
    pages.open(BLOCK, until="[data-drawn=nothing]")


def test_the_block_says_that_haven_was_switched_off_while_it_was_shown(pages: Pages):
    page = pages.open(BLOCK, until="#view dl")
    _is_not_there(pages)
    pages.router.replace("state", {"enabled": False, "configured": True}, of="luci.haven")
    expect(page.locator("#view p")).to_have_text("haven is switched off on this router.")


def test_the_page_of_luci_does_not_wait_for_a_router_that_is_stuck(pages: Pages):
    pages.router.hold("status")
    page = pages.open(BLOCK)
    expect(page.locator("#view p")).to_have_text("The router has not answered in time.")
    page.evaluate("window.draw()")
    assert len(pages.router.calls("status")) == 1


def _is_not_there(pages: Pages) -> None:
    pages.router.broker = pages.router.broker.with_name("nobody.sock")
    pages.router.replace("status", None, status=4)


def test_the_block_stands_among_those_of_services():
    """LuCI's own up to 30 tell of the router itself: system, memory, storage, ports, network."""
    assert int(BLOCK.partition("/")[2].partition("_")[0]) > 30
