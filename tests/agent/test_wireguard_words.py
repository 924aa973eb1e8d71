# SPDX-License-Identifier: GPL-2.0-or-later
"""WireGuard in words: what `wg` tells and is told, what routers tell each other, what havend is lent."""

import pytest

from haven.agent.wan.lease_steps import make_loan
from haven.agent.wireguard import wg_tool
from haven.agent.wireguard.peer_places import ALIVE_S, PeerPlaces
from haven.agent.wireguard.source_rules import script, voices
from haven.agent.wireguard.tunnel_steps import make_loans, networks_of
from haven.agent.wireguard.wg_tool import TunnelFacts, key_mark
from haven.contract.fields import DocumentError
from haven.contract.lending import read_loans
from haven.contract.wan_words import MOST_WANS
from haven.contract.wireguard_words import MOST_PEERS, MOST_TUNNELS, check_tunnels, is_endpoint, is_key

PRIVATE = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
OTHER_PRIVATE = "gI6EdUSYvn8ugXOt8QQD6Yc+JyiZxIhp3GInSWRfWGE="
ROAD, SITE = ("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=")
DUMP = (
    f"{PRIVATE}\tHIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=\t51820\toff\n"
    f"{ROAD}\t(none)\t192.0.2.9:4711\t10.8.0.2/32\t1000\t5\t6\toff\n"
    f"{SITE}\tc2VjcmV0\t[2001:db8::9]:51820\t10.9.0.0/24,fd09::/64,0.0.0.0/0\t0\t0\t0\t25\n"
)
SECTION = {"name": "vpn", "interface": "", "device": "wg0", "group": "gateway"}


def peers() -> dict[str, wg_tool.PeerFacts]:
    return TunnelFacts(DUMP).peers


def word(*told: tuple[str, str, int]) -> list[dict]:
    return [{"key": key, "endpoint": endpoint, "age_s": age} for key, endpoint, age in told]


def test_a_dump_is_what_it_says():
    facts = TunnelFacts(DUMP)
    assert (facts.port, facts.key_mark) == (51820, key_mark(PRIVATE))
    road, site = facts.peers[ROAD], facts.peers[SITE]
    assert (road.endpoint, road.networks, road.handshake, road.keepalive_s) == (
        "192.0.2.9:4711",
        ["10.8.0.2/32"],
        1000,
        0,
    )
    assert (site.endpoint, site.handshake, site.keepalive_s) == ("[2001:db8::9]:51820", 0, 25)


@pytest.mark.parametrize(
    "text", ["", "wg: no such device", "a\tb", DUMP + "rest", DUMP.replace("51820", "x", 1)]
)
def test_what_is_no_dump_is_refused(text: str):
    with pytest.raises(ValueError, match=r"unpack|invalid"):
        TunnelFacts(text)


def test_a_mark_tells_keys_apart_and_gives_nothing_away():
    assert key_mark(PRIVATE) != key_mark(OTHER_PRIVATE) and len(key_mark(PRIVATE)) == 16
    assert key_mark("no key!") == key_mark("") == ""


def test_who_is_called_is_sent_to_at_once_and_keeps_its_keepalive():
    facts = peers()
    places = {ROAD: "192.0.2.9:4711", SITE: "[2001:db8::9]:51820"}
    ((argv, stdin),) = wg_tool.call_commands("wg0", places, [facts[ROAD], facts[SITE]])
    assert stdin is None
    assert argv[:3] == ["wg", "set", "wg0"]
    assert " ".join(argv[3:]) == (
        f"peer {ROAD} endpoint 192.0.2.9:4711 persistent-keepalive 1 peer {ROAD} persistent-keepalive 0 "
        f"peer {SITE} endpoint [2001:db8::9]:51820 persistent-keepalive 0 peer {SITE} persistent-keepalive 25"
    )


def test_many_peers_are_many_commands():
    places = {f"key{number}": "192.0.2.9:1" for number in range(250)}
    assert [len(argv) for argv, _stdin in wg_tool.place_commands("wg0", places)] == [403, 403, 203]


def test_a_device_that_is_not_the_kernels_forgets_its_sessions_by_its_key():
    facts = TunnelFacts(DUMP)
    words = ["wg", "set", "none", "private-key", "/proc/self/fd/0"]
    assert wg_tool.end_commands("none", facts) == [(words, ""), (words, PRIVATE)]
    facts.private = ""
    assert wg_tool.end_commands("none", facts) == []


def test_places_are_told_once_and_again_when_they_change():
    places = PeerPlaces()
    places.take_own(peers(), now=100.0, clock=1010.0)
    assert places.news_for("r2", 100.0) == word((ROAD, "192.0.2.9:4711", 10))
    assert places.news_for("r2", 110.0) == []
    assert places.news_for("r3", 110.0) == word((ROAD, "192.0.2.9:4711", 20))
    roamed = TunnelFacts(DUMP.replace("192.0.2.9:4711", "192.0.2.77:5")).peers
    places.take_own(roamed, now=110.0, clock=1020.0)
    assert places.news_for("r2", 110.0) == word((ROAD, "192.0.2.77:5", 20))
    places.forget_listener("r2")
    assert places.news_for("r2", 110.0) == word((ROAD, "192.0.2.77:5", 20))


def test_more_than_a_message_holds_goes_in_several():
    places = PeerPlaces()
    places.hear(word(*((f"key{number}", "192.0.2.9:1", 1) for number in range(MOST_PEERS + 7))), 0.0)
    assert [len(places.news_for("r2", 0.0)) for _ in range(3)] == [MOST_PEERS, 7, 0]


def test_who_had_a_session_is_called_and_everybody_is_known():
    places = PeerPlaces()
    assert places.hear(word((ROAD, "192.0.2.9:9", 5), (SITE, "[2001:db8::9]:51820", 500)), 0.0)
    assert not places.hear(word((ROAD, "192.0.2.9:9", 4)), 1.0)
    assert [peer.key for peer in places.to_call(peers(), 1.0)] == [ROAD]
    assert places.to_call(peers(), ALIVE_S + 10) == []
    # One that the device has already, and one that it does not know.
    places.hear(word(("stranger", "192.0.2.1:1", 1)), 1.0)
    assert places.wanted(peers()) == {ROAD: "192.0.2.9:9"}


def test_an_old_handshake_of_the_own_device_is_none_of_the_other_routers():
    places = PeerPlaces()
    places.hear(word((ROAD, "192.0.2.9:4711", 5)), 1000.0)
    places.take_own(peers(), now=1001.0, clock=9000.0)
    assert places.news_for("r2", 1001.0)[0]["age_s"] == 6


def test_the_active_is_lent_the_link_and_the_routes_and_everybody_else_that_it_is_down():
    loans = read_loans(make_loans(SECTION, networks_of(peers())))
    assert [(loan.is_of_active, [step.say for step in loan.takeover]) for loan in loans] == [
        (True, ["set wg0 up", "add route 10.9.0.0/24 dev wg0", "add route fd09::/64 dev wg0"]),
        (False, ["set wg0 down"]),
    ]
    assert [[step.say for step in loan.release] for loan in loans] == [["set wg0 down"], []]


def test_rules_speak_from_the_first_virtual_address_of_each_family():
    document = {
        "virtual_routers": [
            {"group": "gateway", "device": "eth1", "addresses": ["198.51.100.1/24", "198.51.100.9/24"]},
            {"group": "gateway", "device": "eth1", "addresses": ["fe80::1/64", "2001:db8::1/64"]},
            {"group": "other", "device": "eth2", "addresses": ["10.0.0.1/24"]},
            {"group": "mac", "device": "eth3", "address_device": "vr3", "addresses": ["10.1.0.1/24"]},
        ]
    }
    speakers = voices(document, {"gateway": {51820}})
    assert speakers == [
        ("eth1", 51820, ("198.51.100.1", "198.51.100.9")),
        ("eth1", 51820, ("2001:db8::1",)),
    ]
    # A route may lead out by the device with the virtual MAC address as well as by the one below it.
    assert [voice[0] for voice in voices(document, {"mac": {1}})] == ["eth3", "vr3"]
    text = script(speakers)
    assert 'oifname "eth1" udp sport 51820 ip saddr != { 198.51.100.1, 198.51.100.9 } ip saddr set' in text
    assert "ip6 saddr 2001:db8::1 snat ip6 to 2001:db8::1" in text
    assert "chain" not in script([])


@pytest.mark.parametrize("text", ["192.0.2.1:51820", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:65535"])
def test_an_endpoint_is_an_address_with_a_port(text: str):
    assert is_endpoint(text)


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:²", "192.0.2.1:1 --x", "host:1"]
    + ["2001:db8::1:51820", "[192.0.2.1]:1", "[fe80::1%eth0]:1", "[::1]:-1", "-peer:5"],
)
def test_what_else_comes_is_no_endpoint(text: str):
    assert not is_endpoint(text)


def test_a_key_is_32_octets_and_nothing_else():
    assert is_key(ROAD) and is_key(PRIVATE)
    for text in ("", ROAD[:-2] + "=", ROAD + "\n", " " + ROAD, ROAD[:-1], "ä" * 44, "--" + ROAD[2:]):
        assert not is_key(text)


@pytest.mark.parametrize(
    "broken",
    [
        {"peers": word((ROAD, "no place", 1))},
        {"peers": word(("no key", "192.0.2.1:1", 1))},
        {"peers": [{"key": ROAD}]},
        {"peers": word((ROAD, "192.0.2.1:1", 1)) * (MOST_PEERS + 1)},
        {"clock_ms": "now"},
        {"is_up": None},
    ],
)
def test_rubbish_of_another_router_is_refused(broken: dict):
    good = {"name": "vpn", "is_up": True, "key": "", "clock_ms": 1, "peers": word((ROAD, "192.0.2.1:1", 1))}
    assert check_tunnels([good]) == [good]
    with pytest.raises(DocumentError):
        check_tunnels([{**good, **broken}])
    with pytest.raises(DocumentError):
        check_tunnels([good] * 40)


def test_havend_takes_the_loans_of_as_many_tunnels_and_wans_as_routers_tell_of():
    lease = {"addresses": ["203.0.113.5/24"], "prefixes": [], "routes": [], "dns": [], "left_s": 60}
    loans = [make_loan(f"wan {number}", "lan", "wan", lease, False) for number in range(MOST_WANS)]
    for number in range(MOST_TUNNELS):
        section = {"name": str(number), "group": "lan", "device": "wg%d" % number}
        loans += make_loans(section, [])
    assert len(read_loans(loans)) == MOST_WANS + 2 * MOST_TUNNELS
