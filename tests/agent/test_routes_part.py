# SPDX-License-Identifier: GPL-2.0-or-later
"""When the agent withdraws what a routing daemon tells of: havend is gone, and others may serve by now."""

import time
from pathlib import Path

import pytest

from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.routes import withdrawal
from haven.agent.routes.part import INTERVALS, RoutesPart

INTERVAL_S = 0.02
ROUTED = {"name": "a", "group": "g", "announce": "route", "advert_interval_us": int(INTERVAL_S * 1e6)}


class Story:
    """A part with its loop, and what was withdrawn."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, *routers: dict, state: str = "active"
    ) -> None:
        self.loop, self.withdrawn, roles = Loop(), [], Roles()
        roles.states = {"g": state}
        scope = Scope(self.loop, str(folder), lambda error: pytest.fail(repr(error)))
        around = Surroundings(scope, Places(str(folder), "", "/"), roles, lambda: None)
        around.take_plan({"virtual_routers": list(routers)})
        self.part = RoutesPart(around)
        patch.setattr(withdrawal, "withdraw", lambda found: self.withdrawn.extend(found))

    def wait(self) -> list[dict]:
        """Let more than all intervals pass."""
        until = time.monotonic() + 3 * INTERVALS * INTERVAL_S
        while time.monotonic() < until:
            self.loop.at(time.monotonic() + INTERVAL_S / 4, lambda: None)
            self.loop.turn()
        return self.withdrawn


def test_what_it_holds_is_withdrawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(tmp_path, monkeypatch, ROUTED, {**ROUTED, "name": "b", "announce": "arp"})
    story.part.take_loss()
    assert story.withdrawn == []
    assert story.wait() == [ROUTED]
    # The next havend, and its death.
    story.part.take_roles()
    story.part.take_loss()
    assert story.wait() == [ROUTED, ROUTED]


def test_a_backup_has_nothing_to_withdraw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(tmp_path, monkeypatch, ROUTED, state="backup")
    story.part.take_loss()
    assert story.wait() == []


def test_a_havend_that_is_back_in_time_keeps_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(tmp_path, monkeypatch, ROUTED)
    story.part.take_loss()
    # It took the connection, and was lost once more before it had answered.
    story.part.take_loss()
    story.part.take_roles()
    assert story.wait() == []
