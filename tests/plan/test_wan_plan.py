# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plan has of a WAN, and what on this machine is against it."""

from pathlib import Path

import pytest

from haven import paths
from haven.cli.plan_text import show_plan
from haven.config.load import load_text
from haven.config.model import WanSettings
from haven.contract.plan import check_plan
from haven.plan import dialled_wans
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, InterfaceError, Machine
from tests.config.test_wan_sections import LAN
from tests.config.test_wan_sections import wan as section

LINKS = {
    name: DeviceFacts(index, name, bytes((2, 0, 0, 0, 0, index)), 1500, True, 1)
    for index, name in enumerate(("br-lan", "eth1"), 2)
}
NETWORK = """
config interface 'wan'
	option device 'eth1'
	option proto '%s'
	option auto '%s'

config device 'wan_dev'
	option name 'eth1'
%s
"""


def resolve(name: str) -> str:
    """Return the device of an interface."""
    if name == "missing":
        raise InterfaceError("interface-unknown", interface=name)
    return {"lan": "br-lan", "alias": "br-lan"}.get(name, "eth1")


def compiled(*sections: str) -> tuple[dict | None, list[str]]:
    """Compile a configuration, and tell the codes of what stands against it."""
    model, problems = load_text(LAN + "".join(sections), "haven", "r1")
    assert model is not None, problems
    plan, found = compile_plan(model, Machine(LINKS), "haven", resolve)
    return plan, [each.code for each in found]


def settings(*sections: str) -> tuple[WanSettings, ...]:
    """Return the WANs of a configuration."""
    model, _problems = load_text(LAN + "".join(sections), "haven", "r1")
    assert model is not None
    return model.wans


def test_the_plan_names_the_wan_for_the_agent_and_for_people():
    plan, found = compiled(section())
    assert found == [] and plan is not None
    assert check_plan(plan)["parts"]["wan"] == {
        "wans": [{"name": "wan", "interface": "wan", "group": "gateway", "standby_out": True}]
    }
    sequences = {code: [] for code in ("takeover", "handover", "yield", "fault")}
    shown = show_plan({**plan, "groups": [{**each, "sequences": sequences} for each in plan["groups"]]})
    assert "WAN wan" in shown and "bring wan up" in shown


def test_without_a_wan_there_is_no_part():
    plan, _found = compiled()
    assert plan is not None and "wan" not in plan["parts"]
    assert not any(each["code"].startswith("wan") for each in plan["warnings"])


def test_an_interface_on_the_device_of_the_lan_is_refused():
    assert compiled(section(interface="alias")) == (None, ["wan-is-lan"])


def test_an_interface_that_is_not_there_yet_is_no_reason_to_refuse():
    plan, found = compiled(section(interface="missing"))
    assert plan is not None and found == []


@pytest.mark.parametrize(
    ("network", "codes"),
    [
        (NETWORK % ("dhcp", "0", "\toption macaddr '02:00:00:00:00:01'"), []),
        (NETWORK % ("dhcp", "1", "\toption macaddr '02:00:00:00:00:01'"), ["wan-auto"]),
        (NETWORK % ("dhcp", "0", ""), ["wan-mac"]),
        (
            NETWORK.replace("option proto", "option macaddr '02::1'\n\toption proto") % ("dhcp", "0", ""),
            ["wan-mac"],
        ),
        (NETWORK % ("pppoe", "0", ""), []),
        ("config interface 'lan'\n", ["wan-unknown"]),
    ],
)
def test_what_makes_two_customers_of_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, codes: list[str]
):
    monkeypatch.setattr(paths, "PEERS", str(tmp_path))
    (tmp_path / "peers.json").write_text("{}")
    file = tmp_path / "network"
    file.write_text(network)
    found = dialled_wans.warnings(settings(section()), "haven", str(file))
    assert [each.code for each in found] == codes


def test_routers_that_are_not_paired_are_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paths, "PEERS", str(tmp_path))
    both = settings(section(), section("wan6", "wan6"))
    found = dialled_wans.warnings(both, "haven", str(tmp_path / "none"))
    assert [each.code for each in found] == ["wan-unpaired"]
    assert dialled_wans.warnings((), "haven", str(tmp_path / "none")) == []
