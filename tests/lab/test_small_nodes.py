# SPDX-License-Identifier: GPL-2.0-or-later
"""A router on MicroPython has its plan of the full router for which it stands by, and no file by hand."""

import re
import socket
import stat

import pytest

from haven.contract.small_nodes import PORT
from tests.lab import network as lab
from tests.lab.agent_node import AgentNode
from tests.lab.haven_node import HavenNode
from tests.lab.micro_node import FollowingNode
from tests.lab.network import Network
from tests.lab.wait import wait_until

MORE = "10.77.0.9"
INTERVAL_MS = 100


class _FullNode(AgentNode):
    """A full router that copies no connections."""

    def config_text(self) -> str:
        return HavenNode.config_text(self)


def test_the_small_router_has_its_plan_of_the_full_one(network: Network) -> None:
    full = _FullNode(network, "r1", priority=200, interval_ms=INTERVAL_MS).start().wait_state("active")
    small = FollowingNode(network, "r2").start()
    wait_until(small.state, 10, "it waits for a plan")
    assert [each["code"] for each in small.problems()] == ["start-refused"]
    said = full.cli("small", "add", "r2")
    address, key = re.search(r"haven-micro join (\S+) ([0-9a-f]{32})\n", said).groups()
    assert address == network["r1"].address("lan")
    wait_until(lambda: _listens(full), 10, "the full router listens")
    _check_strangers(small, address, key)
    assert small.small("join", address, key) == f"{address} has sent a plan, virtual routers: 2\n"
    small.wait_state("backup")
    # As it calls itself; all routers of the lab have one host.
    assert small.status()["node"] == socket.gethostname()
    assert {each["configured_priority"] for each in small.status()["virtual_routers"]} == {100}
    assert small.small("join", address, key) == f"the plan here is that of {address} already\n"
    assert "r2  asked" in full.cli("small") and "virtual routers: 2" in full.cli("small")
    small.follow()
    text = full.config_path.read_text()
    full.config_path.write_text(text.replace("/24'\n", f"/24'\n\tlist address '{MORE}/24'\n", 1))
    full.cli("reload")
    wait_until(
        lambda: f"{MORE}/24" in small.status()["virtual_routers"][0]["addresses"],
        20,
        "the small node follows",
    )
    _check_refusal(full, small)
    network.power_cut("r1")
    small.wait_state("active")
    assert small.holds(lab.GATEWAY, MORE)


def _listens(full: _FullNode) -> bool:
    return f":{PORT} " in full.router.namespace.run("ss", "-ltn")


def _check_strangers(small: FollowingNode, address: str, key: str) -> None:
    wrong = key[::-1] if key != key[::-1] else "0" * 32
    for words, said in (
        ((address, wrong), "does not know this key"),
        ((address, key[1:]), "a key is 32 digits and letters a to f"),
        (("127.0.0.1", key), "is not reached"),
        (("nowhere.invalid", key), "is no address"),
    ):
        with pytest.raises(RuntimeError, match=f"exit status 1: haven: .*{said}"):
            small.small("join", *words)
    assert not small.plan_path.exists()


def _check_refusal(full: _FullNode, small: FollowingNode) -> None:
    """What is wrong with the configuration of the small node is told at both ends, and changes nothing."""
    own = full.root / "etc/haven/small/r2.conf"
    assert stat.S_IMODE((own.parent / "r2.key").stat().st_mode) == 0o600
    own.write_text("config haven 'main'\n\toption nonsense '1'\n")
    full.cli("reload")
    wait_until(lambda: "cannot be made" in full.cli("small"), 70, "the full router says so")
    wait_until(
        lambda: "reload-refused" in [each["code"] for each in small.problems()], 10, "the small node says so"
    )
    assert small.state() == "backup"
