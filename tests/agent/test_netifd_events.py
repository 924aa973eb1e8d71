# SPDX-License-Identifier: GPL-2.0-or-later
"""An interface that netifd sets up anew: who was told of a state may have forgotten it."""

from collections.abc import Collection
from pathlib import Path

import pytest

from haven.agent.part import Part
from haven.agent.ubus.part import INTERFACE_EVENT, UbusPart
from haven.contract.plan import check_plan
from tests.agent.agents import AgentThread
from tests.agent.plans import give_plan
from tests.bus.ubus_broker import KINDS, make_broker
from tests.bus.ubus_caller import Caller
from tests.havend.plans import document, lan
from tests.lab.wait import wait_until


class Forgetful(Part):
    """Notes what it is to tell again."""

    name = "forgetful"
    again: list[set[str]] = []

    def take_again(self, groups: Collection[str]) -> None:
        """Note it."""
        self.again.append(set(groups))


def _plan() -> dict:
    plan = document(lan("one"), lan("two", vrid=52, address="10.9.0.101/24"))
    plan["virtual_routers"][0]["interface"], plan["virtual_routers"][1]["interface"] = "lan", "wan"
    return check_plan(plan)


@pytest.mark.parametrize("kind", KINDS)
def test_its_groups_are_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    broker = make_broker(kind, tmp_path / "ubus.sock").start()
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(broker.path))
    monkeypatch.setattr(Forgetful, "again", [])
    give_plan(tmp_path, _plan())
    with AgentThread(tmp_path, UbusPart, Forgetful), Caller(broker.path).wait_for("haven") as caller:

        def told() -> bool:
            for action, interface in (("ifdown", "lan"), ("ifup", "guest"), ("ifup", "lan")):
                caller.send_event(INTERFACE_EVENT, {"action": action, "interface": interface})
            return bool(Forgetful.again)

        wait_until(told, 10, "it is told again")
    assert all(groups == {"one"} for groups in Forgetful.again)
    broker.kill()
