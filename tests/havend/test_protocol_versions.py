# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs of other releases say to havend: recorded requests, understood or refused by name.

While a package is upgraded, the havend of one release talks to the agent and the commands of another.
"""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven import VERSION
from haven.contract.control import OLDEST_PROTOCOL, PROTOCOL
from haven.contract.freshness import PEER_DOUBTFUL_MS, PEER_FRESH_MS
from haven.havend import agent_link
from haven.havend.agent_link import SILENCE, AgentLink
from tests.havend.machines import Havend, Machine, exchange, receive, wait_until
from tests.havend.plans import lan

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

NOW = 1 << 40

# Version 1 of the protocol, as it went over the socket.
AGENT_1 = b'{"command": "agent"}\n'
PREPARED_1 = b'{"command": "prepared"}\n'
NOTHING_COPIED_1 = b'{"command": "report", "conntrack": {}, "peers": [], "problems": [], "in_sync": true}\n'
REPORT_1 = (
    b'{"command": "report", "conntrack": {"state": "running", "device": "lan", "peers": ["10.9.0.2", '
    b'"10.9.0.3"], "in_sync": true, "entries": 31, "limit": 262144, "heard_ms": 312, "restarts": 0, '
    b'"received_packets": 144, "sent_packets": 150, "errors": 0, "malformed": 0}, "peers": [{"address": '
    b'"10.9.0.2", "heard_ms": 208, "node": "r2", "state": "backup", "entries": 31, "limit": 65536, '
    b'"in_sync": true}, {"address": "10.9.0.3", "heard_ms": null, "node": "r3"}], "problems": [{"code": '
    b'"conntrack-limits-differ", "about": "conntrack", "message": "This router\'s table holds 262144 '
    b'connections, that of r2 65536: what is beyond the smaller one is lost in a takeover.", "do": "Set '
    b'net.netfilter.nf_conntrack_max to the same on all routers."}], "in_sync": true}\n'
)
# Of each event, and of a transition besides; version 1 has no codes and no facts.
EVENT_1 = {"seq", "at", "kind", "group", "virtual_router", "text"}
TRANSITION_1 = {"from", "to", "reason"}
STATUS_1 = {
    "version",
    "node",
    "pid",
    "state",
    "since",
    "uptime",
    "virtual_routers",
    "groups",
    "plan",
    "problems",
    "conntrack",
    "peers",
}


def _say(line: socket.socket, recorded: bytes) -> dict:
    line.sendall(recorded)
    return receive(line)


@pytest.fixture
def agent(node: Havend) -> Iterator[socket.socket]:
    """A connection on which an agent of version 1 has presented itself."""
    with node.connect() as line:
        answer = _say(line, AGENT_1)
        assert answer["ok"] and answer["result"]["groups"] == {"lan": "active"}
        yield line


def test_an_agent_of_version_1_is_understood(node: Havend, agent: socket.socket) -> None:
    assert _say(agent, REPORT_1)["ok"]
    said, status = json.loads(REPORT_1), node.status()
    assert status["conntrack"] == said["conntrack"]
    assert [each["code"] for each in status["problems"]] == ["conntrack-limits-differ"]
    assert status["problems"] == said["problems"]
    heard, silent = status["peers"]
    # The second peer's agent is not heard.
    assert [(each["code"], each["facts"]) for each in status["at_risk"]] == [("peer-unheard", {"peer": "r3"})]
    # An age goes on while the report is on its way.
    assert heard["heard_ms"] >= said["peers"][0]["heard_ms"]
    assert {**heard, "heard_ms": 208} == {**said["peers"][0], "fresh": True}
    assert silent == {**said["peers"][1], "fresh": False}
    # Nothing of the request itself.
    assert set(status) == STATUS_1 | {"at", "at_risk"}


def test_an_agent_of_version_1_without_connections_is_not_missed(node: Havend, agent: socket.socket) -> None:
    assert _say(agent, NOTHING_COPIED_1)["ok"]
    status = node.status()
    assert status["conntrack"] == {} and status["peers"] == [] and status["problems"] == []
    assert set(status) == STATUS_1 | {"at", "at_risk"}


def test_an_agent_of_version_1_hears_what_it_goes_by(
    node: Havend, agent: socket.socket, pair: Pair, tmp_path: Path
) -> None:
    node.reload(lan(advert_interval=30))
    pair[1].ip("link set lan down")
    heard: list[dict] = []

    def has(kind: str) -> bool:
        return any(event["kind"] == kind for event in heard)

    while not (has("reload") and has("transition") and has("fault")):
        heard.append(receive(agent)["event"])
    assert all(set(event) >= EVENT_1 for event in heard)
    change = next(event for event in heard if event["kind"] == "transition")
    assert set(change) >= EVENT_1 | TRANSITION_1
    assert (change["group"], change["from"], change["to"], change["reason"]) == (
        "lan",
        "active",
        "fault",
        "fault",
    )
    assert change["text"] == "lan: Active -> Fault: the link of lan is down"
    assert next(event for event in heard if event["kind"] == "fault")["group"] == "lan"


def test_an_agent_of_version_1_has_its_turn_before_a_handover(node: Havend, agent: socket.socket) -> None:
    assert _say(agent, NOTHING_COPIED_1)["ok"]
    with node.connect() as asking:
        asking.sendall(b'{"command": "switchover", "group": null}\n')
        assert receive(agent) == {"prepare": True}
        assert node.status()["groups"][0]["leaving"] is None
        assert _say(agent, PREPARED_1) == {"ok": True, "result": {}}
        wait_until(lambda: node.status()["groups"][0]["leaving"] == "switchover", "it hands over")
        answer = receive(asking)
    # Nobody is there: what a version 1 command prints is in `error`, as it was.
    assert not answer["ok"] and answer["error"] == "lan: no other router took over; staying Active"


def test_the_commands_of_version_1_are_understood(node: Havend) -> None:
    with node.connect() as line:
        assert _say(line, b'{"command": "status"}\n')["result"]["node"] == "r1"
        events = _say(line, b'{"command": "events"}\n')["result"]
        assert [event["kind"] for event in events][:1] == ["start"]
        assert all(set(event) >= EVENT_1 for event in events)
        assert _say(line, b'{"command": "events", "follow": true}\n')["ok"]
        with node.connect() as other:
            refuse = b'{"command": "refuse", "problems": ["haven:3: this is wrong"]}\n'
            assert _say(other, refuse) == {"ok": True, "result": {}}
        assert receive(line)["event"]["text"] == "refused: haven:3: this is wrong"
        on = _say(line, b'{"command": "maintenance", "on": true}\n')
        while "event" in on:
            on = receive(line)
        assert on["result"] == {"on": True, "handed_over": [], "still_active": ["lan"]}
    problems = node.status()["problems"]
    assert "The new configuration was refused: haven:3: this is wrong" in [
        each["message"] for each in problems
    ]
    assert node.ask("load", path=node.compile())["result"]["virtual_routers"] == 1


def test_an_agent_of_our_own_release_hears_which_one_that_is(node: Havend) -> None:
    with node.connect() as line:
        told = exchange(line, {"command": "agent", "protocol": PROTOCOL, "version": VERSION})["result"]
    assert (told["protocol"], told["version"]) == (PROTOCOL, VERSION)


def test_an_agent_of_a_newer_release_is_taken_at_its_word(node: Havend) -> None:
    with node.connect() as line:
        newer = {"command": "agent", "protocol": PROTOCOL + 1, "version": "99.0", "since": "tomorrow"}
        assert exchange(line, newer)["result"]["protocol"] == PROTOCOL
        problem = {"code": "tunnel-down", "severity": "error", "about": "tunnel", "message": "x", "do": "y"}
        report = {"in_sync": True, "problems": [problem], "tunnel": {"state": "down"}, "conntrack": {}}
        assert exchange(line, {"command": "report", **report})["ok"]
        status = node.status()
    assert status["problems"] == [problem] and status["tunnel"] == {"state": "down"}


WRONG_REPORTS = [
    {"peers": None},
    {"peers": {}},
    {"peers": ["x"]},
    {"peers": [{"address": 7}]},
    {"peers": [{"address": "10.9.0.2", "heard_ms": "soon"}]},
    {"conntrack": None},
    {"conntrack": []},
    {"conntrack": 7, "peers": 7},
    {"problems": [{"code": 7, "about": None, "message": [], "do": {}}]},
    {"problems": [{"code": "conntrack-full", "message": "without the rest"}]},
    {"status": 7, "version": 99, "groups": None, "pid": "x", "state": 7},
]


@pytest.mark.parametrize("wrong", WRONG_REPORTS, ids=range(len(WRONG_REPORTS)))
def test_a_report_of_whatever_kind_harms_neither_havend_nor_its_status(node: Havend, wrong: dict) -> None:
    good = {"command": "report", "in_sync": True, "problems": []}
    with node.connect() as line:
        assert exchange(line, {"command": "agent"})["ok"]
        # Taken or refused, in whole or in part; check_status() is in node.status().
        exchange(line, {**good, **wrong})
        assert node.status()["state"] == "active"
        assert exchange(line, good)["ok"]
        assert node.status()["pid"] == node.process.pid
    assert node.state() == "active"


# An agent that is too old


class Client:
    """A connection that lives."""

    closed = False
    follows = False

    def close(self) -> None:
        """Hang up."""
        self.closed = True


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AgentLink:
    """The link of a later release, which does not understand version 1 any more."""
    monkeypatch.setattr(agent_link, "WORK", (str(tmp_path / "ubus"),))
    monkeypatch.setattr(agent_link, "OLDEST_PROTOCOL", PROTOCOL)
    monkeypatch.setattr(agent_link.system, "now", lambda: NOW)
    return AgentLink()


@pytest.mark.parametrize(
    ("request_", "version"),
    [
        (json.loads(AGENT_1), "?"),
        ({"command": "agent", "protocol": PROTOCOL - 1, "version": "0.0.9"}, "0.0.9"),
        ({"command": "agent", "protocol": PROTOCOL - 1}, "?"),
    ],
)
def test_an_agent_that_is_too_old_is_named(link: AgentLink, request_: dict, version: str) -> None:
    # However the two differ: it is told which one it talks to.
    older = Client()
    assert link.attach(older, request_) == {"protocol": PROTOCOL, "version": VERSION}
    link.take(json.loads(REPORT_1), NOW)
    for now in (NOW, NOW + 2 * SILENCE):
        (found,) = link.problems(now)
        assert (found["code"], found["about"]) == ("agent-older", "haven-agent")
        assert found["facts"] == {"version": version} and "(%s)" % version in found["message"]
    # The next one is of our release.
    link.attach(Client(), {"command": "agent", "protocol": PROTOCOL, "version": VERSION})
    assert older.closed
    link.take({"command": "report", "in_sync": True, "problems": []}, NOW)
    assert link.problems(NOW) == []


def test_every_protocol_that_is_understood_passes_in_silence() -> None:
    for protocol in range(OLDEST_PROTOCOL, PROTOCOL + 2):
        link = AgentLink()
        link.attach(Client(), {"command": "agent", "protocol": protocol, "version": "0.0.9"})
        link.take({"command": "report", "in_sync": True, "problems": []}, NOW)
        assert link.problems(NOW) == [] and link.is_in_sync(NOW)


@pytest.mark.parametrize(
    ("heard_ms", "state", "fresh"),
    [
        (0, "backup", True),
        (PEER_FRESH_MS - 500, "backup", True),
        (PEER_FRESH_MS, "backup", False),
        (PEER_DOUBTFUL_MS, "active", False),
        (0, "active", True),
        (None, "backup", False),
    ],
)
def test_a_peer_is_fresh_while_its_word_may_hold(
    node: Havend, agent: socket.socket, heard_ms: int | None, state: str, fresh: bool
) -> None:
    # The node is Active: of two Actives the word of the other is doubted sooner.
    peer = {"address": "10.9.0.2", "heard_ms": heard_ms, "node": "r2", "state": state}
    report = {"command": "report", "in_sync": True, "problems": [], "conntrack": {}, "peers": [peer]}

    def told() -> bool:
        # Its age goes on meanwhile, and a busy machine takes its time.
        assert exchange(agent, report)["ok"]
        return node.status()["peers"][0]["fresh"] is fresh

    wait_until(told, "the peer is fresh, or not")
    # Where nothing is copied, a takeover loses nothing more.
    assert node.status()["at_risk"] == []
