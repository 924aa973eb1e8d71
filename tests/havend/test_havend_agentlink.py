# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the agent is missed."""

from pathlib import Path

import pytest

from haven.havend import agent_link
from haven.havend.agent_link import SILENCE, AgentLink

NOW = 1 << 40


class Client:
    """A connection that lives."""

    closed = False
    follows = False


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AgentLink:
    """A link that began now, on a machine with nothing for an agent to do."""
    monkeypatch.setattr(agent_link, "WORK", (str(tmp_path / "ubus"), str(tmp_path / "scripts")))
    monkeypatch.setattr(agent_link.system, "now", lambda: NOW)
    return AgentLink()


def test_at_the_start_the_agent_has_time(link: AgentLink) -> None:
    assert not link.is_missed(True, NOW + SILENCE - 1)
    assert link.is_missed(True, NOW + SILENCE)


def test_without_work_nobody_misses_it(link: AgentLink) -> None:
    assert not link.is_missed(False, NOW + SILENCE)


@pytest.mark.parametrize("work", ["ubus", "scripts"])
def test_for_ubus_and_for_scripts_it_is_missed_too(link: AgentLink, tmp_path: Path, work: str) -> None:
    (tmp_path / work).mkdir()
    assert link.is_missed(False, NOW + SILENCE)
    link.attach(Client())
    link.take({}, NOW + SILENCE)
    assert not link.is_missed(False, NOW + SILENCE)
    assert link.is_missed(False, NOW + 2 * SILENCE)
