# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair for doctor to look at, and what it says of it."""

import json
import subprocess
from typing import Any

from tests.lab.agent_node import AgentNode
from tests.lab.network import SERVER, Network, Router
from tests.lab.node import executable
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import wait_until

# An address that only DHCP of the fault gives; the LAN is that of the lab.
NETWORK_FILE = """
config interface 'lan'
	option proto 'static'
	option device 'lan'
	option ipaddr '{own}'
	option netmask '255.255.255.0'
"""
DHCP_FILE = """
config dhcp 'lan'
	option interface 'lan'
	option start '100'
	option limit '100'
"""
LIMIT_S = 60


class DoctorPair:
    """Two paired routers: r1 is Active, and has a way out as r2 has."""

    def __init__(self, network: Network, bridged: bool = False, **both: object) -> None:
        self.network = network
        for router in network.routers.values():
            router.namespace.ip(f"route add default via {SERVER}")
            if bridged:
                bridge_lan(router)
        self.first, self.second = pair(AgentNode, network, **both)
        join(self.first, self.second)
        for node in self.nodes:
            self.write(node, "network", NETWORK_FILE.format(own=node.router.address("lan")))
            self.write(node, "dhcp", DHCP_FILE)

    @property
    def nodes(self) -> tuple[AgentNode, AgentNode]:
        """Both routers."""
        return self.first, self.second

    def write(self, node: AgentNode, package: str, text: str) -> None:
        """Write a package of a router's."""
        folder = node.root / "etc/config"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / package).write_text(text)

    def reload(self, node: AgentNode, old: str, new: str, count: int = -1) -> None:
        """Change the text of a router's configuration, and let it count."""
        text = node.config_path.read_text()
        assert old in text, old
        node.config_path.write_text(text.replace(old, new, count))
        node.cli("reload")

    def wait_settled(self) -> None:
        """Wait until the copies stand, and both know it."""
        for node in self.nodes:
            wait_until(lambda node=node: node.conntrack().get("in_sync"), 60, f"{node.name} is in sync")
            wait_until(lambda node=node: not node.status()["at_risk"], 30, f"{node.name} risks nothing")
            wait_until(lambda node=node: not node.problems(), 30, f"{node.name} has no problem")

    def ask(self, node: AgentNode, *wrapped: str, python: str = "") -> dict[str, Any]:
        """Return the report of a router's doctor; `python` is code that its interpreter runs first."""
        environment = node.environment()
        if python:
            folder = node.folder / "beforehand"
            folder.mkdir(exist_ok=True)
            (folder / "sitecustomize.py").write_text(python)
            environment["PYTHONPATH"] = f"{folder}:{environment['PYTHONPATH']}"
        setting = [f"{key}={value}" for key, value in environment.items()]
        places = ["--config", node.config_path, "--run-dir", node.run_dir, "--root", node.root]
        argv = [*wrapped, "env", *setting, *(executable("haven") or ["haven"]), *map(str, places)]
        inside = ["ip", "netns", "exec", node.router.namespace.name, *argv, "doctor", "--json"]
        done = subprocess.run(inside, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        if done.returncode not in (0, 1) or not done.stdout:
            raise RuntimeError(done.stderr)
        report: dict[str, Any] = json.loads(done.stdout)
        assert report["well"] is (done.returncode == 0)
        return report


def bridge_lan(router: Router) -> None:
    """Put a bridge that snoops between a router and its LAN, as OpenWrt has one."""
    router.namespace.ip(
        "link set lan down",
        "link set lan name lan0",
        f"link add lan address {router.mac('lan')} type bridge mcast_snooping 1",
        "link set lan0 master lan",
        "link set lan0 up",
        "link set lan up",
        f"address add {router.address('lan')}/24 dev lan",
        f"address add fd77::{router.host}/64 dev lan",
    )


def found(report: dict[str, Any]) -> dict[str, list[str]]:
    """Return what a report names: the sentences of each code; a problem's code stands behind 'problem '."""
    sentences: dict[str, list[str]] = {}
    for check in report["checks"]:
        for each in check["findings"]:
            inner = f" {each['facts']['problem']['code']}" if each["code"] == "problem" else ""
            sentences.setdefault(each["code"] + inner, []).append(each["found"])
    return sentences


def wrong(report: dict[str, Any]) -> list[str]:
    """Return the sentences of what is more than advice."""
    findings = [each for check in report["checks"] for each in check["findings"]]
    return [each["found"] for each in findings if each["severity"] != "advice"]
