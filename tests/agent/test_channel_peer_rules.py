# SPDX-License-Identifier: GPL-2.0-or-later
"""The service is told of the routers that are let in, once for each news."""

import os
from pathlib import Path

import pytest

from haven import paths
from haven.agent.channel.peer_rules import PeerRules
from haven.reload_time import RELOAD_S
from tests.agent.turns import Turns

SERVICE = '#!/bin/sh\necho "$1" >>%s\n'


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a service that notes how it is called."""
    script, made = tmp_path / "service", tmp_path / "calls"
    script.write_text(SERVICE % made)
    script.chmod(0o755)
    monkeypatch.setattr(paths, "SERVICE", str(script))
    made.touch()
    return made


def test_news_of_the_peers_reach_the_firewall_and_nothing_else_does(calls: Path, turns: Turns):
    rules = PeerRules(turns.scope, paths.CONFIG)
    for peers, told in (
        ([], 0),
        ([], 0),
        (["192.168.1.3"], 1),
        (["192.168.1.3"], 1),
        (["192.168.1.3", "192.168.255.3"], 2),
        ([], 3),
    ):
        rules.follow(peers)
        turns.settle()
        assert calls.read_text().splitlines() == ["reload"] * told


def test_what_changes_while_the_service_is_at_work_is_told_afterwards(calls: Path, turns: Turns):
    rules = PeerRules(turns.scope, paths.CONFIG)
    for peers in ([], ["192.168.1.3"], ["192.168.1.4"]):
        rules.follow(peers)
    turns.settle()
    assert calls.read_text().splitlines() == ["reload"]
    rules.follow(["192.168.1.4"])
    turns.settle()
    assert calls.read_text().splitlines() == ["reload"] * 2


def test_another_configuration_than_the_services_has_no_service(calls: Path, turns: Turns, tmp_path: Path):
    rules = PeerRules(turns.scope, os.fspath(tmp_path / "haven"))
    rules.follow([])
    rules.follow(["192.168.1.3"])
    turns.settle()
    assert calls.read_text() == ""


def test_a_service_that_waits_for_another_slow_reload_is_let_go_on(calls: Path, turns: Turns, tmp_path: Path):
    begun, go = tmp_path / "begun", tmp_path / "go"
    script = f"#!/bin/sh\ntouch {begun}; until [ -e {go} ]; do sleep 0.05; done; echo done >>{calls}\n"
    Path(paths.SERVICE).write_text(script)
    rules = PeerRules(turns.scope, paths.CONFIG)
    rules.follow([])
    rules.follow(["192.168.1.3"])
    turns.until(begun.exists, "it runs")
    turns.advance(2 * RELOAD_S)
    go.touch()
    turns.until(calls.read_text, "it has come to its end")
    assert calls.read_text() == "done\n"
