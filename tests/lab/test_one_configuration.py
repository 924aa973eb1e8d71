# SPDX-License-Identifier: GPL-2.0-or-later
"""Paired routers with one configuration: what is changed on one is changed on the other, by itself."""

import pytest

from tests.lab.agent_node import AgentNode
from tests.lab.common_node import CommonNode, in_sync
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.test_pairing import hears_all, join
from tests.lab.wait import holds_for, wait_until

FIREWALL = "\nconfig rule\n\toption name '%s'\n\toption src 'wan'\n\toption target '%s'\n"

Both = tuple[CommonNode, CommonNode]


@pytest.fixture
def both(network: Network) -> Both:
    first, second = pair(CommonNode, network)
    join(first, second)
    wait_until(lambda: in_sync(first) and in_sync(second), 30, "both have one configuration")
    return first, second


def test_a_change_on_either_arrives_on_the_other(both: Both) -> None:
    first, second = both
    first.package("firewall").write_text(FIREWALL % ("one", "ACCEPT"))
    wait_until(lambda: "one" in second.text("firewall"), 20, "the package is there")
    second.package("firewall").write_text(second.text("firewall") + FIREWALL % ("two", "DROP"))
    wait_until(lambda: "two" in first.text("firewall"), 20, "the rule is there")
    wait_until(lambda: in_sync(first) and in_sync(second), 20, "both have one configuration")
    assert first.text("firewall").split() == second.text("firewall").split()


def test_what_is_a_routers_own_stays_so_and_what_haven_has_in_common_is_reloaded(both: Both) -> None:
    first, second = both
    text = first.config_path.read_text()
    first.config_path.write_text(text.replace("option advert_interval '100'", "option advert_interval '200'"))
    first.cli("reload")
    wait_until(lambda: "'200'" in second.config_path.read_text(), 20, "the interval is there")
    wait_until(lambda: second.virtual_router("lan")["interval_ms"] == 200, 20, "it is in force")
    assert [node.virtual_router("lan")["configured_priority"] for node in both] == [200, 100]
    assert "option node 'r2'" in second.config_path.read_text()
    assert (first.state(), second.state()) == ("active", "backup")


def test_folders_are_common_where_they_are_named(both: Both) -> None:
    first, second = both
    folder = first.root / "etc/openvpn"
    folder.mkdir()
    (folder / "ca.crt").write_text("a certificate\n")
    (folder / "ca.crt").chmod(0o640)
    there = second.root / "etc/openvpn/ca.crt"
    wait_until(there.exists, 20, "the file is there")
    assert there.read_text() == "a certificate\n" and there.stat().st_mode & 0o777 == 0o640


def test_only_what_both_changed_differently_is_a_conflict(both: Both) -> None:
    first, second = both
    first.package("firewall").write_text(FIREWALL % ("one", "ACCEPT") + FIREWALL % ("two", "ACCEPT"))
    wait_until(lambda: in_sync(first) and in_sync(second), 20, "both have one configuration")
    # A change whose trial a death ends is taken back.
    wait_until(lambda: not second.sync()["on_trial"], 60, "the rules are there to stay")
    second.kill_agent()
    text = first.package("firewall").read_text()
    first.package("firewall").write_text(text.replace("'ACCEPT'", "'DROP'", 1))
    text = second.package("firewall").read_text()
    second.package("firewall").write_text(text.replace("'ACCEPT'", "'REJECT'"))
    second.start_agent()
    wait_until(lambda: len(first.sync()["conflicts"]) == 1, 40, "the conflict is shown")
    wait_until(lambda: len(second.sync()["conflicts"]) == 1, 40, "it is shown on both")
    assert first.package("firewall").read_text().count("REJECT") == 1
    wait_until(lambda: "sync-conflicts" in [each["code"] for each in first.problems()], 10, "status says so")
    assert "REJECT" in first.cli("sync") and "DROP" in first.cli("sync")
    first.cli("sync", "take", "r2")
    wait_until(lambda: in_sync(first) and in_sync(second), 30, "it is decided")
    assert first.text("firewall").split() == second.text("firewall").split()
    assert first.package("firewall").read_text().count("REJECT") == 2


def test_a_change_is_undone_by_its_number(both: Both) -> None:
    first, second = both
    first.package("firewall").write_text(FIREWALL % ("one", "ACCEPT"))
    wait_until(lambda: in_sync(first) and in_sync(second), 20, "both have one configuration")
    text = first.package("firewall").read_text()
    first.package("firewall").write_text(text.replace("ACCEPT", "DROP"))
    wait_until(lambda: "DROP" in second.package("firewall").read_text(), 20, "it is there")
    number = first.sync("history")[0]["number"]
    first.cli("sync", "undo", str(number))
    for node in both:
        wait_until(lambda node=node: "ACCEPT" in node.package("firewall").read_text(), 20, "it is undone")


# What OpenWrt's does, for one rule: who is told to drop everything hears nobody any more.
RELOAD_CONFIG = """#!/bin/sh
nft delete table inet closed 2>/dev/null
! grep -q everything %s || nft -f - <<RULES
table inet closed {
 chain input { type filter hook input priority 0; ip protocol tcp drop; ip6 nexthdr tcp drop; }
}
RULES
"""


def test_a_change_that_cuts_a_router_off_is_undone_there(both: Both) -> None:
    first, second = both
    program = second.root / "sbin/reload_config"
    program.parent.mkdir()
    program.write_text(RELOAD_CONFIG % second.package("firewall"))
    program.chmod(0o755)
    first.package("firewall").write_text(FIREWALL % ("everything", "DROP"))
    wait_until(lambda: "closed" in tables(second), 20, "the rule is there and in force")
    wait_until(lambda: not hears_all(first), 30, "the routers are cut off from each other")
    wait_until(lambda: "closed" not in tables(second), 90, "the rule is not in force any more")
    assert "everything" not in second.text("firewall") and "everything" in first.text("firewall")
    wait_until(lambda: hears_all(first) and hears_all(second), 30, "the routers hear each other")
    for node in both:
        wait_until(lambda node=node: "sync-taken-back" in codes(node), 20, f"{node.name} says so")
        assert not in_sync(node) and "on r2" in node.cli("status")
    # Each of the two commands says why, rather than to ask the other one.
    assert "taken back here" in second.cli("sync") and "r2 has taken a change back" in first.cli("sync")
    # It is not tried again by itself, and what makes it another change is.
    first.package("firewall").write_text(FIREWALL % ("a port", "DROP"))
    wait_until(lambda: "a port" in second.text("firewall"), 30, "the better one is there")
    wait_until(lambda: in_sync(first) and in_sync(second), 30, "both have one configuration")
    wait_until(lambda: "sync-taken-back" not in codes(first) + codes(second), 10, "nothing is said any more")


def codes(node: CommonNode) -> list[str]:
    return [each["code"] for each in node.problems()]


def tables(node: CommonNode) -> str:
    return node.router.namespace.run("nft", "list", "tables")


def test_what_cannot_be_read_is_said_and_changes_nothing_elsewhere(both: Both) -> None:
    first, second = both
    first.package("firewall").write_text(FIREWALL % ("one", "ACCEPT"))
    wait_until(lambda: second.package("firewall").exists(), 20, "it is there")
    before = second.package("firewall").read_text()
    first.package("firewall").write_text("config rule 'open\n")
    wait_until(lambda: first.sync()["problems"], 20, "it is said")
    holds_for(lambda: second.package("firewall").read_text() == before, 3, "the other keeps what it has")
    assert "line 1" in first.cli("sync")


def test_without_the_section_nothing_is_sent(network: Network) -> None:
    first, second = pair(AgentNode, network)
    join(first, second)
    with pytest.raises(RuntimeError, match="not common"):
        first.cli("sync")
