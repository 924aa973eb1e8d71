# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts about the machine: the kernel's devices, netifd's interfaces."""

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from haven.plan.machine import InterfaceError, resolve_interface
from tests.plan.netifd import Netifd
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
def netifd(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Netifd]]:
    """Put a ubus in the place of the machine's, on which netifd answers for an interface as a test says."""
    path = tmp_path / "ubus.sock"
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(path))
    made: list[Netifd] = []

    def answer(interface: str, answer: "dict | bytes | int") -> Netifd:
        made.append(Netifd(path, interface, answer))
        return made[-1]

    yield answer
    for one in made:
        one.close()


def test_the_device_of_an_interface_is_asked_of_netifd(netifd: Callable[..., Netifd]) -> None:
    asked = netifd("wan", {"device": "eth1", "l3_device": "pppoe-wan"}).asked
    assert resolve_interface("wan") == "pppoe-wan"
    assert asked == ["status"]


def test_an_interface_that_is_down_still_has_its_device(netifd: Callable[..., Netifd]) -> None:
    netifd("lan", {"up": False, "device": "br-lan"})
    assert resolve_interface("lan") == "br-lan"


def complaint_of(code: str) -> str:
    """Ask for the device of lan, which must fail with this code, and return the reason."""
    with pytest.raises(InterfaceError) as refusal:
        resolve_interface("lan")
    assert (refusal.value.code, refusal.value.facts["interface"]) == (code, "lan")
    assert str(refusal.value).startswith("interface lan cannot be resolved: ")
    return str(refusal.value).partition(": ")[2]


@pytest.mark.parametrize(
    ("interface", "answer", "code", "complaint"),
    [
        ("wan", {"device": "eth1"}, "interface-unknown", "netifd does not know it"),
        ("lan", b"nonsense", "interface-unresolved", "ubus: the answer is not understood: "),
        ("lan", 6, "interface-unresolved", "ubus: status 6"),
        ("lan", {}, "interface-no-device", "it has no device now"),
        ("lan", {"device": 7}, "interface-no-device", "it has no device now"),
    ],
)
def test_what_netifd_cannot_tell_is_said(
    netifd: Callable[..., Netifd], interface: str, answer: "dict | bytes | int", code: str, complaint: str
) -> None:
    netifd(interface, answer)
    assert complaint_of(code).startswith(complaint)


def test_an_answer_that_is_no_table_names_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haven.plan.machine.call", lambda *_words: [])
    assert complaint_of("interface-no-device") == "it has no device now"


def test_without_ubus_the_way_out_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "nowhere"))
    assert complaint_of("interface-no-ubus") == "ubus is not here; off OpenWrt name the device"


@pytest.mark.parametrize(
    "module",
    ["haven.plan", "haven.cli.plan_text", "haven.contract.plan", "haven.plan.write", "haven.plan.machine"],
)
def test_what_only_reads_plans_does_not_pay_for_pyroute2(module: str) -> None:
    script = "import sys, %s; sys.exit('pyroute2' in sys.modules)" % module
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": SOURCES})
