# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts about the machine: the kernel's devices, netifd's interfaces."""

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from haven.plan.machine import InterfaceError, resolve_interface
from tests.plan.world import SOURCES, Namespace, cable

DUMP = """
import json, dataclasses
from haven.plan.machine import read_machine
links = {name: dataclasses.asdict(link) for name, link in read_machine().links.items()}
print(json.dumps(links, default=lambda octets: octets.hex()))
"""


def read_inside(namespace: Namespace) -> dict:
    return json.loads(namespace.run(sys.executable, "-c", DUMP).stdout)


def test_the_devices_of_the_kernel_are_read(namespace: Callable[[], Namespace]) -> None:
    one = namespace()
    cable(one, "lan", namespace(), "peer")
    one.ip("link add br-lan mtu 1400 type bridge")
    one.ip("addr add 192.168.1.2/24 dev lan")
    one.ip("addr add 192.168.1.3/24 dev lan valid_lft 60 preferred_lft 60")
    one.ip("addr add 2001:db8::2/64 dev lan nodad")
    links = read_inside(one)
    shown = one.look("link show dev lan")[0]
    lan, bridge = links["lan"], links["br-lan"]
    assert (lan["index"], lan["mac"]) == (shown["ifindex"], shown["address"].replace(":", ""))
    assert (lan["up"], lan["hardware"], lan["kind"], lan["mtu"]) == (True, 1, "veth", 1500)
    assert (bridge["up"], bridge["kind"], bridge["mtu"], bridge["vlan_filtering"]) == (
        False,
        "bridge",
        1400,
        False,
    )
    assert bridge["default_vlan"] in (0, 1)
    own = {address["text"]: address["permanent"] for address in lan["addresses"]}
    assert own["192.168.1.2"] is True
    assert own["192.168.1.3"] is False
    assert own["2001:db8::2"] is True


@pytest.fixture
def ubus(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program in ubus' place that does what a test says."""

    def install(script: str) -> None:
        program = tmp_path / "ubus"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return install


def test_the_device_of_an_interface_is_asked_of_ubus(ubus: Callable[[str], None]) -> None:
    answer = """echo '{"device": "eth1", "l3_device": "pppoe-wan"}'"""
    ubus('[ "$*" = "call network.interface.wan status" ] && ' + answer)
    assert resolve_interface("wan") == "pppoe-wan"


def test_an_interface_that_is_down_still_has_its_device(ubus: Callable[[str], None]) -> None:
    ubus("""echo '{"up": false, "device": "br-lan"}'""")
    assert resolve_interface("lan") == "br-lan"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("exit 4", "interface lan cannot be resolved: netifd does not know it"),
        ("echo nonsense", "interface lan cannot be resolved: ubus answered no JSON"),
        ("echo '{}'", "interface lan cannot be resolved: it has no device now"),
        ("echo '[]'", "interface lan cannot be resolved: it has no device now"),
    ],
)
def test_what_ubus_cannot_tell_is_said(ubus: Callable[[str], None], script: str, complaint: str) -> None:
    ubus(script)
    with pytest.raises(InterfaceError) as refusal:
        resolve_interface("lan")
    assert str(refusal.value) == complaint


def test_without_ubus_the_way_out_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InterfaceError) as refusal:
        resolve_interface("lan")
    assert str(refusal.value) == (
        "interface lan cannot be resolved: ubus is not here; off OpenWrt name the device"
    )


@pytest.mark.parametrize(
    "module", ["haven.plan", "haven.cli.plan_text", "haven.plan.plan_file", "haven.plan.machine"]
)
def test_what_only_reads_plans_does_not_pay_for_pyroute2(module: str) -> None:
    script = "import sys, %s; sys.exit('pyroute2' in sys.modules)" % module
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": SOURCES})
