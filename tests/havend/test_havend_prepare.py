# SPDX-License-Identifier: GPL-2.0-or-later
"""While the agent finishes what is pending before a handover, anything may happen: nobody waits for ever."""

import json
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.havend.machines import Havend, Machine, exchange, receive, wait_until
from tests.havend.plans import lan

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]


# A havend that waits for the agent longer than any test: what happens here does so for another reason.
PATIENT = """
from haven.havend import agent_link, main
agent_link.PREPARE_LIMIT *= 300
raise SystemExit(main.main())
"""


@pytest.fixture
def node(pair: Pair, havend: Make) -> Havend:
    """An Active that is alone, and patient."""
    made = havend(pair[0], lan(advert_interval=20)).prepare()
    made.program = [sys.executable, "-c", PATIENT]
    return made.start().until("active")


@pytest.fixture
def agent(node: Havend) -> Iterator[socket.socket]:
    """The connection of an agent that is slow to prepare."""
    with node.connect() as line:
        exchange(line, {"command": "agent", "protocol": 2, "version": "1"})
        exchange(line, {"command": "report", "in_sync": True, "problems": []})
        yield line


def _until_asked(agent: socket.socket) -> None:
    while receive(agent) not in ({"prepare": True}, {"prepare": True, "ending": True}):
        pass


def _say_prepared(agent: socket.socket) -> None:
    agent.sendall(b'{"command": "prepared"}\n')


def _ask(node: Havend, agent: socket.socket, **request: object) -> socket.socket:
    line = node.connect()
    line.sendall(json.dumps(request).encode() + b"\n")
    _until_asked(agent)
    return line


@pytest.mark.parametrize(
    ("group", "code"), [("lan", "not-active-for"), (None, "not-active")], ids=["named", "all"]
)
def test_a_group_that_is_not_active_any_more_is_not_waited_for(
    node: Havend, agent: socket.socket, pair: Pair, group: str | None, code: str
) -> None:
    with _ask(node, agent, command="switchover", group=group) as asking:
        pair[1].ip("link set lan down")
        node.until("fault")
        _say_prepared(agent)
        assert receive(asking)["code"] == code


def test_a_group_that_is_gone_is_not_waited_for(node: Havend, agent: socket.socket) -> None:
    with _ask(node, agent, command="switchover", group="lan") as asking:
        node.reload(lan("other", vrid=52))
        _say_prepared(agent)
        answer = receive(asking)
        assert (answer["code"], answer["facts"]) == ("no-group", {"group": "lan"})


def test_maintenance_begins_although_nothing_is_left_to_hand_over(
    node: Havend, agent: socket.socket, pair: Pair
) -> None:
    with _ask(node, agent, command="maintenance", on=True) as asking:
        pair[1].ip("link set lan down")
        node.until("fault")
        _say_prepared(agent)
        assert receive(asking)["result"] == {"on": True, "handed_over": [], "still_active": []}
    wait_until(lambda: node.status()["groups"][0]["maintenance"], "it is in maintenance")


def test_of_maintenance_on_and_off_the_last_word_holds(node: Havend, agent: socket.socket) -> None:
    with _ask(node, agent, command="maintenance", on=True) as asking:
        assert node.ask("maintenance", on=False)["ok"]
        assert receive(asking)["code"] == "maintenance-ended"
        _say_prepared(agent)
        wait_until(lambda: node.ask("status")["ok"], "it has heard the agent")
    group = node.status()["groups"][0]
    assert not group["maintenance"] and group["handover"] is None and group["state"] == "active"
    assert not (node.run_dir / "maintenance").exists()


def test_maintenance_that_is_asked_for_again_begins(node: Havend, agent: socket.socket) -> None:
    with _ask(node, agent, command="maintenance", on=True) as first:
        assert node.ask("maintenance", on=False)["ok"]
        with _ask(node, agent, command="maintenance", on=True) as second:
            assert receive(first)["code"] == "maintenance-ended"
            _say_prepared(agent)
            assert receive(second)["result"] == {"on": True, "handed_over": [], "still_active": ["lan"]}
    assert node.status()["groups"][0]["maintenance"]


def test_an_agent_that_dies_while_it_prepares_is_not_waited_for(node: Havend) -> None:
    agent = node.connect()
    exchange(agent, {"command": "agent", "protocol": 2, "version": "1"})
    exchange(agent, {"command": "report", "in_sync": True, "problems": []})
    with _ask(node, agent, command="switchover", group="lan"):
        agent.close()
        wait_until(lambda: node.status()["groups"][0]["handover"], "it hands over")


def test_one_that_comes_in_its_place_was_not_asked(node: Havend, agent: socket.socket) -> None:
    with _ask(node, agent, command="switchover", group="lan"), node.connect() as next_one:
        exchange(next_one, {"command": "agent", "protocol": 2, "version": "1"})
        wait_until(lambda: node.status()["groups"][0]["handover"], "it hands over")
