# SPDX-License-Identifier: GPL-2.0-or-later
"""How the WAN gets its address: what is proposed, and what makes one customer of two routers."""

from pathlib import Path

import pytest

from haven import paths
from haven.contract.setup import SetupRefused
from haven.plan.dialled_wans import warnings
from haven.setup.facts import LinkFacts
from haven.setup.proposal import Proposal, first_proposal
from tests.setup.factory import LINKS, NETWORK, router, static_wan
from tests.setup.test_setup_proposals import DIALLED, reason, rows
from tests.setup.test_setup_second import joined

MAC = "02:00:00:12:34:56"
OTHER_LINKS = {**LINKS, "wan": LinkFacts(up=True, mac="02:00:00:99:99:99")}
LOGIN = "\toption proto 'pppoe'\n\toption username 'me'\n\toption password 'mine'\n"
PPPOE = NETWORK.replace("\toption proto 'dhcp'\n", LOGIN)
FIXED = {
    "wan_proto": "static",
    "wan_own_address": "203.0.113.2/29",
    "wan_gateway": "203.0.113.1",
}


def option(proposal: Proposal, section: str, name: str) -> str:
    """Return an option of the network as it will be, or 'none' without the section."""
    found = proposal.after["network"].named(section)
    return found.value(name) if found is not None else "none"


def told(proposal: Proposal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what `haven validate` will say of the WAN once the routers are paired."""
    (folder / "peers.json").touch()
    monkeypatch.setattr(paths, "PEERS", str(folder))
    network = folder / "network"
    network.write_bytes(proposal.after["network"].encoded())
    return [each.code for each in warnings(proposal.model.wans, "", str(network))]


@pytest.mark.parametrize(
    ("network", "answer", "code"),
    [
        (NETWORK, "dhcp", "wan-one-lease"),
        (PPPOE, "pppoe", "wan-one-session"),
        (static_wan(), "static", "wan-fixed"),
        (NETWORK.replace("'dhcp'", "'qmi'"), "own", "wan-dynamic"),
    ],
)
def test_it_gets_its_address_as_it_does_now(network: str, answer: str, code: str):
    proposal = first_proposal(router(network=network))
    assert (proposal.answers["wan_proto"], reason(proposal, "wan_proto")) == (answer, code)
    dialled = [each.interface for each in proposal.model.wans]
    assert dialled == (["wan", "wan6"] if answer in ("dhcp", "pppoe") else [])
    tracked = [(each.name, each.weight) for each in proposal.model.virtual_routers[0].track_interfaces]
    assert tracked == [("wan", 254 if dialled else 0)]


def test_a_lease_is_one_for_both_and_validate_has_nothing_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = first_proposal(router())
    assert [row for row in rows(first, "network") if "wan" in row] == DIALLED
    assert {each.group for each in first.model.wans} == {"gateway"}
    assert told(first, tmp_path, monkeypatch) == []
    second = joined(first, router(OTHER_LINKS))
    assert told(second, tmp_path, monkeypatch) == []
    for name in ("auto", "clientid", "proto"):
        assert option(second, "wan", name) == option(first, "wan", name) != ""
        assert option(second, "wan6", name) == option(first, "wan6", name) != ""
    assert option(second, "wan_dev", "macaddr") == MAC


def test_the_address_of_the_port_is_shared_and_its_name_is_not():
    sync = first_proposal(router()).after["haven"].named("sync")
    assert sync is not None
    assert [(each.name, each.value) for each in sync.entries] == [
        ("enabled", "1"),
        ("shared", "network.wan_dev.macaddr"),
        ("local", "network.wan_dev.name"),
        ("local", "haven.lan.track_interface"),
    ]
    alone = first_proposal(router(), {"common": "0"}).after["haven"]
    assert not alone.of_type("sync")


def test_a_board_that_names_the_address_of_its_port_keeps_it():
    board = (
        "\nconfig device\n\toption name 'wan'\n\toption macaddr '02:00:00:aa:aa:aa'\n\toption mtu '1508'\n"
    )
    first = first_proposal(router(network=NETWORK + board))
    assert [option(first, "wan_dev", name) for name in ("macaddr", "mtu")] == ["02:00:00:aa:aa:aa", "1508"]
    other = board.replace("aa:aa:aa", "bb:bb:bb")
    second = joined(first, router(network=NETWORK + other))
    assert option(second, "wan_dev", "macaddr") == "02:00:00:aa:aa:aa"
    assert len(second.after["network"].of_type("device")) == 2


def test_an_address_that_the_user_has_given_the_interface_goes_to_its_port():
    proto = "\toption proto 'dhcp'\n"
    network = NETWORK.replace(proto, proto + "\toption macaddr '02:0:0:0:0:7'\n")
    first = first_proposal(router(network=network))
    assert (option(first, "wan", "macaddr"), option(first, "wan_dev", "macaddr")) == ("", "02:0:0:0:0:7")


def test_before_routers_made_a_number_of_their_own_none_is_written():
    network = NETWORK.replace("\toption dhcp_default_duid '000405d1f0a6'\n", "")
    first = first_proposal(router(network=network))
    assert (option(first, "wan", "clientid"), option(first, "wan_dev", "macaddr")) == ("", MAC)


def test_a_second_router_with_other_ports_has_the_same_customer_on_its_own():
    other = NETWORK.replace("option device 'wan'", "option device 'eth1'")
    second = joined(first_proposal(router()), router({**LINKS, "eth1": LinkFacts(up=True)}, network=other))
    assert [option(second, "wan_dev", name) for name in ("name", "macaddr")] == ["eth1", MAC]
    assert option(second, "wan", "device") == "eth1"
    assert [each.name for each in second.model.virtual_routers[0].track_interfaces] == ["eth1"]


def test_a_second_router_without_that_wan_is_told_so():
    other = NETWORK.replace("config interface 'wan'", "config interface 'internet'")
    with pytest.raises(SetupRefused) as refused:
        joined(first_proposal(router()), router(network=other))
    assert (refused.value.code, refused.value.facts) == ("interface-missing", {"interface": "wan"})


def test_a_second_router_without_ipv6_on_its_wan_gets_it():
    other = NETWORK[: NETWORK.index("\nconfig interface 'wan6'")]
    second = joined(first_proposal(router()), router(network=other))
    assert [option(second, "wan6", name) for name in ("proto", "device", "auto")] == ["dhcpv6", "@wan", "0"]
    assert [each.name for each in second.model.virtual_routers[0].track_interfaces] == ["wan"]
    assert [each.value("name") for each in second.after["network"].of_type("device")] == ["br-lan", "wan"]


def test_a_login_that_is_there_is_not_asked_for_and_goes_to_the_second():
    first = first_proposal(router(network=PPPOE))
    assert "wan_user" not in first.as_dict()["answers"]
    second = joined(first, router())
    assert [option(second, "wan", name) for name in ("proto", "username", "password", "auto")] == [
        "pppoe",
        "me",
        "mine",
        "0",
    ]


def test_a_login_is_asked_for_and_its_password_is_not_shown():
    given = {"wan_proto": "pppoe", "wan_user": "me@provider", "wan_password": "it's mine"}
    proposal = first_proposal(router(), given)
    assert [option(proposal, "wan", name) for name in ("proto", "username", "password")] == [
        "pppoe",
        "me@provider",
        "it's mine",
    ]
    assert "+ network.wan.password=hidden" in rows(proposal)
    assert "it's mine" not in str(proposal.as_dict()["changes"])


def test_a_fixed_address_is_asked_for_with_its_gateway():
    proposal = first_proposal(router(), {**FIXED, "wan_address": "203.0.113.4"})
    assert [option(proposal, "wan", name) for name in ("proto", "ipaddr", "gateway", "dns")] == [
        "static",
        "203.0.113.2/29",
        "203.0.113.1",
        "203.0.113.1",
    ]
    assert (
        proposal.model.wans == () and proposal.model.virtual_routers[-1].addresses[0].text == "203.0.113.4/29"
    )


def test_a_fixed_address_that_is_none_any_more_is_taken_away():
    proposal = first_proposal(router(network=static_wan()), {"wan_proto": "dhcp"})
    assert [option(proposal, "wan", name) for name in ("proto", "ipaddr", "gateway", "auto")] == [
        "dhcp",
        "",
        "",
        "0",
    ]


def test_each_router_can_keep_an_address_of_its_own():
    proposal = first_proposal(router(), {"wan_proto": "own"})
    assert [row for row in rows(proposal, "network") if "wan" in row] == []
    assert proposal.model.wans == () and proposal.model.virtual_routers[0].track_interfaces[0].weight == 0


def test_what_was_answered_before_does_no_harm_without_a_wan():
    login = {"wan_proto": "pppoe", "wan_user": "me", "wan_password": "mine"}
    proposal = first_proposal(router(), {**login, "wan": "none"})
    assert proposal.model.wans == () and [row for row in rows(proposal, "network") if "wan" in row] == []
    with pytest.raises(SetupRefused) as refused:
        first_proposal(router(), {"wan_proto": "dhcp", "wan_address": "203.0.113.4"})
    # A page stays with its question.
    assert refused.value.facts["question"] == "wan_address"


@pytest.mark.parametrize("device", ["@x", "br-lan"])
def test_what_has_no_device_of_its_own_cannot_be_dialled(device: str):
    network = NETWORK.replace("\toption device 'wan'", f"\toption device '{device}'", 1)
    assert first_proposal(router(network=network), {"wan": "wan"}).answers["wan_proto"] == "own"
    with pytest.raises(SetupRefused) as refused:
        first_proposal(router(network=network), {"wan": "wan", "wan_proto": "dhcp"})
    assert refused.value.code == "wan-no-device"
