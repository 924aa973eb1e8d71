# SPDX-License-Identifier: GPL-2.0-or-later
"""A WAN in octets and documents: netifd's status, the lease as steps, the end of a PPPoE session."""

import struct
import subprocess
from pathlib import Path

import pytest

from haven.agent.netlink_steps import FOR_EVER
from haven.agent.wan.client_process import is_client_alive
from haven.agent.wan.customer import read_identity
from haven.agent.wan.lease_steps import make_loan
from haven.agent.wan.netifd_status import InterfaceStatus, left_s
from haven.agent.wan.pppoe import is_offer, padi_frame, padt_frame, read_session, terminate_ack
from haven.contract.fields import DocumentError
from haven.contract.lending import read_loans
from haven.contract.wan_words import check_wans
from haven.plan import netlink_encoder
from haven.plan.netlink_encoder import RouteParts
from tests.lab.wait import wait_until

STATUS = {
    "up": True,
    "proto": "dhcp",
    "device": "eth1",
    "metric": 10,
    "uptime": 100,
    "ipv4-address": [{"address": "203.0.113.5", "mask": 24}],
    "route": [
        {"target": "0.0.0.0", "mask": 0, "nexthop": "192.0.2.1", "source": "203.0.113.5/32"},
        {"target": "192.0.2.1", "mask": 32, "nexthop": "0.0.0.0"},
    ],
    "dns-server": ["192.0.2.53"],
    "data": {"leasetime": 3600},
}


def lease() -> dict:
    found = InterfaceStatus(STATUS).lease
    assert found is not None
    return found


def test_a_lease_is_what_netifd_tells():
    assert lease() == {
        "addresses": ["203.0.113.5/24"],
        "prefixes": [],
        "routes": [
            {"target": "0.0.0.0/0", "via": "192.0.2.1", "metric": 10},
            {"target": "192.0.2.1/32", "metric": 10},
        ],
        "dns": ["192.0.2.53"],
        "left_s": 3500,
    }


@pytest.mark.parametrize(
    "broken",
    [
        {"ipv4-address": [{"address": "x", "mask": 24}]},
        {"ipv4-address": [{}]},
        {"route": [{}]},
        {"route": 5},
        {"dns-server": "no list"},
    ],
)
def test_what_is_no_lease_is_none(broken: dict):
    assert InterfaceStatus({**STATUS, **broken}).lease is None


def test_the_rest_of_the_time_is_after_the_last_renewal():
    assert left_s({"uptime": 100, "data": {"leasetime": 3600}}) == 3500
    # Renewed at 1800 s.
    assert left_s({"uptime": 1900, "data": {"leasetime": 3600}}) == 3500
    assert left_s({"uptime": 1900, "data": {}}) is None
    assert left_s({"ipv6-address": [{"address": "2001:db8::5", "mask": 128, "valid": 700}]}) == 700


def test_a_loan_is_what_havend_reads_and_the_way_is_before_the_gateway():
    loan = make_loan("wan", "gateway", "eth1", lease(), False)
    (read,) = read_loans([loan])
    said = [step.say for step in read.takeover]
    assert said == [
        "set eth1 up",
        "add 203.0.113.5/24 to eth1",
        "add route 192.0.2.1/32 dev eth1 metric 10",
        "add route default via 192.0.2.1 dev eth1 metric 10",
    ]
    assert read.release[0].say == "delete route default via 192.0.2.1 dev eth1 metric 10"
    assert read.announce == (("eth1", bytes((203, 0, 113, 5)), bytes((192, 0, 2, 1))),)


def test_the_octets_are_those_that_pyroute2_makes():
    """Routes are as the plan's, which pyroute2 encodes; the order of attributes is the kernel's affair."""
    loan = make_loan("wan", "gateway", "eth1", lease(), False)
    mine = bytes.fromhex(loan["takeover"][3]["octets"])
    theirs = netlink_encoder.route_add(RouteParts(4, "", "192.0.2.1", "eth1", None, 10, None))
    assert _meaning(mine) == _meaning(theirs.octets)
    ((at, device),) = loan["takeover"][3]["patch"]
    assert device == "eth1" and struct.unpack_from("@HH", mine, at - 4) == (8, 4)


def _meaning(octets: bytes) -> tuple:
    """Return what a route message says, whatever the order."""
    found, at = {}, 28
    while at < len(octets):
        length, kind = struct.unpack_from("@HH", octets, at)
        found[kind] = octets[at + 4 : at + length]
        at += (length + 3) & ~3
    # pyroute2 repeats the table as an attribute.
    found.pop(15, None)
    return octets[4:8], octets[16:28], found


def test_one_that_its_client_keeps_has_no_end():
    loan = make_loan("wan", "gateway", "eth1", lease(), True)
    octets = bytes.fromhex(loan["takeover"][0]["octets"])
    assert struct.pack("@II", FOR_EVER, FOR_EVER) in octets


def test_rubbish_from_a_peer_is_refused():
    good = {"name": "wan", "state": "up", "is_started": True, "turn": 1, "seen": [], "identity": {}}
    good |= {"lease": None, "session": None}
    assert check_wans([good]) == [good]
    for wrong in (
        {"state": "flying"},
        {"lease": {"addresses": []}},
        {"lease": {**lease(), "addresses": ["x"]}},
        {"lease": {**lease(), "addresses": ["203.0.113.5/x"]}},
        {"lease": {**lease(), "addresses": ["203.0.113.5/33"]}},
        {"lease": {**lease(), "addresses": ["203.0.113.5/-1"]}},
        {"lease": {**lease(), "addresses": ["203.0.113.5/\u00b2"]}},
        {"lease": {**lease(), "addresses": ["203.0.113.5/"]}},
        {"lease": {**lease(), "routes": [{"target": "0.0.0.0/999"}]}},
        {"lease": {**lease(), "routes": [{"target": "0.0.0.0/0", "via": "192.0.2.1/24"}]}},
        {"lease": {**lease(), "dns": ["192.0.2.53/x y"]}},
        {"lease": {**lease(), "routes": [{}] * 2}},
        {"lease": {**lease(), "dns": ["192.0.2.53"] * 65}},
        {"session": {"id": 0, "peer_mac": "00", "mac": "00"}},
        {"session": {"id": 1, "peer_mac": "00", "mac": "00"}},
        {"identity": {"MAC address": 5}},
    ):
        with pytest.raises(DocumentError):
            check_wans([{**good, **wrong}])
    with pytest.raises(DocumentError):
        check_wans([good] * 17)


def test_the_kernels_table_of_sessions_is_read(tmp_path: Path):
    table = tmp_path / "pppoe"
    table.write_text(
        "Id       Address              Device\n"
        "%08X 02:00:00:00:00:01   other\n"
        "%08X 02:00:00:00:00:01     wan\n" % (_printed(9), _printed(0x1234))
    )
    session = read_session("wan", "02:00:00:00:02:aa", str(table))
    assert session == {"id": 0x1234, "peer_mac": "020000000001", "mac": "0200000002aa"}
    assert read_session("lan", "02:00:00:00:02:aa", str(table)) is None
    assert read_session("wan", "", str(tmp_path / "none")) is None


def _printed(number: int) -> int:
    """Return what the kernel prints of a number in the order of the wire."""
    return struct.unpack("@H", struct.pack("!H", number))[0]


def test_the_frame_that_ends_a_session():
    frame = padt_frame({"id": 0x1234, "peer_mac": "020000000001", "mac": "0200000002aa"})
    # RFC 2516 5.5: code 0xa7, the session, no tag; padded to what Ethernet asks for.
    assert frame[:20].hex() == "0200000000010200000002aa886311a712340000"
    assert len(frame) == 60 and not any(frame[20:])


def test_what_the_provider_sees_is_read_from_the_networks_configuration(tmp_path: Path):
    folder = tmp_path / "etc/config"
    folder.mkdir(parents=True)
    (folder / "network").write_text(
        "config globals 'globals'\n\toption dhcp_default_duid '0004ab'\n"
        "config interface 'wan'\n\toption device 'no-such-device'\n\toption proto 'dhcp'\n"
        "config interface 'other'\n\toption proto 'pppoe'\n\toption username 'haven'\n"
    )
    root = str(tmp_path)
    assert read_identity(root, "wan", "") == {"interface": "wan", "client identifier": "0004ab"}
    assert read_identity(root, "other", "")["user name"] == "haven"
    assert read_identity(str(tmp_path / "none"), "wan", "") == {"interface": "wan"}


def test_a_client_that_yet_ends_is_at_work(tmp_path: Path):
    """netifd says that an interface is down as soon as it has told the client to end."""
    (tmp_path / "var/run").mkdir(parents=True)
    assert not is_client_alive(str(tmp_path), "wan")
    with subprocess.Popen(["busybox", "sleep", "60"]) as client:
        (tmp_path / "var/run/udhcpc-wan.pid").write_text(f"{client.pid}\n")
        wait_until(lambda: is_client_alive(str(tmp_path), "wan"), 10, "it is seen")
        client.kill()
    assert not is_client_alive(str(tmp_path), "wan")
    (tmp_path / "var/run/udhcpc-wan.pid").write_text("no number")
    assert not is_client_alive(str(tmp_path), "wan")


def test_the_end_of_a_dead_routers_session_is_confirmed_and_nothing_else():
    session = {"id": 0x1234, "peer_mac": "020000000001", "mac": "0200000002aa"}
    # RFC 2516 6 and RFC 1661 5.5: LCP, Terminate-Request, identifier 9, with a reason.
    head = "0200000002aa020000000001886411001234000ac021"
    request = bytes.fromhex(head + "05090008" + "6f766572")
    answer = terminate_ack(request, session)
    assert answer[:26].hex() == "0200000000010200000002aa8864110012340006c02106090004"
    assert len(answer) == 60
    for at in (0, 6, 12, 14, 15, 17, 20, 22):
        other = bytearray(request)
        other[at] ^= 0xFF
        assert terminate_ack(bytes(other), session) == b"", at
    assert all(terminate_ack(request[:length], session) == b"" for length in range(26))


def test_the_question_whether_a_provider_lets_anybody_in():
    mac, token = bytes.fromhex("0200000002aa"), b"12345678"
    frame = padi_frame(mac, "dsl", token)
    # RFC 2516 5.1: to everybody, code 9, no session; the service, and what tells our answer from pppd's.
    head = "ffffffffffff0200000002aa8863110900000013"
    assert frame[:39].hex() == head + "01010003" + b"dsl".hex() + "01030008" + token.hex()
    offer = bytes.fromhex("0200000002aa020000000001886311070000000c01030008") + token
    assert is_offer(offer, mac, token)
    assert not is_offer(offer, mac, b"87654321") and not is_offer(frame, mac, token)
    assert not any(is_offer(offer[:length], mac, token) for length in range(len(offer)))
