# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guided set-up thinks: proposals, rules, sections, and the text for the other router."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from haven.config.load import load_text
from haven.config.model import Model
from tests.luci.pages import Pages
from tests.luci.pair import Pair
from tests.luci.router import Router
from tests.luci.web import Web, folders

Json = Any
Ask = Callable[..., Json]

LAN = {"name": "lan", "device": "br-lan", "proto": "static", "up": True, "addresses": ["192.168.1.2/24"]}
WAN = {"name": "wan", "device": "eth1", "proto": "static", "up": True, "addresses": ["203.0.113.2/24"]}
SYNC = {"name": "sync", "device": "eth2", "proto": "static", "up": True, "addresses": ["10.0.0.1/30"]}
SHIPPED = {".config": "haven", ".type": "haven", ".name": "main", "enabled": "0"}
PARTNER = {"vrid": 77, "source": "192.168.1.9", "priority": 150, "addresses": ["192.168.1.1"]}
STRANGER = {"vrid": 51, "source": "192.168.1.8", "priority": 100, "addresses": ["10.9.9.9"]}

# Everything between the modules is plain values, so the test may stand between them, too.
PEER_TEXT = """([ after, answers ]) =>
    Promise.all([ L.require('haven.setup_sections'), L.require('haven.setup_review') ])
    .then(([ sections, review ]) => review.peerText(sections.forPeer(after, answers), answers))"""


@pytest.fixture(scope="module")
def page(pair: Pair, browser: Browser) -> Iterator[Page]:
    """Any page has LuCI's loader, and nothing here changes it: one for all; this one asks for little."""
    router = Router(pair.first.broker.path, pair.first.config_path.read_text(), "")
    with contextlib.closing(Web(router, folders())) as web, browser.new_context() as context:
        made = Pages(context.new_page(), web)
        yield made.open("haven/log")
        assert made.console == []


@pytest.fixture
def ask(page: Page) -> Ask:
    """Call a function of a module: ask("setup", "propose", ...)."""

    def call(module: str, function: str, *arguments: Json) -> Json:
        script = "([ name, function_, rest ]) => L.require(name).then((module) => module[function_](...rest))"
        return page.evaluate(script, [f"haven.{module}", function, list(arguments)])

    return call


def facts(*interfaces: Json, **more: Json) -> Json:
    """What is known of a router that has never been set up."""
    known = {"hostname": "OpenWrt", "firewall": True, "sections": [SHIPPED], "heard": {}}
    return {**known, "interfaces": list(interfaces) or [LAN, WAN], **more}


def model(text: str) -> Model:
    """Let haven itself read what the set-up has made."""
    found, problems = load_text(text, "candidate", "router")
    assert not problems
    assert found is not None
    return found


def test_proposals(ask: Ask):
    own_is_first = {**LAN, "addresses": ["192.168.1.1/24"]}
    for known, expected in (
        (facts(), {"lan": "lan", "wan": "wan", "lan_address": "192.168.1.1/24", "lan_vrid": "51"}),
        (facts(), {"role": "first", "node": "r1", "peer_node": "r2", "priority": "150", "wan_vrid": "52"}),
        (facts(), {"peer_priority": "100", "sync": "lan", "sync_peer": "192.168.1.3", "wan_address": ""}),
        (facts(own_is_first, WAN), {"lan_address": "192.168.1.254/24", "sync_peer": "192.168.1.2"}),
        (facts(LAN), {"wan": "", "wan_vrid": ""}),
        (facts(LAN, WAN, SYNC), {"sync": "sync", "sync_peer": "10.0.0.2"}),
        (facts(hostname="office"), {"node": "office", "peer_node": "r2"}),
        (facts(firewall=False), {"nat": "0"}),
        (facts(heard={"lan": [PARTNER]}), {"lan_vrid": "77", "role": "second", "priority": "100"}),
        (facts(heard={"lan": [PARTNER]}), {"node": "r2", "peer_node": "r1", "sync_peer": "192.168.1.9"}),
        (facts(heard={"lan": [STRANGER]}), {"lan_vrid": "52", "wan_vrid": "53", "role": "first"}),
    ):
        proposed = ask("setup", "propose", {}, known)
        assert {name: proposed[name] for name in expected} == expected, known


def test_what_was_given_stays_also_when_it_is_empty(ask: Ask):
    given = {"lan_vrid": "7", "sync": "", "wan": "", "role": "second"}
    proposed = ask("setup", "propose", given, facts())
    assert {name: proposed[name] for name in given} == given
    assert (proposed["priority"], proposed["peer_priority"], proposed["sync_peer"]) == ("100", "150", "")


def test_rules(ask: Ask):
    for field, wrong, said in (
        ("wan", "lan", "are the same interface"),
        ("lan", "guest", "guest is gone"),
        ("lan_address", "", "Write an address"),
        ("lan_address", "192.168.1.300", "not an IPv4 address"),
        ("lan_address", "10.1.1.1/24", "outside of 192.168.1.0/24"),
        ("lan_address", "192.168.1.2", "own address of this router on lan"),
        ("lan_address", "192.168.1.255/24", "broadcast address"),
        ("lan_address", "192.168.1.1/16", "write 192.168.1.1/24"),
        ("lan_vrid", "256", "from 1 to 255"),
        ("wan_address", "192.168.1.1/24", "The same address is on the LAN"),
        ("wan_address", "203.0.113.2", "own address of this router on wan"),
        ("node", "a b", "Use letters"),
        ("peer_node", "r1", "Both routers have the same name"),
        ("priority", "255", "from 1 to 254"),
        ("peer_priority", "150", "the same priority"),
        ("peer_priority", "200", "The first router has the higher"),
        ("sync_peer", "", "own address on lan"),
        ("sync_peer", "192.168.1.2", "the address of this router"),
        ("sync_peer", "192.168.1.1", "the virtual address"),
        ("sync_peer", "10.0.0.1", "outside of 192.168.1.0/24"),
    ):
        answers = {**ask("setup", "propose", {}, facts()), field: wrong}
        told = {each["field"]: each["message"] for each in ask("setup_rules", "refused", answers, facts())}
        assert said in told.get(field, ""), (field, wrong, told)


def test_proposals_break_no_rule(ask: Ask):
    for known in (facts(), facts(LAN), facts(LAN, WAN, SYNC), facts(heard={"lan": [PARTNER]})):
        answers = ask("setup", "propose", {}, known)
        assert ask("setup_rules", "refused", answers, known) == []


def test_a_router_without_a_second_network_and_one_without_any_are_told_so(ask: Ask):
    alone = facts(LAN)
    noted = ask("setup_rules", "noted", ask("setup", "propose", {}, alone), alone)
    assert any("has one network only" in each["message"] for each in noted if each["field"] == "wan")
    none = {**facts(), "interfaces": []}
    refused = ask("setup_rules", "refused", ask("setup", "propose", {}, none), none)
    assert any("no network interface yet" in each["message"] for each in refused if each["field"] == "lan")


def test_vrids_of_others_are_named(ask: Ask):
    for heard, said in (
        ([], "every number is free"),
        ([STRANGER], "51 (192.168.1.8)"),
        ([PARTNER], "VRID 77"),
    ):
        known = facts(heard={"lan": heard})
        noted = ask("setup_rules", "noted", ask("setup", "propose", {}, known), known)
        assert any(said in each["message"] for each in noted if each["field"] == "lan_vrid"), noted


def _whole(ask: Ask, known: Json, **given: Json) -> Json:
    return ask("setup", "complete", ask("setup", "propose", given, known), known)


def _after(ask: Ask, known: Json, answers: Json, carried: Json = None) -> Json:
    changes = ask("setup_sections", "changes", known["sections"], answers, carried or [])
    return ask("setup_sections", "after", known["sections"], changes)


def test_the_sections_are_what_haven_understands(ask: Ask):
    known = facts()
    answers = _whole(ask, known, wan_address="203.0.113.10")
    made = model(ask("setup_sections", "file", _after(ask, known, answers)))
    assert made.main.enabled
    assert [(router.name, router.interface, router.vrid) for router in made.virtual_routers] == [
        ("lan", "lan", 51),
        ("wan", "wan", 52),
    ]
    assert {router.group for router in made.virtual_routers} == {"gateway"}
    assert made.conntrack is not None and made.conntrack.interface == "lan"
    assert [dhcp.interface for dhcp in made.dhcps] == ["lan"]


def test_without_an_address_on_the_wan_it_is_watched(ask: Ask):
    known = facts()
    (router,) = model(ask("setup_sections", "file", _after(ask, known, _whole(ask, known)))).virtual_routers
    assert [track.name for track in router.track_interfaces] == ["wan"]


def test_nothing_is_changed_twice(ask: Ask):
    known = facts()
    answers = _whole(ask, known, wan_address="203.0.113.10")
    after = _after(ask, known, answers)
    assert ask("setup_sections", "changes", after, answers, []) == []


def test_the_text_makes_the_other_half_and_its_text_this_one(page: Page, ask: Ask):
    first = facts()
    answers = _whole(ask, first, wan_address="203.0.113.10")
    after = _after(ask, first, answers)
    pasted = ask("uci_text", "parse", page.evaluate(PEER_TEXT, [after, answers]))
    other = {**LAN, "addresses": ["192.168.1.3/24"]}, {**WAN, "addresses": ["203.0.113.3/24"]}
    second = facts(*other)
    theirs = _whole(
        ask, second, **ask("setup_sections", "answers", pasted, "lan", "wan"), lan="lan", wan="wan"
    )
    theirs_after = _after(ask, second, theirs, pasted)
    mine, peers = (model(ask("setup_sections", "file", each)) for each in (after, theirs_after))
    assert (mine.main.node, peers.main.node) == ("r1", "r2")
    assert [router.priority for router in (*mine.virtual_routers, *peers.virtual_routers)] == [
        150,
        150,
        100,
        100,
    ]
    assert mine.conntrack is not None and peers.conntrack is not None
    assert (mine.conntrack.address, *mine.conntrack.peer_addresses) == (
        *peers.conntrack.peer_addresses,
        peers.conntrack.address,
    )
    back = ask("uci_text", "parse", page.evaluate(PEER_TEXT, [theirs_after, theirs]))
    assert model(ask("setup_sections", "file", back)).main.node == "r1"
    assert sorted(each[".name"] for each in back) == sorted(each[".name"] for each in after)
    originals = {each[".name"]: each for each in after}
    for section in back:
        before = originals[section[".name"]]
        assert {k: v for k, v in section.items() if k[0] != "."} == {
            k: v for k, v in before.items() if k[0] != "." and v is not None
        }


def test_what_was_set_by_hand_stays(ask: Ask):
    router = {
        ".config": "haven",
        ".type": "virtual_router",
        ".name": "office",
        "interface": "lan",
        "vrid": "9",
    }
    router |= {"address": ["192.168.1.1/24", "192.168.1.5/24"], "virtual_mac": "1", "priority": "120"}
    six = {".config": "haven", ".type": "virtual_router", ".name": "lan", "interface": "lan", "vrid": "9"}
    six |= {"address": ["fe80::1/64"]}
    known = facts(sections=[SHIPPED, router, six])
    found = ask("setup_sections", "answers", known["sections"], "lan", "wan")
    assert (found["lan_vrid"], found["priority"], found["lan_address"]) == ("9", "120", "192.168.1.1/24")
    after = _after(ask, known, _whole(ask, known, **found))
    named = {each[".name"]: each for each in after}
    assert named["office"]["address"] == router["address"] and named["office"]["virtual_mac"] == "1"
    assert named["lan"] == six
    assert ask("setup_sections", "untouched", known["sections"], _whole(ask, known, **found)) == [six]


def test_what_the_answers_no_longer_want_goes(ask: Ask):
    known = facts()
    whole = _whole(ask, known, wan_address="203.0.113.10")
    after = _after(ask, known, whole)
    less = {**whole, "wan_address": "", "sync": "", "dhcp": "0"}
    named = {each[".name"]: each for each in _after(ask, {**known, "sections": after}, less)}
    assert set(named) == {"main", "gateway", "lan", "conntrack"}
    assert named["conntrack"]["enabled"] == "0" and named["lan"]["track_interface"] == ["wan"]


def test_a_wan_that_the_active_alone_dials_is_not_watched(ask: Ask):
    dialled = {".config": "haven", ".type": "wan", ".name": "line", "interface": "wan", "group": "gateway"}
    known = facts(sections=[SHIPPED, dialled])
    (refused,) = ask("setup_sections", "refusals", known["sections"], _whole(ask, known))
    assert "wan is dialled by the Active alone" in refused
    lan = {".config": "haven", ".type": "virtual_router", ".name": "lan", "interface": "lan", "vrid": "51"}
    lan |= {"address": ["192.168.1.1/24"], "track_interface": ["eth1:254"]}
    known["sections"].append(lan)
    without = _whole(ask, known, wan="")
    assert ask("setup_sections", "refusals", known["sections"], without) == []
    named = {each[".name"]: each for each in _after(ask, known, without)}
    assert named["lan"]["track_interface"] == ["eth1:254"] and named["line"] == dialled


def test_what_it_cannot_draw_is_refused(ask: Ask):
    one = {
        ".config": "haven",
        ".type": "virtual_router",
        ".name": "a",
        "interface": "lan",
        "address": ["192.168.1.1"],
    }
    two = {**one, ".name": "b", "address": ["192.168.1.4"]}
    wan = {**one, ".name": "c", "interface": "wan", "address": ["203.0.113.10"], "group": "other"}
    answers = _whole(ask, facts())
    (several,) = ask("setup_sections", "refusals", [one, two], answers)
    (apart,) = ask("setup_sections", "refusals", [one, wan], answers)
    assert "several virtual routers on lan" in several and "different groups" in apart


def test_a_refused_option_is_found_at_its_question(ask: Ask):
    known = facts()
    answers = _whole(ask, known)
    after = _after(ask, known, answers)
    for section, option, field in (
        ("lan", "address", "lan_address"),
        ("conntrack", "peer_address", "sync_peer"),
        ("main", "keep", "keep"),
        ("main", "realtime", None),
        ("guest", "address", None),
        (None, "address", None),
    ):
        problem = {"section_name": section, "option": option, "message": "no"}
        assert ask("setup_sections", "fieldOf", problem, after, answers) == field


def test_commands_and_their_reader_agree_on_quotes(ask: Ask):
    value = "it's 'quoted' \\ and # more"
    change = {"kind": "set", "config": "haven", "section": "main", "option": "node", "value": value}
    words = ["set haven.main='haven'", *ask("uci_text", "commands", change)]
    (section,) = ask("uci_text", "parse", "\n".join(["# a comment", *words, "commit haven", "EOF"]))
    assert section["node"] == value
