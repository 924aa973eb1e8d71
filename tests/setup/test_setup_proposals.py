# SPDX-License-Identifier: GPL-2.0-or-later
"""What is proposed to the first router, question by question, and what the answers change."""

import pytest

from haven.contract.fields import check_object, check_objects
from haven.contract.setup import CHANGE, PROPOSAL, QUESTION, QUESTIONS, WHYS
from haven.inet import text_of
from haven.setup.facts import HeardRouter, LinkFacts, RouterFacts
from haven.setup.first_questions import FIRST
from haven.setup.packages import package_of
from haven.setup.proposal import Proposal, first_proposal
from haven.setup.second_questions import SECOND
from tests.setup.factory import (
    AS_LIST,
    DHCP,
    HAVEN,
    LINKS,
    LINKS_SPARE,
    NETWORK,
    WITH_NETMASK,
    interface,
    packages,
    router,
    static_wan,
)

# What a WAN by DHCP becomes that the Active alone has.
DIALLED = [
    "+ network.wan.auto=0",
    "+ network.wan.clientid=01020000123456",
    "+ network.wan6.auto=0",
    "+ network.wan6.clientid=00030001020000123456",
    "+ network.wan_dev=device",
    "+ network.wan_dev.name=wan",
    "+ network.wan_dev.macaddr=02:00:00:12:34:56",
]


def with_address(text: str) -> str:
    """Return the network of a LAN with a fixed IPv6 address."""
    return NETWORK.replace("option ip6assign '60'", f"list ip6addr '{text}'", 1)


def rows(proposal: Proposal, package: str = "") -> list[str]:
    """Return the difference, of one package or of all."""
    return [str(each) for each in proposal.changes() if package in ("", each.package)]


def reason(proposal: Proposal, name: str) -> str:
    """Return why a question has its answer."""
    return next(each.why["code"] for each in proposal.answered if each.question.name == name)


def test_a_router_from_the_factory_becomes_the_first_of_a_pair():
    proposal = first_proposal(router(LINKS_SPARE))
    main, lan, lan6 = proposal.model.main, *proposal.model.virtual_routers
    assert (main.enabled, main.node) == (True, "r1")
    assert (lan.interface, lan.vrid, lan.priority, [each.text for each in lan.addresses]) == (
        "lan", 51, 150, ["192.168.1.1/24"],
    )  # fmt: skip
    assert [each.text for each in lan6.addresses] == ["fe80::1/64", "fd4c:91ad:2f13:ffff::1/64"]
    assert lan6.ra and lan6.group == lan.group == "gateway"
    assert [each.name for each in lan.track_interfaces] == ["wan"]
    conntrack = proposal.model.conntrack
    assert conntrack is not None and conntrack.interface == "sync"
    assert (text_of(conntrack.address), [text_of(each) for each in conntrack.peer_addresses]) == (
        "192.168.255.2", ["192.168.255.3"],
    )  # fmt: skip
    assert rows(proposal, "network") == [
        "- network.lan.ipaddr=192.168.1.1/24",
        "+ network.lan.ipaddr=192.168.1.2/24",
        *DIALLED,
        "+ network.sync=interface",
        "+ network.sync.proto=static",
        "+ network.sync.device=eth5",
        "+ network.sync.ipaddr=192.168.255.2/24",
    ]
    assert rows(proposal, "dhcp") == [
        "- dhcp.lan.ra=server",
        "+ dhcp.lan.dhcp_option=3,192.168.1.1",
        "+ dhcp.lan.dhcp_option=6,192.168.1.1",
        "+ dhcp.lan.force=1",
        "+ dhcp.lan.ra=disabled",
    ]
    assert rows(proposal, "firewall") == [] and proposal.changed() == ["network", "haven"]


def test_what_was_there_otherwise_stays_to_the_letter():
    facts = router(LINKS_SPARE)
    proposal = first_proposal(facts)
    kept = package_of("network", proposal.after["network"].encoded())
    before = {section.name or section.index: section for section in facts.packages["network"].sections}
    for section in kept.sections:
        if section.name in ("lan", "wan", "wan6", "wan_dev", "sync"):
            continue
        old = before[section.name or section.index]
        assert [(e.name, e.value, e.listed) for e in section.entries] == [
            (e.name, e.value, e.listed) for e in old.entries
        ]
    assert facts.packages["network"].octets == NETWORK.encode()
    assert [each.type for each in kept.sections][:-2] == [
        each.type for each in facts.packages["network"].sections
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (AS_LIST, ["\tlist ipaddr '192.168.1.2/24'"]),
        (WITH_NETMASK, ["\toption ipaddr '192.168.1.2'", "\toption netmask '255.255.255.0'"]),
        ("\toption ipaddr '192.168.1.1/24'\n", ["\toption ipaddr '192.168.1.2/24'"]),
        (
            AS_LIST + "\tlist ipaddr '10.0.0.1/24'\n",
            ["\tlist ipaddr '192.168.1.2/24'", "\tlist ipaddr '10.0.0.1/24'"],
        ),
    ],
)
def test_the_address_is_written_as_it_was_before(written: str, expected: list[str]):
    proposal = first_proposal(router(network=NETWORK.replace(AS_LIST, written)))
    lan = proposal.after["network"].encoded().decode().split("config interface 'lan'")[1].split("config")[0]
    assert [line for line in lan.splitlines() if "ipaddr" in line or "netmask" in line] == expected


def test_a_bridge_of_an_old_release_gives_its_port_away():
    old = (
        "\nconfig interface 'lan'\n\toption type 'bridge'\n"
        "\toption ifname 'eth0 eth1'\n\toption proto 'static'\n" + WITH_NETMASK
    )
    facts = router({"eth0": LinkFacts(True), "eth1": LinkFacts(True)}, network=old)
    proposal = first_proposal(facts, {"sync": "eth1"})
    assert facts.interfaces["lan"].device == "br-lan"
    assert "+ network.lan.ifname=eth0" in rows(proposal)


def test_the_own_address_is_the_next_that_nobody_has():
    proposal = first_proposal(router(answering=["192.168.1.2", "192.168.1.3"]))
    assert (proposal.answers["own_address"], reason(proposal, "own_address")) == (
        "192.168.1.4",
        "free-address",
    )


def test_the_own_address_is_none_that_dhcp_gives_away():
    dhcp = DHCP.replace("'100'", "'2'").replace("'150'", "'9'")
    dhcp += "\nconfig host\n\toption ip '192.168.1.11'\n"
    assert first_proposal(router(dhcp=dhcp)).answers["own_address"] == "192.168.1.12"


def test_behind_a_range_that_reaches_to_the_end_the_addresses_before_are_taken():
    network = NETWORK.replace("192.168.1.1/24", "192.168.1.254/24")
    assert first_proposal(router(network=network)).answers["own_address"] == "192.168.1.253"


def test_a_link_that_is_down_cannot_be_asked_and_it_says_so():
    links = {**LINKS, "br-lan": LinkFacts(up=False)}
    proposal = first_proposal(router(links))
    assert (proposal.answers["own_address"], reason(proposal, "own_address")) == (
        "192.168.1.2",
        "free-unasked",
    )


def test_a_gateway_of_another_address_leaves_the_router_its_own():
    proposal = first_proposal(router(), {"lan_address": "192.168.1.5"})
    assert proposal.answers["lan_address"] == "192.168.1.5/24"
    assert (proposal.answers["own_address"], reason(proposal, "own_address")) == ("192.168.1.1", "own-stays")
    assert rows(proposal, "network") == DIALLED and proposal.reach.guards == ()


def test_the_session_of_before_is_guarded():
    proposal = first_proposal(router())
    assert [str(each) for each in proposal.reach.guards] == ["192.168.1.1/32"]
    moved = first_proposal(router(), {"lan_address": "192.168.1.5", "own_address": "192.168.1.6"})
    # Neither of the two is the address of before: its network's route is needed, too.
    assert [str(each) for each in moved.reach.guards] == ["192.168.1.1/24"]


def test_a_virtual_router_id_is_one_that_nobody_was_heard_with():
    heard = {"br-lan": (HeardRouter(51, "192.168.1.9"), HeardRouter(52, "192.168.1.9"))}
    assert first_proposal(router(heard=heard)).answers["lan_vrid"] == "53"


def test_ipv6_is_left_alone_where_the_lan_has_none():
    links = {**LINKS, "br-lan": LinkFacts(up=True)}
    proposal = first_proposal(router(links))
    assert reason(proposal, "lan6_address") == "no-link-local"
    assert [each.name for each in proposal.model.virtual_routers] == ["lan"]


@pytest.mark.parametrize(
    ("network", "answer", "code"),
    [
        (NETWORK, "fd4c:91ad:2f13:ffff::1/64", "prefix-local"),
        (NETWORK.replace("fd4c:91ad:2f13::/48", "auto"), "none", "prefix-none"),
        (NETWORK + "\tlist ip6addr 'x'\n", "fd4c:91ad:2f13:ffff::1/64", "prefix-local"),
        (with_address("2001:db8:1::2/64"), "2001:db8:1::1/64", "prefix-fixed"),
        (with_address("2001:db8:1::1/64"), "2001:db8:1::fe/64", "prefix-fixed"),
        (with_address("2001:db8:1::1/128"), "fd4c:91ad:2f13:ffff::1/64", "prefix-local"),
    ],
)
def test_the_hosts_prefix_is_one_that_both_routers_can_have(network: str, answer: str, code: str):
    proposal = first_proposal(router(network=network))
    assert (proposal.answers["lan6_prefix"], reason(proposal, "lan6_prefix")) == (answer, code)


def test_who_has_switched_advertisements_off_is_not_talked_into_them():
    proposal = first_proposal(router(dhcp=DHCP.replace("ra 'server'", "ra 'disabled'")))
    assert (proposal.answers["ra"], reason(proposal, "ra")) == ("0", "ra-off")


def test_advertisements_of_another_router_are_handed_on_as_before():
    proposal = first_proposal(router(dhcp=DHCP.replace("option ra 'server'", "option ra 'relay'")))
    assert (proposal.answers["ra"], reason(proposal, "ra")) == ("0", "ra-relayed")
    assert not proposal.model.virtual_routers[1].ra
    assert [row for row in rows(proposal, "dhcp") if ".ra=" in row] == []


@pytest.mark.parametrize(
    ("dhcp", "answer", "code"),
    [
        (DHCP, "1", "dhcp-serves"),
        ("", "0", "dhcp-none"),
        (
            DHCP.replace("'lan'\n\toption start", "'lan'\n\toption ignore '1'\n\toption start"),
            "0",
            "dhcp-none",
        ),
        (DHCP.replace("'12h'", "'12h'\n\tlist dhcp_option '3,192.168.1.7'"), "0", "dhcp-yours"),
        (DHCP.replace("'12h'", "'12h'\n\tlist dhcp_option '42,192.168.1.7'"), "1", "dhcp-serves"),
    ],
)
def test_dhcp_follows_where_this_router_serves_it(dhcp: str, answer: str, code: str):
    proposal = first_proposal(router(dhcp=dhcp))
    assert (proposal.answers["dhcp"], reason(proposal, "dhcp")) == (answer, code)
    assert bool(proposal.model.dhcps) == (answer == "1")


@pytest.mark.parametrize(
    ("dhcp", "holds", "answer", "code"),
    [
        (DHCP, True, "1", "leases-common"),
        (DHCP, False, "0", "leases-no-queue"),
        (DHCP + "\nconfig odhcpd 'odhcpd'\n\toption maindhcp '1'\n", True, "0", "leases-odhcpd"),
    ],
)
def test_leases_are_common_where_their_answers_can_be_held(dhcp: str, holds: bool, answer: str, code: str):
    facts = router(dhcp=dhcp)
    facts.holds_answers = holds
    proposal = first_proposal(facts)
    assert (proposal.answers["leases"], reason(proposal, "leases")) == (answer, code)
    assert [each.leases for each in proposal.model.dhcps] == [answer == "1"]
    # Whoever says so has them all the same, a second later than they could be.
    assert first_proposal(facts, {"leases": "1"}).model.dhcps[0].leases


def test_without_dhcp_nobody_is_asked_for_leases():
    facts = router(dhcp="")
    facts.holds_answers = True
    proposal = first_proposal(facts)
    assert "leases" not in proposal.as_dict()["answers"]


def test_a_wan_without_a_link_is_not_watched_as_the_gateway_would_be_nobody():
    proposal = first_proposal(router({**LINKS, "wan": LinkFacts(up=False)}))
    assert (proposal.answers["wan"], reason(proposal, "wan")) == ("none", "wan-no-link")
    assert proposal.model.virtual_routers[0].track_interfaces == ()


def test_a_further_fixed_address_of_the_provider_becomes_virtual():
    facts = router(network=static_wan())
    assert first_proposal(facts).answers["wan_address"] == "none"
    proposal = first_proposal(facts, {"wan_address": "203.0.113.4"})
    wan = proposal.model.virtual_routers[-1]
    assert (wan.interface, wan.vrid, wan.group, wan.addresses[0].text) == (
        "wan", 52, "gateway", "203.0.113.4/29",
    )  # fmt: skip
    assert proposal.model.virtual_routers[0].track_interfaces == ()
    assert rows(proposal, "firewall")[1:] == [
        "+ firewall.haven_nat.name=haven: one address on the WAN",
        "+ firewall.haven_nat.src=wan",
        "+ firewall.haven_nat.src_ip=192.168.1.0/24",
        "+ firewall.haven_nat.proto=all",
        "+ firewall.haven_nat.target=SNAT",
        "+ firewall.haven_nat.snat_ip=203.0.113.4",
    ]


def test_what_is_not_masqueraded_is_not_translated():
    firewall = "\nconfig zone\n\toption name 'outside'\n\tlist network 'wan'\n"
    proposal = first_proposal(router(network=static_wan(), firewall=firewall), {"wan_address": "203.0.113.4"})
    assert (proposal.answers["nat"], reason(proposal, "nat")) == ("0", "no-masquerade")
    assert rows(proposal, "firewall") == []


@pytest.mark.parametrize(
    ("host_name", "node"),
    [("OpenWrt", "r1"), ("", "r1"), ("attic", "attic"), ("\x1b[2J", "r1"), ("a b", "r1")],
)
def test_the_name_is_the_host_name_unless_it_is_everybodys(host_name: str, node: str):
    assert first_proposal(router(host_name=host_name)).model.main.node == node


def test_without_a_free_port_the_lan_carries_the_link():
    proposal = first_proposal(router())
    assert (proposal.answers["sync"], reason(proposal, "sync")) == ("lan", "over-lan")
    assert (proposal.answers["sync_peer"], proposal.answers["own_address"]) == ("192.168.1.3", "192.168.1.2")
    assert "+ haven.conntrack.address=192.168.1.2" in rows(proposal)


def test_a_port_of_the_lan_leaves_its_bridge_and_its_vlans():
    vlans = (
        "\nconfig bridge-vlan\n\toption device 'br-lan'\n\toption vlan '1'\n"
        "\tlist ports 'lan1:u*'\n\tlist ports 'lan4:t'\n"
    )
    proposal = first_proposal(router(network=NETWORK + vlans), {"sync": "lan4"})
    found = rows(proposal, "network")
    assert "- network.@device[0].ports=lan4" in found and "- network.@bridge-vlan[0].ports=lan4:t" in found
    assert "+ network.sync.device=lan4" in found


def test_a_link_of_its_own_has_a_network_that_is_used_nowhere():
    other = interface("cameras", "lan9", "192.168.255.1/24")
    proposal = first_proposal(router(LINKS_SPARE, network=NETWORK + other))
    assert proposal.answers["sync_address"] == "192.168.254.2/24"


def test_an_interface_that_is_there_can_be_the_link():
    sync = interface("sync", "eth5", "10.9.9.2/30")
    proposal = first_proposal(router(LINKS_SPARE, network=NETWORK + sync), {"sync": "sync"})
    assert proposal.answers["sync_peer"] == "10.9.9.1" and "sync_address" not in proposal.as_dict()["answers"]
    conntrack = proposal.model.conntrack
    assert conntrack is not None and text_of(conntrack.address) == "10.9.9.2"


def test_connections_need_not_be_copied():
    proposal = first_proposal(router(), {"sync": "none"})
    assert proposal.model.conntrack is None and not any("conntrack" in row for row in rows(proposal))


def test_the_usual_answers_of_a_person_are_taken():
    given = {
        "preempt": "yes",
        "priority": "200",
        "advert_interval": "1000",
        "node": "attic",
        "lan_vrid": "007",
    }
    proposal = first_proposal(router(), given)
    lan = proposal.model.virtual_routers[0]
    assert (lan.priority, lan.advert_interval_us, lan.vrid) == (200, 1_000_000, 7)
    assert proposal.model.groups[0].preempt and proposal.model.main.node == "attic"
    assert reason(proposal, "priority") == "given"


def test_comments_of_the_package_may_go_but_settings_stay():
    haven = HAVEN + "\toption realtime '20'\n\tlist keep '/etc/x'\n"
    main = first_proposal(router(haven=haven)).model.main
    assert (main.realtime, tuple(main.keeps)) == (20, ("/etc/x",))


def test_a_switch_chip_below_vlans_is_no_free_port():
    network = NETWORK.replace("'lan1'", "'eth0.1'")
    facts = router({**LINKS, "eth0": LinkFacts(True, True), "eth6": LinkFacts(True, True)}, network=network)
    assert facts.free_ports() == ["eth6"]


def test_a_free_port_with_a_cable_comes_first():
    facts = router({**LINKS, "eth3": LinkFacts(False, True), "eth4": LinkFacts(True, True)})
    assert facts.free_ports() == ["eth4", "eth3"]


def test_the_proposal_is_a_document_whose_answers_can_be_given_back():
    facts = router(LINKS_SPARE)
    document = first_proposal(facts).as_dict()
    check_object(document, PROPOSAL, "proposal")
    check_objects(document["questions"], QUESTION, "questions")
    check_objects(document["changes"], CHANGE, "changes")
    assert document["answers"]["lan_address"] == "192.168.1.1/24"
    again = first_proposal(
        RouterFacts(packages(), LINKS_SPARE, host_name="OpenWrt"), document["answers"]
    ).as_dict()
    assert again["changes"] == document["changes"]


def test_each_question_has_its_words_and_each_word_its_question():
    names = [question.name for question in (*FIRST, *SECOND)]
    assert sorted(set(names)) == sorted(QUESTIONS)
    assert all(WHYS.values()) and len({question.text for question in FIRST}) >= len(FIRST) - 2
