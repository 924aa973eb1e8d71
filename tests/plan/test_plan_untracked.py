# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules that keep the routers' own messages out of connection tracking."""

import shutil
from collections.abc import Callable

import pytest

from haven.plan.conntrack import commands
from tests.plan.world import Namespace, run_commands

CONNTRACK = {"device": "sync", "port": 3780, "agent_port": 3781}


def test_without_copying_there_are_none():
    assert commands(None) == {"setup": [], "teardown": []}


def test_vrrp_everywhere_and_conntrackd_on_its_device_are_left_alone_both_ways():
    text = commands(CONNTRACK)["setup"][0]["stdin"]
    assert text.count("meta l4proto 112 notrack") == 2
    assert 'iifname "sync" udp dport { 3780, 3781 } notrack' in text
    assert 'oifname "sync" udp dport { 3780, 3781 } notrack' in text
    assert "hook prerouting priority raw;" in text and "hook output priority raw;" in text


@pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not here")
def test_nft_takes_them_twice_and_removes_them_twice(namespace: Callable[[], Namespace]):
    router, plan = namespace(), {"commands": commands(CONNTRACK)}
    for stage in ("setup", "setup"):
        run_commands(router, plan, stage)
    assert router.run("nft", "list", "ruleset").stdout.count("notrack") == 4
    for stage in ("teardown", "teardown"):
        run_commands(router, plan, stage)
    assert router.run("nft", "list", "ruleset").stdout == ""
