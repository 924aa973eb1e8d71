# SPDX-License-Identifier: GPL-2.0-or-later
"""The init script, run against stand-ins that write down what it tells procd."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.package.conftest import ROOT

RECORDER = ROOT / "tests/package/recorder.sh"
SHELLS = [["busybox", "ash"], ["dash"]]

CONFIG = """\
config haven 'main'
	option enabled '1'
config virtual_router 'lan'
	option device 'br-lan'
	option vrid '51'
	list address '192.168.1.1/24'
	list track_interface 'wan'
config virtual_router 'wan6'
	option device 'eth1'
	option vrid '52'
	list address 'fe80::1/64'
	list unicast_peer 'fe80::3'
"""
CONNTRACK = """\
config conntrack 'conntrack'
	option enabled '1'
	option device 'sync0'
	option address '192.168.255.2'
	list peer_address '192.168.255.3'
"""

Act = Callable[..., list[str]]


@pytest.fixture(params=SHELLS, ids=" ".join)
def act(request: pytest.FixtureRequest, tmp_path: Path) -> Act:
    """Run one action of the init script with a configuration; return what was recorded."""
    if shutil.which(request.param[0]) is None:
        pytest.skip(f"{request.param[0]} is not here")
    config, record, script = tmp_path / "haven", tmp_path / "record", tmp_path / "init"
    text = (ROOT / "files/etc/init.d/haven").read_text()
    script.write_text(
        text.replace("/var/run/haven", str(tmp_path))
        .replace("python3 -I /usr/lib/haven/haven.zip", f"{sys.executable} -I {ROOT / 'src'}")
        .replace(" service-facts ", f" service-facts {config} ")
        .replace("/usr/sbin/havend --clear", f"{{ record havend --clear; rm {tmp_path}/$note; }}")
    )

    def run(action: str, text: str = CONFIG, fails: str = "", uci: str = "") -> list[str]:
        config.write_text(text)
        record.write_text("")
        environment = {
            "RECORD": str(record),
            "FAILS": fails,
            "UCI": uci,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
        }
        argv = [*request.param, str(RECORDER), str(script), *action.split()]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, cwd=tmp_path)
        assert done.stderr == ""
        return record.read_text().splitlines()

    return run


def _rules(record: list[str]) -> list[str]:
    words = [line.removeprefix("json_add_string ") for line in record if "json_add_string" in line]
    return " ".join(words).replace("type rule", "\n").split("\n")[1:]


def test_start_gives_procd_a_program_that_never_gives_up(act: Act):
    record = act("start")
    assert record[:7] == [
        "procd_open_instance havend",
        "procd_set_param command /usr/sbin/havend",
        "procd_set_param respawn 3600 1 0",
        "procd_set_param term_timeout 20",
        "procd_set_param stdout 1",
        "procd_set_param stderr 1",
        "procd_append_param command --wait",
    ]
    assert record.count("procd_append_param command --wait") == 1
    assert record.count("procd_close_instance") == record.count("procd_set_param respawn 3600 1 0") == 2


def test_the_firewall_lets_in_what_the_configuration_names_and_no_more(act: Act):
    record = act("start", CONFIG + CONNTRACK)
    head = "src * direction in target ACCEPT"
    assert [each.strip() for each in _rules(record)] == [
        f"{head} device br-lan family ipv4 proto 112 dest_ip 224.0.0.18",
        f"{head} device eth1 family ipv6 proto 112 src_ip fe80::3",
        f"{head} device sync0 family ipv4 proto udp src_ip 192.168.255.3 dest_port 3780",
        f"{head} device sync0 family ipv4 proto udp src_ip 192.168.255.3 dest_port 3781",
        f"{head} device sync0 family ipv6 proto icmp icmp_type 135/0",
        f"{head} device sync0 family ipv6 proto icmp icmp_type 136/0",
        f"{head} device sync0 family ipv6 proto udp src_ip fe80::/10 dest_port 3783",
        f"{head} device sync0 family ipv6 proto tcp src_ip fe80::/10 dest_port 3781",
    ]
    inside = record[record.index("procd_open_data") : record.index("procd_close_data") + 1]
    assert inside[1] == "json_add_array firewall" and inside[-2] == "json_close_array"
    assert inside.count("json_add_object ") == inside.count("json_close_object") == 8
    assert record.index("procd_close_data") < record.index("procd_close_instance")


def test_from_several_peers_the_group_of_the_copies_is_let_in(act: Act):
    more = CONNTRACK + "\tlist peer_address '192.168.255.4'\n"
    rules = [each.strip() for each in _rules(act("start", CONFIG + more))]
    head = "src * direction in target ACCEPT device sync0 family ipv4 proto udp src_ip 192.168.255"
    for last in (3, 4):
        assert f"{head}.{last} dest_ip 225.0.0.50 dest_port 3782" in rules
        assert f"{head}.{last} dest_port 3781" in rules
    # Else a switch with IGMP snooping keeps the copies from us as soon as it has asked once.
    assert rules.count("src * direction in target ACCEPT device sync0 family ipv4 proto igmp") == 1


def test_from_several_peers_by_ipv6_the_copies_come_from_their_link_local_addresses(act: Act):
    text = CONNTRACK.replace("192.168.255.", "fd99::") + "\tlist peer_address 'fd99::4'\n"
    rules = [each.strip() for each in _rules(act("start", CONFIG + text))]
    head = "src * direction in target ACCEPT device sync0 family ipv6 proto udp src_ip"
    assert rules.count(f"{head} fe80::/10 dest_ip ff12::50 dest_port 3782") == 1
    assert f"{head} fd99::3 dest_port 3781" in rules and f"{head} fd99::4 dest_port 3781" in rules


def test_a_switch_that_asks_who_is_in_the_group_of_ipv6_is_heard(act: Act):
    rules = [
        each.strip() for each in _rules(act("start", CONFIG.replace("	list unicast_peer 'fe80::3'\n", "")))
    ]
    head = "src * direction in target ACCEPT device eth1 family ipv6 proto"
    assert rules[1:] == [f"{head} 112 dest_ip ff02::12", f"{head} icmp src_ip fe80::/10 icmp_type 130/0"]


@pytest.mark.parametrize("config", [CONFIG, CONFIG + CONNTRACK])
def test_the_agent_runs_too_it_is_what_ubus_and_the_hotplug_scripts_need(act: Act, config: str):
    opened = [line for line in act("start", config) if line.startswith("procd_open_instance")]
    assert opened == ["procd_open_instance havend", "procd_open_instance haven-agent"]


def test_it_is_told_of_its_configuration_and_of_the_interfaces_it_uses(act: Act):
    triggers = [line for line in act("start") if "trigger" in line]
    assert triggers == ["procd_add_reload_trigger haven", "procd_add_reload_interface_trigger wan"]


def test_disabled_starts_nothing_but_listens(act: Act):
    record = act("start", (ROOT / "files/etc/config/haven").read_text())
    assert record == ["procd_add_reload_trigger haven"]


@pytest.mark.parametrize("left", ["alive", "settings.json", "tcp_loose"])
def test_disabled_clears_away_what_was_killed(act: Act, tmp_path: Path, left: str):
    (tmp_path / left).touch()
    record = act("start", (ROOT / "files/etc/config/haven").read_text())
    assert record == ["havend --clear", "procd_add_reload_trigger haven"]
    assert "havend --clear" not in act("start")


def test_problems_are_in_the_log_all_of_them_and_nothing_starts(act: Act):
    record = act("start", CONFIG.replace("'51'", "'512'").replace("device 'eth1'", "divice 'eth1'"))
    said = [line for line in record if line.startswith("log ")]
    assert len(said) >= 2 and all("/haven:" in line for line in said)
    assert "'512'" in " ".join(said) and "divice" in " ".join(said)
    assert [line for line in record if not line.startswith("log ")] == ["procd_add_reload_trigger haven"]


NASTY = [
    "config 'a\nrun sh\ninterface lan'\n\toption x '1'\n",
    "config virtual_router 'x\nrun sh'\n",
    CONFIG.replace("'br-lan'", "'br\nrun sh'"),
    CONFIG.replace("'br-lan'", "'br\" proto=tcp'"),
    CONFIG.replace("'br-lan'", "'a{b}'"),
    CONFIG.replace("'br-lan'", "'a\u2028b'"),
    CONFIG.replace("'wan'", "'w\nrun sh'"),
    CONFIG.replace("option device 'eth1'", "option 'device\nrun sh' 'eth1'"),
]


@pytest.mark.parametrize("config", NASTY)
def test_nothing_that_is_written_in_the_configuration_becomes_a_fact(act: Act, config: str):
    record = act("start", config)
    assert [line for line in record if not line.startswith("log ")] == ["procd_add_reload_trigger haven"]
    assert any(line.startswith("log ") for line in record)


def test_the_interface_that_a_host_is_asked_from_is_followed_too(act: Act):
    host = "config track_host 'dns'\n\toption address '192.0.2.53'\n\toption interface 'lte'\n"
    record = act(
        "start",
        CONFIG.replace("\tlist track_interface", "\tlist track_host 'dns'\n\tlist track_interface") + host,
    )
    assert "procd_add_reload_interface_trigger lte" in record


def test_a_configuration_that_others_can_read_is_closed_to_them(act: Act, tmp_path: Path):
    (tmp_path / "haven").touch()
    (tmp_path / "haven").chmod(0o644)
    act("start")
    assert (tmp_path / "haven").stat().st_mode & 0o777 == 0o600


def test_an_interface_that_is_missing_is_said_and_waited_for(act: Act):
    record = act("start", CONFIG.replace("device 'br-lan'", "interface 'lan'"))
    assert "log " in record[0] and "interface lan cannot be resolved" in record[0]
    assert "procd_add_reload_interface_trigger lan" in record
    assert not any("procd_open_instance" in line for line in record)


def test_reload_of_a_running_service_asks_it_first(act: Act):
    # That one then starts the service anew (tests/cli).
    assert act("reload") == ["haven status", "haven reload"]


# It may be starting; the recorder's service runs for the first two times that it is asked.
PATIENT = ["haven status", "service_running", "sleep 1"]
ASKED = [*PATIENT, *PATIENT, *PATIENT[:2], 'ubus call service list {"name":"haven"}']


def test_reload_of_what_does_not_run_starts_it(act: Act):
    assert act("reload", fails="status")[: len(ASKED) + 1] == [*ASKED, "procd_open_instance havend"]


def test_a_reload_that_waited_for_a_stop_starts_nothing(act: Act):
    """A trigger of an interface may fire while the service stops, and waits for the lock."""
    assert act("reload", fails="status list") == ASKED


def test_stop_says_goodbye_before_procd_ends_it_and_waits_for_the_end(act: Act, tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as havend:
        havend.bind(str(tmp_path / "havend.sock"))
        record = act("stop")
    assert record[:2] == ["haven stop", "procd_kill"]
    waited = ["service_running", "sleep 1", "service_running", "sleep 1", "service_running"]
    assert record[2:] == waited


def test_stop_of_what_does_not_run_asks_nobody(act: Act):
    assert act("stop")[0] == "procd_kill"


def test_stop_of_the_agent_leaves_havend_alone(act: Act, tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as havend:
        havend.bind(str(tmp_path / "havend.sock"))
        assert act("stop haven-agent")[0] == "procd_kill haven-agent"


def test_boot_waits_for_netifd(act: Act):
    assert act("boot")[:2] == ["ubus -t 30 wait_for network.interface", "procd_open_instance havend"]


def test_boot_lets_no_client_in_before_the_role_is_known(act: Act):
    first = act("boot", uci="haven.clients.leases='1'")[0]
    assert first.startswith("nft -f -: table inet haven_leases {") and "timeout 120s" in first


def test_it_stops_early_and_starts_after_the_network():
    text = (ROOT / "files/etc/init.d/haven").read_text()
    assert "\nSTART=22\n" in text and "\nSTOP=05 " in text
