# SPDX-License-Identifier: GPL-2.0-or-later
"""The second router: the first one's configuration, with addresses, a priority and peers of its own."""

import pytest

from haven.contract.setup import SetupRefused
from haven.inet import text_of
from haven.setup.facts import LinkFacts, RouterFacts
from haven.setup.packages import CHANGED, documents, package_of
from haven.setup.proposal import Proposal, first_proposal
from haven.setup.second_router import second_proposal
from tests.setup.factory import DHCP, LINKS, LINKS_SPARE, NETWORK, interface, packages, router, static_wan

PRIVATE_WAN = static_wan().replace("203.0.113.2/29", "192.168.0.2/24").replace("203.0.113.1", "192.168.0.1")


def joined(first: Proposal, facts: RouterFacts, **answers: str) -> Proposal:
    """Return the proposal of a router that joins."""
    return second_proposal(documents(first.after), facts, answers)


def after_join(second: Proposal) -> RouterFacts:
    """Return the second router as it then is."""
    found = {name: package_of(name, second.after[name].encoded()) for name in CHANGED}
    return RouterFacts({**packages(), **found})


def test_two_routers_from_the_factory_become_a_pair():
    first = first_proposal(router(LINKS_SPARE))
    second = joined(first, router(LINKS_SPARE))
    one, other = first.model, second.model
    assert (other.main.node, other.main.enabled) == ("r2", True)
    for mine, theirs in zip(other.virtual_routers, one.virtual_routers, strict=True):
        assert (mine.name, mine.vrid, mine.group, mine.addresses) == (
            theirs.name, theirs.vrid, theirs.group, theirs.addresses,
        )  # fmt: skip
        assert (mine.priority, theirs.priority) == (100, 150)
    assert one.conntrack is not None and other.conntrack is not None
    assert one.conntrack.peer_addresses == (other.conntrack.address,)
    assert other.conntrack.peer_addresses == (one.conntrack.address,)
    network = after_join(second).interfaces
    assert str(network["lan"].addresses[0]) == "192.168.1.3/24"
    assert (network["sync"].device, str(network["sync"].addresses[0])) == ("eth5", "192.168.255.3/24")


def test_over_the_lan_the_second_has_the_address_that_the_first_expects():
    first = first_proposal(router())
    second = joined(first, router())
    assert second.answers["own_address"] == first.answers["sync_peer"] == "192.168.1.3"
    assert second.model.conntrack is not None and first.model.conntrack is not None
    assert text_of(second.model.conntrack.address) == "192.168.1.3"
    assert second.model.conntrack.peer_addresses == (first.model.conntrack.address,)


def test_an_expected_address_that_somebody_has_is_not_taken():
    second = joined(first_proposal(router()), router(answering=["192.168.1.3"]))
    assert second.answers["own_address"] == "192.168.1.4"
    assert second.model.conntrack is not None
    assert text_of(second.model.conntrack.address) == "192.168.1.4"


def test_a_name_that_the_first_has_or_that_is_none_is_not_proposed():
    first = first_proposal(router(host_name="attic"))
    names = [joined(first, router(host_name=name)).model.main.node for name in ("attic", "a b", "cellar")]
    assert names == ["r2", "r2", "cellar"]


def test_the_gateways_address_is_not_kept_on_the_second_while_it_joins():
    second = joined(first_proposal(router()), router())
    assert (str(second.reach.own), second.reach.guards) == ("192.168.1.3", ())


def test_a_second_router_in_use_keeps_what_it_has_and_is_reached_by_it_meanwhile():
    network = NETWORK.replace("192.168.1.1/24", "10.5.0.1/16") + interface("guest", "lan9", "10.9.0.1/24")
    second = joined(first_proposal(router()), router(network=network))
    assert [str(each) for each in second.reach.guards] == ["10.5.0.1/16"]
    found = after_join(second).interfaces
    assert (
        str(found["lan"].addresses[0]) == "192.168.1.3/24"
        and str(found["guest"].addresses[0]) == "10.9.0.1/24"
    )
    own = NETWORK.replace("192.168.1.1/24", "192.168.1.77/24")
    assert joined(first_proposal(router()), router(network=own)).answers["own_address"] == "192.168.1.77"


def test_the_range_of_dhcp_is_the_firsts():
    first = first_proposal(router(dhcp=DHCP.replace("'100'", "'20'").replace("'12h'", "'1h'")))
    rows = [str(each) for each in joined(first, router()).changes() if each.package == "dhcp"]
    assert rows[:4] == [
        "- dhcp.lan.start=100", "+ dhcp.lan.start=20", "- dhcp.lan.leasetime=12h", "+ dhcp.lan.leasetime=1h",
    ]  # fmt: skip


def test_a_virtual_address_on_the_wan_wants_an_own_one_there():
    first = first_proposal(router(network=static_wan()), {"wan_address": "203.0.113.4"})
    with pytest.raises(SetupRefused) as refused:
        joined(first, router())
    assert (refused.value.code, refused.value.facts) == ("answer-needed", {"question": "wan_own_address"})
    second = joined(first, router(), wan_own_address="203.0.113.3")
    found = after_join(second).interfaces["wan"]
    assert (found.proto, str(found.addresses[0]), found.gateway) == (
        "static",
        "203.0.113.3/29",
        "203.0.113.1",
    )
    nat = second.after["firewall"].named("haven_nat")
    assert nat is not None and nat.value("snat_ip") == "203.0.113.4"


def test_behind_a_router_of_the_provider_a_free_address_is_proposed():
    first = first_proposal(router(network=PRIVATE_WAN), {"wan_address": "192.168.0.4"})
    second = joined(first, router(answering=["192.168.0.3"]))
    assert second.answers["wan_own_address"] == "192.168.0.5"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"own_address": "192.168.1.1"}, "address-used"),
        ({"own_address": "192.168.1.2"}, "address-used"),
        ({"own_address": "192.168.1.120"}, "in-dhcp-range"),
        ({"own_address": "192.168.1.9"}, "address-answers"),
        ({"own_address": "10.0.0.1"}, "outside"),
        ({"wan_own_address": "203.0.113.2"}, "address-used"),
        ({"wan_own_address": "203.0.113.1"}, "address-used"),
        ({"wan_own_address": "203.0.113.4"}, "address-used"),
        ({"node": "r1"}, "address-used"),
        ({"node": "a b"}, "bad-value"),
        ({"priority": "0"}, "bad-value"),
        ({"sync": "eth99"}, "device-missing"),
        ({"sync": "br-lan"}, "device-used"),
        ({"sync_address": "192.168.255.2"}, "address-used"),
        ({"sync_address": "192.168.1.3"}, "outside"),
        ({"lan_address": "192.168.1.1"}, "answer-unknown"),
    ],
)
def test_an_answer_that_will_not_do_is_named(answers: dict[str, str], code: str):
    facts = router(LINKS_SPARE, network=static_wan())
    first = first_proposal(facts, {"wan_address": "203.0.113.4"})
    with pytest.raises(SetupRefused) as refused:
        joined(
            first,
            router(LINKS_SPARE, answering=["192.168.1.9"]),
            **{"wan_own_address": "203.0.113.3", **answers},
        )
    assert refused.value.code == code


def test_a_first_router_without_a_gateway_is_no_pair():
    with pytest.raises(SetupRefused) as refused:
        second_proposal(dict.fromkeys(CHANGED, ""), router())
    assert refused.value.code == "pair-no-gateway"


def test_a_first_router_whose_answer_is_no_uci_is_refused():
    texts = {**documents(first_proposal(router()).after), "haven": "config\n"}
    with pytest.raises(SetupRefused) as refused:
        second_proposal(texts, router())
    assert refused.value.code == "package-no-uci"


def test_a_third_router_knows_both():
    first = first_proposal(router(LINKS_SPARE))
    third = second_proposal(
        documents(first.after), router(LINKS_SPARE), addresses=["192.168.1.3", "192.168.255.3"], nodes=["r2"]
    )
    assert (third.answers["own_address"], third.model.main.node) == ("192.168.1.4", "r3")
    assert third.model.conntrack is not None
    assert text_of(third.model.conntrack.address) == "192.168.255.4"
    assert sorted(text_of(each) for each in third.model.conntrack.peer_addresses) == [
        "192.168.255.2", "192.168.255.3",
    ]  # fmt: skip


def test_addresses_of_ipv6_among_those_of_the_pair_are_no_trouble():
    first = first_proposal(router())
    third = second_proposal(documents(first.after), router(), addresses=["fe80::3", "192.168.1.3", "odd"])
    assert third.answers["own_address"] == "192.168.1.4"


def test_a_link_of_ipv6_is_turned_round_unasked():
    texts = documents(first_proposal(router()).after)
    for own, six in (("address '192.168.1.2'", "address 'fe80::2'"), ("'192.168.1.3'", "'fe80::3'")):
        texts["haven"] = texts["haven"].replace(own, six)
    conntrack = second_proposal(texts, router()).model.conntrack
    assert conntrack is not None and text_of(conntrack.address) == "fe80::3"
    assert [text_of(each) for each in conntrack.peer_addresses] == ["fe80::2"]


def test_another_port_can_be_the_link():
    links = {**LINKS, "eth7": LinkFacts(True, True)}
    second = joined(first_proposal(router(LINKS_SPARE)), router(links))
    assert (second.answers["sync"], after_join(second).interfaces["sync"].device) == ("eth7", "eth7")


def test_without_any_port_it_has_to_be_answered():
    with pytest.raises(SetupRefused) as refused:
        joined(first_proposal(router(LINKS_SPARE)), router())
    assert (refused.value.code, refused.value.facts) == ("answer-needed", {"question": "sync"})
    second = joined(first_proposal(router(LINKS_SPARE)), router(), sync="lan4")
    assert "lan4" not in after_join(second).ports("lan")


def test_what_belongs_to_the_first_alone_is_turned_round():
    first = first_proposal(router())
    texts = documents(first.after)
    texts["haven"] = texts["haven"].replace(
        "\toption vrid '51'\n\toption priority '150'\n\toption advert_interval '100'\n\tlist address '192",
        "\toption vrid '51'\n\toption priority '150'\n\toption source_address '192.168.1.2'\n"
        "\tlist unicast_peer '192.168.1.3'\n\tlist address '192",
    )
    lan = second_proposal(texts, router()).model.virtual_routers[0]
    assert lan.source_address is None and [text_of(each) for each in lan.unicast_peers] == ["192.168.1.2"]
