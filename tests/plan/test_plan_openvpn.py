# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN's servers in the plan: whom the agent calls back, and what stands against it."""

from pathlib import Path

import pytest

from haven.cli.plan_text import show_plan
from haven.config.load import load_text
from haven.contract.fields import DocumentError
from haven.contract.openvpn import MARK, check_words
from haven.contract.plan import check_plan
from haven.plan import openvpn_servers
from haven.plan.assemble import compile_plan
from haven.plan.machine import Machine
from haven.plan.sequences import with_sequences

FILE = "/etc/config/haven"
TEXT = """
config virtual_router 'home'
	option device 'br-lan'
	option group 'gateway'
	option vrid '1'
	list address '192.168.1.1/24'
config virtual_router 'out'
	option device 'eth1'
	option group 'gateway'
	option vrid '2'
	list address '198.51.100.1/24'
config group 'gateway'
config conntrack 'conntrack'
	option enabled '1'
	option device 'eth2'
	option address '10.9.0.1'
	list peer_address '10.9.0.2'
config service 'vpn'
	option start 'true'
	option stop 'true'
	list server '%s'
"""
GOOD = "server 10.8.0.0 255.255.255.0\nmanagement /run/road.sock unix\nmultihome\n"


def compiled(tmp_path: Path, text: str, more: str = "") -> tuple[dict, list[tuple[str, dict]]]:
    path = tmp_path / "road.conf"
    if text:
        path.write_text(text)
    model, problems = load_text(TEXT % path + more, FILE)
    assert model is not None, problems
    plan, problems = compile_plan(model, Machine({}), FILE)
    assert plan is not None, problems
    warnings = [(each["code"], each["facts"]) for each in plan["warnings"] if "openvpn" in each["code"]]
    return check_plan(plan), warnings


def test_a_server_with_a_management_socket_is_in_the_plan(tmp_path: Path) -> None:
    plan, warnings = compiled(tmp_path, GOOD)
    assert warnings == []
    assert plan["parts"]["openvpn"]["servers"] == [
        {
            "name": "road",
            "group": "gateway",
            "protocol": "udp",
            "port": 1194,
            "addresses": ["192.168.1.1", "198.51.100.1"],
            "management": "/run/road.sock",
            "file": str(tmp_path / "road.conf"),
            "section": "",
        }
    ]
    shown = show_plan(with_sequences(plan))
    assert "OpenVPN's server road" in shown and "UDP, port 1194 at 192.168.1.1, 198.51.100.1" in shown
    (rules,) = [each for each in plan["commands"]["setup"] if each["code"] == "openvpn-rules"]
    assert f"meta mark {MARK:#x} notrack" in rules["stdin"]
    assert "own_ports" not in plan["parts"]["conntrack"]


def test_the_guard_knows_the_port_of_one_by_tcp_before_it_listens(tmp_path: Path) -> None:
    plan, _warnings = compiled(tmp_path, GOOD + "proto tcp-server\nport 443\nlocal 198.51.100.1\n")
    assert plan["parts"]["conntrack"]["own_ports"] == [443]
    assert plan["parts"]["openvpn"]["servers"][0]["addresses"] == ["198.51.100.1"]


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        ("", "service-openvpn-unreadable", {"error": "No such file or directory"}),
        (GOOD.replace("management", "status"), "service-openvpn-management", {"seconds": 120}),
        (GOOD + "tls-crypt-v2 v2.key\nkeepalive 10 60\n", "service-openvpn-wrapped", {"seconds": 60}),
        (GOOD + "auth-gen-token 0\n", "service-openvpn-token", {}),
        (GOOD.replace("multihome", ""), "service-openvpn-address", {}),
    ],
)
def test_what_stands_against_it_is_named(tmp_path: Path, text: str, code: str, facts: dict) -> None:
    _plan, warnings = compiled(tmp_path, text)
    about = {"path": str(tmp_path / "road.conf")} if not text else {"server": "road"}
    assert warnings == [(code, {**about, **facts})]


def test_what_is_no_server_is_nobodys(tmp_path: Path) -> None:
    plan, warnings = compiled(tmp_path, "client\nremote 192.0.2.1\n")
    assert warnings == [] and "openvpn" not in plan["parts"]


def test_the_profile_reads_the_servers_of_openwrt(tmp_path: Path) -> None:
    (tmp_path / "etc/config").mkdir(parents=True)
    (tmp_path / "etc/config/openvpn").write_text(
        "config openvpn 'road'\n\toption enabled '1'\n\toption server '10.8.0.0 255.255.255.0'\n"
        "config openvpn 'off'\n\toption server '10.9.0.0 255.255.255.0'\n"
        "config openvpn 'gone'\n\toption enabled '1'\n\toption config '/etc/openvpn/gone.conf'\n"
    )
    text = TEXT.partition("\toption start")[0] + "\toption profile 'openvpn'\n"
    model, problems = load_text(text, FILE)
    assert model is not None, problems
    (tmp_path / "etc/openvpn").mkdir()
    for name in ("file.conf", "old.conf.txt"):
        (tmp_path / "etc/openvpn" / name).write_text(GOOD + "auth-gen-token\n")
    found = openvpn_servers.warnings(model, FILE, str(tmp_path))
    assert [(each.code, each.facts.get("server") or each.facts["path"]) for each in found] == [
        ("service-openvpn-management", "road"),
        ("service-openvpn-address", "road"),
        # OpenWrt's script starts it as well.
        ("service-openvpn-token", "file"),
        ("service-openvpn-unreadable", "/etc/config/openvpn"),
    ]


def test_an_option_that_the_script_of_openwrt_leaves_out_is_named(tmp_path: Path) -> None:
    """Its list lacks what tokens are made of: nothing complains, and people are asked for their password."""
    (tmp_path / "usr/share/openvpn").mkdir(parents=True)
    (tmp_path / "usr/share/openvpn/openvpn.options").write_text(
        "OPENVPN_PARAMS='\nmanagement\nserver\n'\nOPENVPN_BOOLS='\nmultihome\n'\n"
    )
    (tmp_path / "etc/config").mkdir(parents=True)
    (tmp_path / "etc/config/openvpn").write_text(
        "config openvpn 'road'\n\toption enabled '1'\n\toption server '10.8.0.0 255.255.255.0'\n"
        "\toption multihome '1'\n\toption management '/run/road.sock unix'\n\toption up '/bin/true'\n"
        "\toption auth_gen_token '3600'\n\toption auth_gen_token_secret '/etc/openvpn/token.key'\n"
    )
    text = TEXT.partition("\toption start")[0] + "\toption profile 'openvpn'\n"
    model, problems = load_text(text, FILE)
    assert model is not None, problems
    (found,) = openvpn_servers.warnings(model, FILE, str(tmp_path))
    assert found.code == "service-openvpn-left-out"
    assert found.facts == {"server": "road", "options": "auth_gen_token, auth_gen_token_secret"}


@pytest.mark.parametrize(
    "client", ["192.0.2.1", "192.0.2.1:0", "192.0.2.1:70000", "x:1", "2001:db8::1:5", ":1"]
)
def test_a_client_that_is_no_address_with_a_port_is_refused(client: str) -> None:
    with pytest.raises(DocumentError):
        check_words([{"name": "road", "clients": [client]}])


def test_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/road.conf").write_text(GOOD)
    plan, _warnings = compiled(tmp_path, GOOD, f"\tlist server '{tmp_path}/more/road.conf'\n")
    names = [each["name"] for each in plan["parts"]["openvpn"]["servers"]]
    assert names == ["road", f"{tmp_path}/more/road.conf"]
