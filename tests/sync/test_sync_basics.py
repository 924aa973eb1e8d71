# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written on one router is there on the other, and nothing else is."""

from pathlib import Path

import pytest

from haven.config.uci.package import PackageSection, read_package
from tests.sync.routers import Router, content, exchange_all, tell

FIREWALL = """
config defaults
	option input 'REJECT'

config rule
	option name 'ssh'
	option dest_port '22'
	option target 'ACCEPT'

config rule
	option name 'web'
	option dest_port '80'
	option target 'ACCEPT'

config rule
	option name 'dns'
	option dest_port '53'
	option target 'ACCEPT'
"""
NETWORK = """
config interface 'lan'
	option proto 'static'
	option ipaddr '192.168.1.%d'
	list dns '9.9.9.9'
"""


@pytest.fixture
def pair(tmp_path: Path) -> list[Router]:
    routers = [
        Router(tmp_path, f"r{number}", firewall=FIREWALL, network=NETWORK % number) for number in (1, 2)
    ]
    exchange_all(routers)
    return routers


def same(pair: list[Router], *packages: str) -> None:
    assert content(pair[0], *packages) == content(pair[1], *packages)


def test_equal_configurations_become_one_without_a_word(pair: list[Router]):
    assert [router.replica.conflicts() for router in pair] == [[], []]
    assert pair[0].replica.digest == pair[1].replica.digest
    assert pair[0].replica.changes_for(pair[1].replica.summary()) == []


def test_an_option_goes_over_and_what_is_local_stays(pair: list[Router]):
    one, two = pair
    one.set("network", "lan", "mtu", "1400")
    one.set("network", "lan", "ipaddr", "192.168.1.9")
    one.set("network", "lan", "dns", ["1.1.1.1", "9.9.9.9"])
    outcome = [two.replica.receive(each) for each in one.replica.changes_for(two.replica.summary())][-1]
    assert (outcome.code, outcome.packages) == ("applied", ["network"])
    assert two.get("network", "lan", "mtu") == "1400"
    assert two.get("network", "lan", "dns") == ["1.1.1.1", "9.9.9.9"]
    assert two.get("network", "lan", "ipaddr") == "192.168.1.2"
    # It does not come back.
    assert one.replica.changes_for(two.replica.summary()) == []
    assert tell(two, one) == "nothing"


def test_both_edit_one_rule_and_both_edits_stand(pair: list[Router]):
    one, two = pair
    one.set("firewall", "web", "dest_port", "8080")
    two.set("firewall", "web", "src_ip", "10.0.0.1")
    exchange_all(pair)
    same(pair, "firewall")
    assert (one.get("firewall", "web", "dest_port"), one.get("firewall", "web", "src_ip")) == (
        "8080",
        "10.0.0.1",
    )
    assert one.replica.conflicts() == []


def test_two_values_for_one_option_are_a_conflict_until_somebody_decides(pair: list[Router]):
    one, two = pair
    one.set("firewall", "web", "dest_port", "8080")
    two.set("firewall", "web", "dest_port", "8081")
    exchange_all(pair)
    for router, own, other in ((one, "8080", "8081"), (two, "8081", "8080")):
        assert router.get("firewall", "web", "dest_port") == own
        (conflict,) = router.replica.conflicts()
        assert (conflict["path"], conflict["kind"]) == ("firewall.@rule[1].dest_port", "option")
        assert [each["value"] for each in conflict["values"]] == [own, other]
        assert [each["here"] for each in conflict["values"]] == [True, False]
    one.replica.take("r2", "firewall.@rule[1].dest_port")
    exchange_all(pair)
    same(pair, "firewall")
    assert one.get("firewall", "web", "dest_port") == "8081"
    assert [router.replica.conflicts() for router in pair] == [[], []]


def test_the_same_edit_on_both_is_no_conflict(pair: list[Router]):
    for router in pair:
        router.set("firewall", "web", "dest_port", "8080")
    exchange_all(pair)
    assert [router.replica.conflicts() for router in pair] == [[], []]


def test_who_removes_a_section_that_another_edits_makes_a_conflict(pair: list[Router]):
    one, two = pair
    one.change("firewall", [each for each in one.sections("firewall") if each.options.get("name") != "web"])
    two.set("firewall", "web", "dest_port", "8080")
    exchange_all(pair)
    assert len(one.sections("firewall")) == 3 and len(two.sections("firewall")) == 4
    (there,) = two.replica.conflicts()
    assert (there["path"], there["kind"]) == ("firewall.@rule[1]", "section")
    assert [each["value"] for each in there["values"]] == ["rule", None]
    one.replica.take("r2")
    exchange_all(pair)
    same(pair, "firewall")
    assert one.get("firewall", "web", "dest_port") == "8080"


def test_an_option_that_is_removed_here_and_changed_there_is_a_conflict(pair: list[Router]):
    one, two = pair
    one.set("firewall", "web", "dest_port", None)
    two.set("firewall", "web", "dest_port", "8080")
    exchange_all(pair)
    (conflict,) = one.replica.conflicts()
    assert [each["value"] for each in conflict["values"]] == [None, "8080"]
    two.replica.take("r1")
    exchange_all(pair)
    assert two.get("firewall", "web", "dest_port") is None


def test_rules_put_in_on_both_sides_keep_their_order(pair: list[Router]):
    for number, router in enumerate(pair):
        sections = router.sections("firewall")
        sections.insert(2, PackageSection("rule", "", {"name": f"new{number}", "dest_port": "1"}))
        sections.append(PackageSection("rule", "", {"name": f"last{number}", "dest_port": "2"}))
        router.change("firewall", sections)
    exchange_all(pair)
    same(pair, "firewall")
    names = [each.options["name"] for each in pair[0].sections("firewall") if each.type == "rule"]
    assert names[0] == "ssh" and set(names[1:3]) == {"new0", "new1"} and names[3:5] == ["web", "dns"]
    assert pair[0].replica.conflicts() == []


def test_the_same_rule_added_on_both_is_one(pair: list[Router]):
    for router in pair:
        rule = PackageSection("rule", "", {"name": "new", "dest_port": "1"})
        router.change("firewall", [*router.sections("firewall"), rule])
    exchange_all(pair)
    same(pair, "firewall")
    assert len(pair[0].sections("firewall")) == 5


def test_a_rule_that_was_moved_is_moved_on_the_other(pair: list[Router]):
    one, two = pair
    sections = one.sections("firewall")
    one.change("firewall", [sections[0], sections[3], sections[1], sections[2]])
    exchange_all(pair)
    assert [each.options.get("name") for each in two.sections("firewall")] == [None, "dns", "ssh", "web"]
    assert one.replica.conflicts() == two.replica.conflicts() == []


def test_files_go_over_with_their_modes(pair: list[Router]):
    one, two = pair
    one.file("/etc/openvpn/ccd").mkdir()
    one.file("/etc/openvpn/ccd/bob").write_bytes(b"\0\xff" * 1000)
    one.file("/etc/openvpn/up.sh").write_text("#!/bin/sh\n")
    one.file("/etc/openvpn/up.sh").chmod(0o755)
    exchange_all(pair)
    assert two.file("/etc/openvpn/ccd/bob").read_bytes() == b"\0\xff" * 1000
    assert two.file("/etc/openvpn/up.sh").stat().st_mode & 0o777 == 0o755
    two.file("/etc/openvpn/ccd/bob").unlink()
    exchange_all(pair)
    assert not one.file("/etc/openvpn/ccd/bob").exists()
    one.file("/etc/openvpn/up.sh").write_text("one\n")
    two.file("/etc/openvpn/up.sh").write_text("two\n")
    exchange_all(pair)
    (conflict,) = one.replica.conflicts()
    assert (conflict["path"], conflict["kind"]) == ("/etc/openvpn/up.sh", "file")
    one.replica.take("r2", "/etc/openvpn/up.sh")
    exchange_all(pair)
    assert one.file("/etc/openvpn/up.sh").read_text() == "two\n"


def test_a_package_that_is_new_or_emptied_goes_over(pair: list[Router]):
    one, two = pair
    one.write("sqm", "config queue 'eth1'\n\toption enabled '1'\n")
    exchange_all(pair)
    same(pair, "sqm")
    two.write("sqm", "\n")
    exchange_all(pair)
    assert one.text("sqm") == "\n"


def test_undo_puts_back_and_the_same_is_not_taken_again(pair: list[Router]):
    one, two = pair
    before = two.text("firewall")
    one.set("firewall", "web", "dest_port", "8080")
    assert tell(one, two, keep=False) == "applied"
    assert two.replica.on_trial
    assert two.replica.undo().packages == ["firewall"]
    assert two.sections("firewall") == read_package(before, "", "firewall")[0]
    assert tell(one, two) == "nothing"
    assert tell(two, one) == "nothing"
    assert one.get("firewall", "web", "dest_port") == "8080"
    two.replica.try_again()
    exchange_all(pair)
    assert two.get("firewall", "web", "dest_port") == "8080"


def test_what_is_written_on_trial_stays_when_it_is_undone(pair: list[Router]):
    one, two = pair
    one.set("firewall", "web", "dest_port", "8080")
    one.set("firewall", "ssh", "dest_port", "2222")
    tell(one, two, keep=False)
    two.set("firewall", "web", "src_ip", "10.0.0.1")
    two.replica.undo()
    assert two.get("firewall", "web", "dest_port") == "80"
    assert two.get("firewall", "web", "src_ip") == "10.0.0.1"
    assert two.get("firewall", "ssh", "dest_port") == "22"
    two.start()
    two.replica.try_again()
    exchange_all(pair)
    same(pair, "firewall")
    assert (
        one.get("firewall", "web", "dest_port") == "8080"
        and one.get("firewall", "web", "src_ip") == "10.0.0.1"
    )


def test_history_shows_and_undoes_without_secrets(pair: list[Router]):
    one, two = pair
    one.write("wireless", "config wifi-iface 'w'\n\toption ssid 'x'\n\toption key 'geheim42'\n")
    exchange_all(pair)
    one.set("wireless", "w", "ssid", "y")
    exchange_all(pair)
    newest = two.replica.history()[0]
    assert (newest["kind"], newest["node"]) == ("received", "r1")
    assert newest["rows"] == [{"path": "wireless.w.ssid", "kind": "option", "was": "x", "now": "y"}]
    assert "geheim42" not in repr([two.replica.history(), one.replica.history()])
    two.replica.undo_change(newest["number"])
    exchange_all(pair)
    assert one.get("wireless", "w", "ssid") == "x"
    same(pair, "wireless")


def test_a_router_that_joins_takes_all_that_is_shared(tmp_path: Path, pair: list[Router]):
    new = Router(tmp_path, "r3", firewall=FIREWALL.replace("web", "own"), network=NETWORK % 3)
    new.write("sqm", "config queue 'mine'\n")
    pair[0].set("firewall", "web", "dest_port", "8080")
    pair[0].replica.scan()
    empty = {"version": 1, "node": "r3", "known": {}, "refused": []}
    (document,) = pair[0].replica.changes_for(empty)
    outcome = new.replica.join(document)
    assert outcome.code == "applied" and "firewall" in outcome.packages
    assert content(new, "firewall") == content(pair[0], "firewall")
    assert new.get("network", "lan", "ipaddr") == "192.168.1.3"
    assert new.sections("sqm") == []
    new.replica.keep()
    exchange_all([*pair, new])
    assert content(new, "firewall") == content(pair[1], "firewall")
    assert new.replica.conflicts() == []


def test_an_edit_that_makes_a_file_what_it_was_before_is_an_edit(pair: list[Router]):
    one, two = pair
    before = two.text("firewall")
    one.set("firewall", "web", "dest_port", "8080")
    tell(one, two)
    # Just what it was at the last look before the change came.
    two.write("firewall", before)
    one.set("firewall", "ssh", "dest_port", "2222")
    exchange_all(pair)
    assert (one.get("firewall", "web", "dest_port"), one.get("firewall", "ssh", "dest_port")) == (
        "80",
        "2222",
    )
    same(pair, "firewall")


def test_a_section_that_came_is_shown_where_it_stands(pair: list[Router]):
    one, two = pair
    one.write("firewall", FIREWALL + "config redirect\n\toption name 'camera'\n\toption src_dport '8080'\n")
    exchange_all(pair)
    paths = [row["path"] for row in two.replica.history()[0]["rows"]]
    assert "firewall.@redirect[0].name" in paths and not any(
        "@" in each and "[" not in each for each in paths
    )
