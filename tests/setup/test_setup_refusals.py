# SPDX-License-Identifier: GPL-2.0-or-later
"""What setup does not do, and the one sentence that says why."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.contract.setup import SetupRefused
from haven.setup.facts import HeardRouter, LinkFacts, RouterFacts
from haven.setup.packages import LARGEST, package_of, read_packages, uncommitted
from haven.setup.proposal import first_proposal
from tests.setup.factory import (
    AS_LIST,
    DHCP,
    LINKS,
    LINKS_SPARE,
    NETWORK,
    TEXTS,
    interface,
    router,
    static_wan,
)

DYNAMIC = NETWORK.replace(
    "\toption proto 'static'\n" + AS_LIST + "\toption ip6assign", "\toption proto 'dhcp'\n\toption ip6assign"
)
SMALL = NETWORK.replace("192.168.1.1/24", "192.168.1.1/30")
ALONE = NETWORK.replace("192.168.1.1/24", "192.168.1.1/32")
SET_UP = TEXTS["haven"] + "\nconfig virtual_router 'lan'\n\toption device 'br-lan'\n\toption vrid '7'\n"
WITHOUT_LAN = NETWORK.replace("'lan'", "'lan0'").replace(
    "'static'\n" + AS_LIST + "\toption ip6", "'none'\n\toption ip6"
)
OTHER = {"br-lan": (HeardRouter(51, "192.168.1.9", ("192.168.1.1",)),)}
HEARD = {"br-lan": (HeardRouter(51, "192.168.1.9"),)}
FULL = {"br-lan": tuple(HeardRouter(number, "192.168.1.9") for number in range(1, 256))}

Make = Callable[[], RouterFacts]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: router(network=DYNAMIC), "lan-by-dhcp"),
        (lambda: router(network=WITHOUT_LAN), "no-lan"),
        (lambda: router(network=ALONE), "no-free-address"),
        (lambda: router(network=SMALL, answering=["192.168.1.2"]), "no-free-address"),
        (lambda: router(haven=SET_UP), "already-set-up"),
        (lambda: router(heard=OTHER), "advertised"),
        (lambda: router(heard=FULL), "no-free-vrid"),
        (lambda: router(haven=TEXTS["haven"] + "\toption realtime 'much'\n"), "config-refused"),
    ],
)
def test_a_router_that_cannot_be_the_first_is_told_why(make: Make, code: str):
    with pytest.raises(SetupRefused) as refused:
        first_proposal(make())
    assert refused.value.code == code and str(refused.value)


FIXED = {"wan_proto": "static", "wan_own_address": "203.0.113.2/29", "wan_gateway": "203.0.113.1"}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"lan": "attic"}, "interface-missing"),
        ({"lan": "wan"}, "lan-by-dhcp"),
        ({"lan_address": "over there"}, "not-address"),
        ({"lan_address": "192.168.1.5/x"}, "not-address"),
        ({"lan_address": "192.168.2.1"}, "outside"),
        ({"lan_address": "192.168.1.255"}, "reserved"),
        ({"lan_address": "192.168.1.0"}, "reserved"),
        ({"lan_address": "192.168.1.1/16"}, "other-length"),
        ({"lan_address": "192.168.1.9"}, "address-answers"),
        ({"lan_address": "192.168.1.120"}, "in-dhcp-range"),
        ({"own_address": "192.168.1.1"}, "address-used"),
        ({"own_address": "192.168.1.9"}, "address-answers"),
        ({"own_address": "192.168.1.100"}, "in-dhcp-range"),
        ({"own_address": "::1"}, "not-address"),
        ({"lan_vrid": "0"}, "not-vrid"),
        ({"lan_vrid": "256"}, "not-vrid"),
        ({"lan_vrid": "9" * 5000}, "not-vrid"),
        ({"lan_vrid": "٣"}, "not-vrid"),
        ({"lan6_address": "2001:db8::1"}, "not-link-local"),
        ({"lan6_address": "fe80::1/10"}, "not-link-local"),
        ({"lan6_address": "192.168.1.1"}, "not-link-local"),
        ({"lan6_prefix": "fe80::2/64"}, "not-prefix"),
        ({"lan6_prefix": "fd00::1/60"}, "not-prefix"),
        ({"lan6_prefix": "fd00::/64"}, "not-prefix"),
        ({"lan6_prefix": "192.168.1.1/24"}, "not-prefix"),
        ({"ra": "perhaps"}, "not-flag"),
        ({"dhcp": "perhaps"}, "not-flag"),
        ({"wan": "lan"}, "wan-is-lan"),
        ({"wan": "internet"}, "interface-missing"),
        ({"wan_address": "203.0.113.4"}, "wan-not-static"),
        ({"wan_proto": "modem"}, "not-choice"),
        ({"wan": "none", "wan_proto": "modem"}, "not-choice"),
        ({"wan_proto": "pppoe"}, "answer-needed"),
        ({"wan_proto": "pppoe", "wan_user": "me"}, "answer-needed"),
        ({"wan_proto": "pppoe", "wan_user": "me", "wan_password": ""}, "not-word"),
        ({"wan_proto": "pppoe", "wan_user": "a\nb", "wan_password": "x"}, "not-word"),
        ({"wan_proto": "static"}, "answer-needed"),
        ({"wan_proto": "static", "wan_own_address": "203.0.113.2"}, "not-with-length"),
        ({"wan_proto": "static", "wan_own_address": "192.168.1.7/24"}, "overlaps"),
        ({"wan_proto": "static", "wan_own_address": "203.0.113.0/29"}, "reserved"),
        ({"wan_proto": "static", "wan_own_address": "203.0.113.2/29"}, "answer-needed"),
        ({**FIXED, "wan_gateway": "203.0.113.2"}, "address-used"),
        ({**FIXED, "wan_gateway": "203.0.113.9"}, "outside"),
        ({**FIXED, "wan_dns": "there"}, "not-address"),
        ({**FIXED, "wan_address": "203.0.113.1"}, "address-used"),
        ({"leases": "some"}, "not-flag"),
        ({"node": "two words"}, "bad-value"),
        ({"priority": "300"}, "bad-value"),
        ({"advert_interval": "7"}, "bad-value"),
        ({"preempt": "2"}, "not-flag"),
        ({"sync": "eth99"}, "device-missing"),
        ({"sync": "wan"}, "lan-by-dhcp"),
        ({"sync": "br-lan"}, "device-used"),
        ({"sync": "lan4", "sync_address": "192.168.1.9/24"}, "overlaps"),
        ({"sync": "lan4", "sync_address": "192.168.255.0/24"}, "reserved"),
        ({"sync": "lan4", "sync_address": "nearby"}, "not-address"),
        ({"sync": "lan4", "sync_peer": "192.168.255.2"}, "address-used"),
        ({"sync_peer": "192.168.1.1"}, "address-used"),
        ({"sync_peer": "10.0.0.1"}, "outside"),
        ({"colour": "blue"}, "answer-unknown"),
    ],
    ids=lambda value: "-".join(value.values())[:30] if isinstance(value, dict) else value,
)
def test_an_answer_that_will_not_do_is_named(answers: dict[str, str], code: str):
    with pytest.raises(SetupRefused) as refused:
        first_proposal(router(answering=["192.168.1.9"]), answers)
    assert refused.value.code == code
    document = refused.value.as_dict()
    assert document["code"] == code and document["error"] == str(refused.value)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"wan_address": "203.0.113.2"}, "address-used"),
        ({"wan_address": "203.0.113.1"}, "address-used"),
        ({"wan_address": "203.0.113.5"}, "address-answers"),
        ({"wan_address": "203.0.113.9"}, "outside"),
        ({"wan_address": "203.0.113.4", "wan_vrid": "51"}, "vrid-twice"),
        ({"wan_address": "203.0.113.4", "nat": "maybe"}, "not-flag"),
        ({"wan": "none", "wan_address": "203.0.113.4"}, "wan-not-static"),
    ],
)
def test_an_answer_about_the_wan_that_will_not_do_is_named(answers: dict[str, str], code: str):
    with pytest.raises(SetupRefused) as refused:
        first_proposal(router(network=static_wan(), answering=["203.0.113.5"]), answers)
    assert refused.value.code == code


def test_a_virtual_router_id_of_others_is_refused():
    with pytest.raises(SetupRefused, match="192.168.1.9 advertises with 51"):
        first_proposal(router(heard=HEARD), {"lan_vrid": "51"})


def test_the_only_port_of_the_lan_stays_there():
    network = NETWORK.replace("\tlist ports 'lan2'\n\tlist ports 'lan3'\n\tlist ports 'lan4'\n", "")
    with pytest.raises(SetupRefused) as refused:
        first_proposal(router(network=network), {"sync": "lan1"})
    assert refused.value.code == "last-port"


def test_a_network_without_room_for_the_link_says_so():
    many = "".join(interface(f"i{n}", f"v{n}", f"192.168.{n}.1/24") for n in range(240, 256))
    with pytest.raises(SetupRefused) as refused:
        first_proposal(router(LINKS_SPARE, network=NETWORK + many))
    assert refused.value.code == "no-free-network"


def test_an_interface_with_two_words_as_its_address_has_none():
    facts = router(network=NETWORK.replace("'192.168.1.1/24'", "'192.168.1.x'"))
    with pytest.raises(SetupRefused) as refused:
        first_proposal(facts, {"lan": "lan"})
    assert refused.value.code == "interface-no-address"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A router that is a folder."""
    (tmp_path / "etc/config").mkdir(parents=True)
    for name, text in TEXTS.items():
        (tmp_path / "etc/config" / name).write_text(text)
    return tmp_path


def test_the_files_of_a_router_are_read(root: Path):
    packages = read_packages(str(root))
    assert packages["network"].named("lan") is not None
    (root / "etc/config/firewall").unlink()
    assert read_packages(str(root))["firewall"].sections == []


def test_what_is_no_uci_is_named_with_its_line(root: Path):
    (root / "etc/config/dhcp").write_text("config dhcp 'lan'\n\toption start 100 200\n")
    with pytest.raises(
        SetupRefused, match=r"etc/config/dhcp: this is no UCI configuration: .*dhcp:2"
    ) as refused:
        read_packages(str(root))
    assert refused.value.code == "package-no-uci"


@pytest.mark.parametrize("name", ["network", "firewall"])
def test_what_is_no_file_is_not_waited_for(root: Path, name: str):
    (root / "etc/config" / name).unlink()
    os.mkfifo(root / "etc/config" / name)
    with pytest.raises(SetupRefused) as refused:
        read_packages(str(root))
    assert refused.value.code == "package-unreadable"


def test_a_file_without_end_is_not_read(root: Path):
    (root / "etc/config/network").write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(SetupRefused) as refused:
        read_packages(str(root))
    assert refused.value.code == "package-unreadable"


def test_a_machine_that_is_no_router_is_told_so(tmp_path: Path):
    with pytest.raises(SetupRefused) as refused:
        read_packages(str(tmp_path))
    assert refused.value.code == "package-missing"


def test_octets_that_are_no_text_survive():
    octets = b"\nconfig interface 'lan'\n\toption proto 'static'\n\toption note '\xe9t\xe9'\n"
    assert package_of("network", octets).encoded() == octets


def test_changes_that_are_not_committed_are_found(root: Path):
    assert uncommitted(str(root)) == []
    (root / "tmp/.uci").mkdir(parents=True)
    (root / "tmp/.uci/network").write_text("network.lan.ipaddr='10.0.0.1'\n")
    (root / "tmp/.uci/dhcp").write_text("")
    (root / "tmp/.uci/wireless").write_text("wireless.x=y\n")
    assert uncommitted(str(root)) == ["network"]


def test_a_pool_beyond_the_network_ends_with_it():
    facts = router(LINKS, dhcp=DHCP.replace("'150'", "'100000'"))
    pool = facts.pool("lan")
    assert pool is not None and (str(pool.first), str(pool.last)) == ("192.168.1.100", "192.168.1.255")


def test_a_device_that_is_not_there_is_down():
    assert router().link("nowhere") == LinkFacts()
