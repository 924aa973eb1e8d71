# SPDX-License-Identifier: GPL-2.0-or-later
"""What is shared, local and mirrored, and what the user says otherwise."""

from pathlib import Path

import pytest

from haven.config.load import load, load_text
from haven.config.passwords import is_secret
from haven.sync.sharing import Overrides, Sharing
from haven.sync.table import LOCAL, MIRRORED, SHARED
from tests.sync.routers import HAVEN, Router, content, exchange_all, tell

ROUTER = """
config virtual_router '%s'
	option device '%s'
	option vrid '%d'
	option priority '%s'
	list address '192.168.%d.1/24'
"""
NODES = ("r1", "r2")
CONNTRACK = "\nconfig conntrack 'c'\n\toption device 'sync0'\n\toption address '10.255.0.%d'\n"


def kind(sharing: Sharing, path: str, type: str = "") -> str:
    package, section, option = path.split(".")
    return sharing.option(package, type, section, option).kind


def test_the_table_decides_unless_the_user_does():
    plain = Sharing(Overrides())
    assert kind(plain, "network.lan.ipaddr", "interface") == LOCAL
    assert kind(plain, "network.lan.mtu", "interface") == SHARED
    assert kind(plain, "system..hostname", "system") == LOCAL
    assert kind(plain, "haven.c.peer_address", "conntrack") == MIRRORED
    assert kind(plain, "strange.x.y", "z") == LOCAL
    said = Sharing(
        Overrides(
            shared=("strange.*.*", "network.lan.ipaddr", "other.@queue.limit"),
            local=("firewall.@rule.enabled", "dhcp", "network.guest", "strange.mine"),
        )
    )
    assert kind(said, "network.lan.ipaddr", "interface") == SHARED
    assert kind(said, "network.wan.ipaddr", "interface") == LOCAL
    assert kind(said, "network.guest.mtu", "interface") == LOCAL
    assert kind(said, "firewall..enabled", "rule") == LOCAL
    assert kind(said, "firewall..dest_port", "rule") == SHARED
    assert kind(said, "firewall..enabled", "redirect") == SHARED
    assert kind(said, "strange.x.y") == SHARED and kind(said, "strange.mine.y") == LOCAL
    assert kind(said, "other.q.limit", "queue") == SHARED and kind(said, "other.q.rate", "queue") == LOCAL
    assert said.section("other", "queue", "q") and not said.section("other", "rule", "r")
    assert not said.section("network", "interface", "guest") and said.section("firewall", "rule", "")
    present = ["dhcp", "firewall", "other", "strange", "unknown"]
    assert said.packages(present) == ["firewall", "other", "strange"]


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("key", True),
        ("key1", True),
        ("private_key", True),
        ("preshared_key", True),
        ("sae_password", True),
        ("password", True),
        ("auth_pass", True),
        ("protect", True),
        ("apikey", True),
        ("psk", True),
        ("pincode", True),
        ("public_key", False),
        ("ssid", False),
        ("ports", False),
        ("name", False),
        ("keep", False),
        ("passive", False),
        ("monkey_business", False),
    ],
)
def test_secrets_are_known_by_their_names(name: str, secret: bool):
    assert is_secret(name) == secret


def test_a_virtual_router_that_is_added_comes_with_the_priority_of_this_router(tmp_path: Path):
    texts = [
        HAVEN % name + ROUTER % ("lan", "br-lan", 51, own, 1) for name, own in (("r1", 150), ("r2", 100))
    ]
    one, two = (Router(tmp_path, f"r{number + 1}", haven=text) for number, text in enumerate(texts))
    exchange_all([one, two])
    one.write("haven", one.text("haven") + ROUTER % ("wan", "eth1", 52, "150", 2))
    assert tell(one, two) == "applied"
    assert two.get("haven", "wan", "priority") == "100" and two.get("haven", "wan", "device") == "eth1"
    assert two.get("haven", "lan", "priority") == "100"
    exchange_all([one, two])
    assert one.get("haven", "wan", "priority") == "150"
    assert one.replica.conflicts() == []


def test_a_link_of_the_connections_comes_without_an_address_and_the_rest_of_the_change_with_it(
    tmp_path: Path,
):
    texts = [
        HAVEN % name + "\toption enabled '1'\n" + ROUTER % ("lan", "br-lan", 51, "9", 1) for name in NODES
    ]
    one, two = (Router(tmp_path, name, haven=text) for name, text in zip(NODES, texts, strict=True))
    exchange_all([one, two])
    link = CONNTRACK % 1 + "\toption enabled '1'\n\tlist peer_address '10.255.0.2'\n"
    one.write("haven", one.text("haven").replace("'51'", "'52'") + link)
    assert tell(one, two) == "applied"
    assert two.get("haven", "lan", "vrid") == "52" and two.get("haven", "c", "peer_address") == ["10.255.0.1"]
    model, problems = load(two.path("haven"), "r2")
    assert model is not None and model.conntrack is None, problems
    (warning,) = model.warnings
    assert "conntrack 'c', option 'address': is missing" in str(warning)
    assert "uci set haven.c.address=" in str(warning)
    two.set("haven", "c", "address", "10.255.0.2")
    model, problems = load(two.path("haven"), "r2")
    assert model is not None and model.conntrack is not None and not model.warnings, problems
    # Where nothing is common, it is as wrong as ever.
    alone = one.text("haven").replace("config sync", "config group").replace("10.255.0.1", "")
    assert load_text(alone, "haven")[0] is None


def test_peer_addresses_are_those_of_the_others(tmp_path: Path):
    text = "%s" + CONNTRACK
    routers = [
        Router(tmp_path, f"r{number}", haven=HAVEN % f"r{number}" + CONNTRACK % number)
        for number in (1, 2, 3)
    ]
    assert text
    exchange_all(routers)
    routers[0].set("haven", "c", "address", "10.255.0.11")
    exchange_all(routers)
    found = [router.get("haven", "c", "peer_address") for router in routers]
    assert found == [
        ["10.255.0.2", "10.255.0.3"],
        ["10.255.0.11", "10.255.0.3"],
        ["10.255.0.11", "10.255.0.2"],
    ]
    assert [router.get("haven", "c", "address") for router in routers][1:] == ["10.255.0.2", "10.255.0.3"]


def test_what_becomes_shared_is_taken_or_is_a_conflict(tmp_path: Path):
    one, two = (Router(tmp_path, name) for name in ("r1", "r2"))
    for router, value in ((one, "a"), (two, "b")):
        router.write("strange", f"config x 'x'\n\toption same '1'\n\toption other '{value}'\n")
    one.write("strange", one.text("strange") + "\nconfig x 'new'\n\toption y '1'\n")
    exchange_all([one, two])
    assert len(two.sections("strange")) == 1
    one.set("haven", "sync", "shared", ["strange"])
    exchange_all([one, two])
    assert two.get("haven", "sync", "shared") == ["strange"]
    assert two.get("strange", "new", "y") == "1"
    assert (one.get("strange", "x", "other"), two.get("strange", "x", "other")) == ("a", "b")
    assert [each["path"] for each in two.replica.conflicts()] == ["strange.x.other"]
    # And what becomes local again is each router's own.
    one.set("haven", "sync", "shared", None)
    exchange_all([one, two])
    two.set("strange", "x", "same", "2")
    exchange_all([one, two])
    assert one.get("strange", "x", "same") == "1"


def test_a_local_exception_holds_on_both_sides(tmp_path: Path):
    one, two = (Router(tmp_path, name, firewall="config rule\n\toption name 'x'\n") for name in ("r1", "r2"))
    two.set("haven", "sync", "local", ["firewall.@rule.enabled"])
    exchange_all([one, two])
    one.set("firewall", "x", "enabled", "0")
    exchange_all([one, two])
    assert two.get("firewall", "x", "enabled") is None
    two.set("firewall", "x", "enabled", "1")
    exchange_all([one, two])
    assert one.get("firewall", "x", "enabled") == "0"
    assert one.replica.conflicts() == []


def test_uncommitted_changes_of_others_are_not_touched(tmp_path: Path):
    one, two = (Router(tmp_path, name, firewall="config rule\n\toption name 'x'\n") for name in ("r1", "r2"))
    exchange_all([one, two])
    for router in (one, two):
        delta = router.root / "tmp/.uci/firewall"
        delta.parent.mkdir(parents=True)
        delta.write_text("firewall.@rule[0].enabled='0'\n")
        (router.root / "etc/config/.firewall.uci-abc").write_text("half\n")
    one.set("firewall", "x", "dest_port", "1")
    exchange_all([one, two])
    assert content(one, "firewall") == content(two, "firewall")
    assert two.get("firewall", "x", "enabled") is None
    assert (two.root / "tmp/.uci/firewall").read_text() == "firewall.@rule[0].enabled='0'\n"
    assert (two.root / "etc/config/.firewall.uci-abc").read_text() == "half\n"
