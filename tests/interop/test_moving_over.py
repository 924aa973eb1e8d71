# SPDX-License-Identifier: GPL-2.0-or-later
"""The OpenWrt wiki's pair moves over by `haven import`: one switchover, and every connection lives on."""

from pathlib import Path

from haven.migration.outcome import Import
from tests.interop.mixed import wait_holds_all
from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import COUNT, Through, copies
from tests.lab.flows import echo_server
from tests.lab.keepalived_conntrackd import KeepalivedConntrackdNode
from tests.lab.network import Network
from tests.lab.outage import check_outage
from tests.lab.wait import wait_until

# keepalived's version 2 with its word, once a second, nobody preempts: the wiki's page.
WIKI = {"version": 2, "interval_ms": 1000, "auth_pass": "s3cret"}
# For which a Backup of priority 100 waits when the Active has said that it leaves (RFC 3768 5.3.2).
SKEW_MS = 1000 * (256 - 100) / 256


class ImportedNode(AgentNode):
    """haven with what it makes of the files that keepalived and conntrackd have on this router."""

    def config_text(self) -> str:
        """Import, and let it run."""
        conntrackd = self.network.folder / f"ct-{self.name}" / "conntrackd.conf"
        outcome = Import(self.name, name=self.name).run([str(self._keepalived_conf), str(conntrackd)])
        assert outcome.problems == []
        return outcome.configuration.replace("option enabled '0'", "option enabled '1'", 1)

    @property
    def _keepalived_conf(self) -> Path:
        return self.network.folder / self.name / "keepalived.conf"


def wiki_pair(network: Network) -> list[KeepalivedConntrackdNode]:
    """Start keepalived and conntrackd on both routers: r1 Active, r2 Backup."""
    nodes = []
    for name, priority in (("r1", 200), ("r2", 100)):
        firewall.set_up(network[name])
        nodes.append(KeepalivedConntrackdNode(network, name, priority=priority, **WIKI))
    first, second = nodes
    first.start()
    # What keepalived leaves out for want of an election, its script has to hear all the same.
    first.wait_state("active")
    second.start().wait_state("backup")
    wait_holds_all(first)
    return nodes


def end(node: KeepalivedConntrackdNode) -> None:
    """Stop keepalived, and then its conntrackd, as the manual has it."""
    node.stop()
    process = node.conntrackd.process
    assert process is not None
    process.terminate()
    process.wait(60)


def dropped(node: ImportedNode) -> dict[str, int]:
    """Tell the packets that a node would not take, by reason."""
    routers = node.status()["virtual_routers"]
    return {why: count for each in routers for why, count in each["counters"]["errors"].items() if count}


def became_active(node: ImportedNode) -> int:
    """Count how often a node's group has taken over."""
    return sum(each["kind"] == "transition" and each["to"] == "active" for each in node.events())


def test_the_wikis_pair_moves_over_with_one_switchover_and_no_connection_lost(network: Network) -> None:
    old_first, old_second = wiki_pair(network)
    echo_server(network.server)
    through, probe = Through(network), network.probe()
    probe.wait_service()

    end(old_second)
    second = ImportedNode(network, "r2")
    second.start().wait_state("backup")
    wait_until(second.hears_active, 10, "r2 hears keepalived")
    wait_until(lambda: copies(second) >= COUNT, 30, "r2 has the connections of the living keepalived")
    wait_holds_all(old_first)
    # That nobody at the other end copies connections as haven does is a problem of its own until both do.
    assert old_first.complaints() == [] and dropped(second) == {}

    end(old_first)
    second.wait_state("active")
    wait_holds_all(second)
    through.wait_moving()

    first = ImportedNode(network, "r1")
    first.start().wait_state("backup")
    second.wait_in_sync()
    first.wait_in_sync()
    through.assert_all_live_on()
    assert (became_active(first), became_active(second)) == (0, 1)
    check_outage(probe.stop(), SKEW_MS)
