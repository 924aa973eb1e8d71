# SPDX-License-Identifier: GPL-2.0-or-later
"""`config wireguard`: what it needs, what it cannot be, and what on this machine is against it."""

from pathlib import Path

import pytest

from haven import paths
from haven.cli.main import main
from haven.cli.plan_text import show_plan
from haven.cli.wireguard_text import tunnels
from haven.config.load import load_text
from haven.config.model import WireguardSettings
from haven.contract.plan import check_plan
from haven.plan import wireguard_tunnels
from haven.plan.assemble import compile_plan
from haven.plan.machine import Machine
from tests.agent.test_wireguard_words import PRIVATE, ROAD
from tests.config.test_wan_sections import LAN, codes
from tests.config.test_wan_sections import wan as wan_section
from tests.plan.test_wan_plan import LINKS, resolve

NETWORK = f"""
config interface 'wg0'
	option proto 'wireguard'
	option auto '0'
	option private_key '{PRIVATE}'

config wireguard_wg0 'road'
	option public_key '{ROAD}'
	list allowed_ips '10.8.0.2/32'
"""


def section(name: str = "vpn", option: str = "interface", value: str = "wg0", group: str = "gateway") -> str:
    """Return a section."""
    return f"\nconfig wireguard '{name}'\n\toption {option} '{value}'\n\toption group '{group}'\n"


def settings(*sections: str) -> tuple[WireguardSettings, ...]:
    model, _problems = load_text(LAN + "".join(sections), "haven", "r1")
    assert model is not None
    return model.wireguards


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (section() + section("other"), "wan-taken"),
        (section() + section("other", "device"), "wan-taken"),
        (section() + wan_section(interface="wg0"), "wan-taken"),
        (section() + "\nconfig service 'x'\n\tlist interface 'wg0'\n", "wan-taken"),
        (section(value="lan"), "wan-is-lan"),
        (section(group="gatewaz"), "group-missing"),
        ("\nconfig wireguard 'vpn'\n\toption group 'gateway'\n", "option-needs-one"),
        (section() + "\toption device 'wg1'\n", "option-needs-one-only"),
        ("\nconfig wireguard 'vpn'\n\toption interface 'wg0'\n", "option-missing"),
    ],
)
def test_what_is_wrong_is_named(text: str, code: str):
    assert code in codes(LAN + text)


def test_the_plan_names_the_tunnels_for_the_agent_and_for_people():
    model, problems = load_text(LAN + section() + section("own", "device", "wg1"), "haven", "r1")
    assert model is not None, problems
    plan, found = compile_plan(model, Machine(LINKS), "haven", resolve)
    assert plan is not None and found == []
    assert check_plan(plan)["parts"]["wireguard"]["tunnels"] == [
        {"name": "vpn", "interface": "wg0", "device": "wg0", "group": "gateway"},
        {"name": "own", "interface": "", "device": "wg1", "group": "gateway"},
    ]
    sequences = {code: [] for code in ("takeover", "handover", "yield", "fault")}
    shown = show_plan({**plan, "groups": [{**each, "sequences": sequences} for each in plan["groups"]]})
    assert "WireGuard own" in shown and "set wg1 up" in shown


def test_without_one_there_is_no_part():
    model, _problems = load_text(LAN, "haven", "r1")
    assert model is not None
    plan, _found = compile_plan(model, Machine(LINKS), "haven", resolve)
    assert plan is not None and "wireguard" not in plan["parts"]
    assert not any(each["code"].startswith("wireguard") for each in plan["warnings"])


@pytest.mark.parametrize(
    ("network", "found"),
    [
        (NETWORK, []),
        (NETWORK.replace("auto '0'", "auto '1'"), ["wan-auto"]),
        (NETWORK.replace("proto 'wireguard'", "proto 'static'"), ["wireguard-proto"]),
        (NETWORK.replace(PRIVATE, "short="), ["wireguard-key"]),
        (NETWORK.replace("\toption private_key", "\toption other"), ["wireguard-key"]),
        (NETWORK.replace("config wireguard_wg0", "config wireguard_wg1"), ["wireguard-peers"]),
        (NETWORK.replace("\tlist allowed_ips", "\tlist other"), ["wireguard-peer"]),
        (NETWORK.replace(ROAD, "no key"), ["wireguard-peer"]),
        ("config interface 'lan'\n", ["wan-unknown"]),
        ("", []),
    ],
)
def test_what_is_against_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, found: list[str]
):
    monkeypatch.setattr(paths, "PEERS", str(tmp_path))
    (tmp_path / "peers.json").write_text("{}")
    (tmp_path / "network").write_text(network)
    told = wireguard_tunnels.warnings(settings(section()), "haven", str(tmp_path / "network"))
    assert [each.code for each in told if each.code != "wireguard-tool"] == found


def test_a_router_without_wg_without_a_peer_and_without_the_device_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(paths, "PEERS", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    told = wireguard_tunnels.warnings(settings(section("own", "device", "wg9")), "haven", "none")
    assert [each.code for each in told] == ["wireguard-device", "wireguard-tool", "wireguard-unpaired"]
    assert wireguard_tunnels.warnings((), "haven", "none") == []


def test_validate_says_what_is_against_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    config = tmp_path / "haven"
    config.write_text(LAN + section())
    assert main(["validate", "--config", str(config)]) == 0
    assert "does not know where the peers of WireGuard are" in capsys.readouterr().err


def test_the_status_has_a_line_for_each():
    told = {"name": "vpn", "interface": "wg0", "state": "up", "known": 2}
    assert tunnels({"wireguard": {"tunnels": [told]}}, 80) == [
        "WireGuard vpn: wg0: up, 2 peers whose place is known."
    ]
    assert tunnels({}, 80) == tunnels({"wireguard": {}}, 80) == []
