# SPDX-License-Identifier: GPL-2.0-or-later
"""The copy of connections in the plan: conntrackd's configuration for one peer and for several."""

from pathlib import Path
from typing import Any

import pytest

from haven.config.load import load_text
from haven.contract.plan import check_plan
from haven.plan import conntrack
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine, OwnAddress

FILE = "/etc/config/haven"
LIMIT = 100_000
TEXT = """
config virtual_router 'lan'
	option device 'lan'
	option vrid '1'
	option address '10.0.0.1/24'
config conntrack
	option enabled '1'
	option device 'sync'
	option address '10.9.0.1'
	list peer_address '10.9.0.2'
"""
SYNC = DeviceFacts(2, "sync", bytes(6), 1500, True, 1, addresses=(OwnAddress("10.9.0.1", True),))


@pytest.fixture(autouse=True)
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the kernel take this many connections."""
    file = tmp_path / "nf_conntrack_max"
    file.write_text(f"{LIMIT}\n")
    monkeypatch.setattr(conntrack, "LIMIT_FILE", str(file))
    return file


def plan_of(*more: str, text: str = TEXT, machine: tuple[DeviceFacts, ...] = (SYNC,)) -> dict[str, Any]:
    model, problems = load_text(text + "".join(f"\t{line}\n" for line in more), FILE)
    assert model is not None, [str(problem) for problem in problems]
    plan, problems = compile_plan(model, Machine({link.name: link for link in machine}), FILE)
    assert plan is not None, [str(problem) for problem in problems]
    return plan


def part_of(*more: str, text: str = TEXT) -> dict[str, Any]:
    return plan_of(*more, text=text)["parts"]["conntrack"]


def conf_of(*more: str, text: str = TEXT) -> list[str]:
    """List the lines of conntrackd's configuration, without what indents them."""
    return [line.strip() for line in part_of(*more, text=text)["conf"].splitlines()]


def test_one_peer_is_spoken_to_alone_and_acknowledges():
    conf = conf_of()
    assert "Mode FTFW {" in conf
    channel = conf[conf.index("UDP {") :]
    assert channel[1:5] == [
        "IPv4_address 10.9.0.1",
        "IPv4_Destination_Address 10.9.0.2",
        "Port 3780",
        "Interface sync",
    ]
    assert "Multicast {" not in conf


def test_several_peers_share_a_multicast_group():
    conf = conf_of("list peer_address '10.9.0.3'", "option port '4000'")
    assert "Mode NOTRACK {" in conf
    assert "ResendQueueSize 131072" not in conf
    channel = conf[conf.index("Multicast {") :]
    assert channel[1:5] == [
        "IPv4_address 225.0.0.50",
        "IPv4_interface 10.9.0.1",
        "Group 4002",
        "Interface sync",
    ]
    assert "UDP {" not in conf


def test_several_peers_by_ipv6_are_reached_by_the_device():
    text = TEXT.replace("10.9.0.1", "fd99::1").replace("10.9.0.2", "fd99::2")
    conf = conf_of("list peer_address 'fd99::3'", text=text)
    channel = conf[conf.index("Multicast {") :]
    assert channel[1:4] == ["IPv6_address ff12::50", "Group 3782", "Interface sync"]


@pytest.mark.parametrize("more", [(), ("list peer_address '10.9.0.3'",)])
def test_entries_are_injected_and_nothing_is_asked_for_unbidden(more: tuple[str, ...]):
    conf = conf_of(*more)
    assert "DisableExternalCache On" in conf
    assert "StartupResync no" in conf
    assert "NetlinkOverrunResync Off" in conf


def test_flows_that_end_on_the_routers_are_not_copied():
    conf = conf_of("list peer_address '10.9.0.3'")
    ignored = {line.split()[1] for line in conf[conf.index("Address Ignore {") :] if "_address" in line}
    assert ignored == {"127.0.0.1", "::1", "10.0.0.1", "10.9.0.1", "10.9.0.2", "10.9.0.3"}


def test_what_a_router_begins_itself_is_not_copied_either():
    own = (OwnAddress("10.0.0.2", True), OwnAddress("10.0.0.1", False), OwnAddress("fd00::2", True))
    lan = DeviceFacts(3, "lan", bytes(6), 1500, True, 1, addresses=own)
    conf = plan_of(machine=(SYNC, lan))["parts"]["conntrack"]["conf"]
    assert conf.count("IPv4_address 10.0.0.2") == 1 and conf.count("IPv4_address 10.0.0.1") == 1
    assert "fd00::2" not in conf


def test_sizes_follow_the_kernels_limit():
    conf = conf_of()
    assert "HashSize 25000" in conf
    assert "HashLimit 200000" in conf
    assert "NetlinkBufferSize 25600000" in conf
    assert "NetlinkBufferSizeMaxGrowth 102400000" in conf
    assert "SndSocketBuffer 25600000" in conf
    assert "RcvSocketBuffer 25600000" in conf


def test_buffers_have_a_floor_and_a_ceiling(limit: Path):
    limit.write_text("1024")
    assert {"HashSize 1024", "HashLimit 2048", f"NetlinkBufferSize {8 << 20}"} <= set(conf_of())
    limit.write_text("4000000")
    assert {"HashSize 1000000", f"NetlinkBufferSize {32 << 20}"} <= set(conf_of())


def test_without_a_limit_to_read_a_usual_one_is_taken(limit: Path):
    limit.unlink()
    assert {"HashSize 16384", "HashLimit 131072"} <= set(conf_of())


def test_a_size_that_is_set_is_taken_and_the_socket_follows_netlink():
    conf = conf_of("option hash_size '512'", "option hash_limit '9000'", "option netlink_buffer '2048'")
    assert {"HashSize 512", "HashLimit 9000", f"NetlinkBufferSize {2 << 20}"} <= set(conf)
    assert {f"NetlinkBufferSizeMaxGrowth {8 << 20}", f"SndSocketBuffer {2 << 20}"} <= set(conf)
    assert f"RcvSocketBuffer {1 << 20}" in conf_of("option socket_buffer '1024'")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("option hash_size '63'", "'63' is not a whole number from 64 to 16777216"),
        ("option hash_limit '0'", "'0' is not a whole number from 256 to 67108864"),
        ("option netlink_buffer '8M'", "'8M' is not a whole number from 64 to 262144"),
        ("option socket_buffer '262145'", "'262145' is not a whole number from 64 to 262144"),
    ],
)
def test_a_size_out_of_bounds_is_refused(line: str, wanted: str):
    _model, problems = load_text(f"{TEXT}\t{line}\n", FILE)
    assert [problem.message for problem in problems] == [wanted]


def test_windows_that_stood_still_do_not_end_connections():
    pair = ["net/netfilter/nf_conntrack_tcp_be_liberal", "1"]
    assert pair in plan_of()["sysctls"]
    assert pair not in plan_of(text=TEXT.replace("enabled '1'", "enabled '0'"))["sysctls"]


def warnings_of(*machine: DeviceFacts) -> list[str]:
    return [warning["text"] for warning in plan_of(machine=machine)["warnings"]]


def test_what_is_missing_of_the_link_is_a_warning():
    assert warnings_of(SYNC) == [FILE + ": virtual_router 'lan': device 'lan' does not exist yet"]
    assert FILE + ": conntrack: device 'sync' does not exist yet" in warnings_of()
    bare = DeviceFacts(2, "sync", bytes(6), 1500, True, 1)
    expected = FILE + ": conntrack: 'sync' does not have the address 10.9.0.1 now"
    assert expected in warnings_of(bare)


def test_a_link_that_clients_are_on_is_warned_of_once_however_it_is_called():
    def shared(text: str) -> list[str]:
        model, _problems = load_text(text, FILE)
        assert model is not None
        machine = Machine({"sync": SYNC})
        plan, _problems = compile_plan(model, machine, FILE, resolve=lambda _name: "sync")
        assert plan is not None
        return [each["facts"] for each in plan["warnings"] if each["code"] == "sync-shared"]

    by_interface = TEXT.replace("option device 'lan'", "option interface 'lan'")
    assert shared(by_interface) == [{"name": "sync", "other": "virtual_router 'lan'"}]
    both = by_interface.replace("option device 'sync'", "option interface 'lan'")
    assert shared(both) == [{"name": "lan", "other": "virtual_router 'lan'"}]
    assert shared(TEXT.replace("option device 'lan'", "option device 'sync'")) == [
        {"name": "sync", "other": "virtual_router 'lan'"}
    ]
    assert shared(TEXT) == []


def test_the_agent_gets_what_it_needs_and_nothing_where_nothing_is_copied():
    more = ("list peer_address '10.9.0.3'", "option port '4000'", "option renew '7'", "option guard '1'")
    part = part_of(*more)
    del part["conf"]
    assert part == {
        "device": "sync",
        "address": "10.9.0.1",
        "peers": ["10.9.0.2", "10.9.0.3"],
        "port": 4002,
        "agent_port": 4001,
        "renew_us": 7_000_000,
        "guard": ["10.0.0.1"],
    }
    assert part_of("option guard '0'")["guard"] == []
    for option, renew_us in ((), None), (("option renew '0'",), 0):
        assert check_plan(plan_of(*option))["parts"]["conntrack"]["renew_us"] == renew_us
    for text in (TEXT.replace("enabled '1'", "enabled '0'"), TEXT.partition("config conntrack")[0]):
        assert plan_of(text=text)["parts"] == {}
