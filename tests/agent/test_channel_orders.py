# SPDX-License-Identifier: GPL-2.0-or-later
"""What another router asks: answered or refused, and never so much that who asks here is kept waiting."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.agent.channel.orders import AT_ONCE, PACKAGE_PAUSE_S, WAITING, Orders
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.control import done, encode
from haven.plan.assemble import make_plan
from tests.agent.turns import Turns

# What a user has others run, each with a password.
RUN = """
config virtual_router 'lan'
	option device 'eth77'
	option vrid '51'
	list address '192.0.2.1/24'
	option group 'gateway'
	list track_script 'line'

config group 'gateway'

config track_script 'line'
	option command '/usr/bin/ask --password opensesame'

config service 'mail'
	option group 'gateway'
	option start 'PASSWORD=opensesame /usr/sbin/mail'
	option stop '/usr/sbin/mail --end opensesame'
	option check 'mail-answers opensesame'

config service 'vpn'
	option group 'gateway'
	list init 'openvpn'
"""


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Where havend listens."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "havend.sock"))
        made.listen(64)
        made.setblocking(False)
        yield made


@pytest.fixture
def around(tmp_path: Path, turns: Turns) -> Surroundings:
    places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
    return Surroundings(turns.scope, places, Roles(), lambda: None)


@pytest.fixture
def orders(around: Surroundings) -> Orders:
    return Orders(around)


def _accepted(listener: socket.socket) -> list[socket.socket]:
    found = []
    while True:
        try:
            found.append(listener.accept()[0])
        except BlockingIOError:
            return found


def test_peer_that_asks_without_end_takes_few_connections_and_is_told(
    orders: Orders, listener: socket.socket, turns: Turns
):
    told: list[dict] = []
    for _ in range(3 * (AT_ONCE + WAITING)):
        orders.carry_out({"command": "status"}, told.append)
    assert {each["code"] for each in told} == {"busy"} and len(told) == 2 * (AT_ONCE + WAITING)
    del told[:]
    answered = 0
    while held := _accepted(listener):
        assert len(held) <= AT_ONCE
        for each in held:
            each.sendall(encode(done({"n": answered})))
            each.close()
            answered += 1
        turns.until(lambda: len(told) == answered, "they are answered")  # noqa: B023
    assert answered == AT_ONCE + WAITING and all(each["ok"] for each in told)


def test_what_is_not_to_be_ordered_is_refused(orders: Orders):
    told: list[dict] = []
    for request in ({"command": "stop"}, {"command": ["status"]}, {}):
        orders.carry_out(request, told.append)
    assert [each["code"] for each in told] == ["request-denied"] * 3


def test_plan_of_a_broken_configuration_is_refused_with_what_is_wrong_in_it(
    orders: Orders, tmp_path: Path, turns: Turns
):
    (tmp_path / "haven").write_text("config virtual_router 'lan'\n\toption vrid '999'\n")
    told: list[dict] = []
    orders.carry_out({"command": "plan"}, told.append)
    turns.until(lambda: told, "the compiler has answered")
    assert told[0]["ok"] is False and "'999' is not a whole number" in told[0]["error"], json.dumps(told)


def test_of_what_is_run_a_plan_says_the_program_alone_to_who_may_only_look(
    orders: Orders, tmp_path: Path, turns: Turns
):
    (tmp_path / "haven").write_text(RUN)
    told: list[dict] = []
    orders.carry_out({"command": "plan"}, told.append)
    turns.until(lambda: told, "the compiler has answered")
    assert told[0]["ok"], told[0]
    assert "opensesame" not in json.dumps(told)
    parts = told[0]["result"]["parts"]
    mail, vpn = parts["services"]["services"]
    assert (mail["start"], mail["check"]) == ([["/bin/sh", "hidden"]], ["/bin/sh", "hidden"])
    assert vpn["start"] == [["/etc/init.d/openvpn", "start"]]
    assert [each["argv"] for each in parts["tracking"]["checks"]] == [["/usr/bin/ask", "hidden"]]
    # Root may read it in the configuration.
    assert "opensesame" in json.dumps(with_arguments(tmp_path / "haven"))


def with_arguments(config: Path) -> object:
    """Return the plan as `haven plan` has it on the router itself."""
    made, problems = make_plan(str(config))
    assert made is not None, problems
    return made


def test_packages_of_another_router_are_taken_while_the_user_of_this_one_allows_it(
    orders: Orders, around: Surroundings, turns: Turns
):
    def code_of(of_peer: bool) -> str:
        told: list[dict] = []
        # A newer haven may say more than this one knows.
        orders.carry_out({"command": "upgrade-drop", "token": "aa", "more": 1}, told.append, of_peer)
        turns.advance(PACKAGE_PAUSE_S)
        return told[0]["code"]

    # Without a plan nobody has allowed anything.
    assert code_of(of_peer=True) == "upgrade-off"
    around.take_plan({"upgrade": True})
    assert code_of(of_peer=True) == "upgrade-unknown"
    around.take_plan({"upgrade": False})
    assert (code_of(of_peer=True), code_of(of_peer=False)) == ("upgrade-off", "upgrade-unknown")


def test_a_peer_that_asks_for_packages_without_end_is_answered_now_and_then(orders: Orders, turns: Turns):
    told: list[dict] = []
    for _ in range(100):
        orders.carry_out({"command": "upgrade-state"}, told.append, of_peer=True)
    assert {each["code"] for each in told} == {"busy"} and len(told) == 99 - AT_ONCE
    turns.advance(PACKAGE_PAUSE_S)
    assert len([each for each in told if each["ok"]]) == 1


def test_a_request_for_an_upgrade_is_checked_by_its_table(orders: Orders, turns: Turns):
    told: list[dict] = []
    for request in ({"token": 5}, {"token": "aa", "number": -1, "at": 0, "octets": "x"}, {}):
        orders.carry_out({"command": "upgrade-piece", **request}, told.append)
        turns.advance(PACKAGE_PAUSE_S)
    orders.carry_out({"command": "upgrade-everything"}, told.append)
    assert [each["code"] for each in told] == ["request-wrong"] * 3 + ["request-denied"]
    orders.carry_out({"command": "upgrade-state"}, told.append, of_peer=True)
    turns.advance(PACKAGE_PAUSE_S)
    assert told[-1]["result"]["stage"] == "idle" and told[-1]["result"]["installed"] == {}
