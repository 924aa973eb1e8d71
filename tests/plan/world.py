# SPDX-License-Identifier: GPL-2.0-or-later
"""Small networks of namespaces for the tests of the plan."""

import json
import os
import subprocess
import sys

from haven.contract.plan import read_document

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(os.path.dirname(os.path.dirname(HERE)), "src")


class Namespace:
    """A network namespace that is deleted with `close`."""

    def __init__(self, name: str) -> None:
        self.name = name
        subprocess.run(["ip", "netns", "add", name], check=True)
        # Without duplicate-address detection every address is there at once, and pictures can be compared.
        for knob in ("all/accept_dad", "default/accept_dad", "default/dad_transmits"):
            self.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/%s" % knob)
        self.ip("link set lo up")

    def close(self) -> None:
        """Delete the namespace and its devices."""
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def run(self, *argv: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess:
        """Run a command inside."""
        return subprocess.run(
            ["ip", "netns", "exec", self.name, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
            env={**os.environ, "PYTHONPATH": SOURCES},
        )

    def ip(self, words: str) -> str:
        """Run an `ip` command inside."""
        return subprocess.run(
            ["ip", "-n", self.name, *words.split()], capture_output=True, text=True, check=True
        ).stdout

    def look(self, words: str) -> list:
        """Return what `ip -j -d` shows."""
        return json.loads(self.ip("-j -d " + words) or "[]")

    def python(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess:
        """Run the helper program inside."""
        return self.run(sys.executable, os.path.join(HERE, "inside.py"), *arguments, stdin=stdin, check=check)

    def apply(self, steps: list) -> list[int]:
        """Send netlink steps and return the kernel's answers."""
        return json.loads(self.python("apply", stdin=json.dumps(steps)).stdout)

    def carry_out(self, steps: list) -> None:
        """Send netlink steps, none of which may fail in a way that it does not tolerate."""
        for step, code in zip(steps, self.apply(steps), strict=True):
            assert code == 0 or code in step["tolerate"], "%s: error %d" % (step["say"], code)

    def ping(self, address: str, seconds: float = 60) -> bool:
        """Tell whether an address answers within some seconds."""
        done = self.python("ping", address, str(seconds), check=False)
        assert not done.stderr, done.stderr
        return done.returncode == 0

    def sysctl(self, pairs: list) -> None:
        """Write kernel settings."""
        for name, value in pairs:
            self.run("sh", "-c", 'echo "$1" > "/proc/sys/$2"', "sh", value, name)

    def neighbour(self, address: str) -> "str | None":
        """Return the MAC address that is known for an address."""
        return next((row.get("lladdr") for row in self.look("neigh show %s" % address)), None)

    def addresses(self, device: str) -> dict:
        """Return the addresses of a device with what is known of them."""
        return {
            info["local"]: info
            for row in self.look("addr show dev " + device)
            for info in row["addr_info"]
            if info
        }

    def count_sent(self, device: str) -> int:
        """Return how many packets a device has sent."""
        return json.loads(self.ip("-s -j link show " + device))[0]["stats64"]["tx"]["packets"]


def cable(left: Namespace, left_device: str, right: Namespace, right_device: str) -> None:
    """Join two namespaces by a virtual cable, both ends up."""
    subprocess.run(
        ["ip", "link", "add", left_device, "netns", left.name, "type", "veth",
         "peer", "name", right_device, "netns", right.name],
        check=True,
    )  # fmt: skip
    left.ip("link set %s up" % left_device)
    right.ip("link set %s up" % right_device)


def compiled(namespace: Namespace, folder: object, text: str) -> dict:
    """Compile a configuration inside a namespace with the program that havend runs."""
    config, output = os.path.join(folder, "haven"), os.path.join(folder, "plan.json")
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    namespace.run(sys.executable, "-m", "haven.plan.main", "--config", config, "--output", output)
    return read_document(output)


def start(namespace: Namespace, plan: dict) -> None:
    """Set up everything that a plan asks for and take over."""
    for router in plan["virtual_routers"]:
        namespace.carry_out(router["setup"])
    namespace.sysctl(plan["sysctls"])
    run_commands(namespace, plan, "setup")
    for router in plan["virtual_routers"]:
        namespace.carry_out(router["takeover"])


def stop(namespace: Namespace, plan: dict) -> None:
    """Release everything and undo the set-up."""
    for router in plan["virtual_routers"]:
        namespace.carry_out(router["release"])
        namespace.carry_out(router["teardown"])
    run_commands(namespace, plan, "teardown")


def run_commands(namespace: Namespace, plan: dict, stage: str) -> None:
    """Run the commands of a plan."""
    for command in plan["commands"][stage]:
        namespace.run(*command["argv"], stdin=command["stdin"])
