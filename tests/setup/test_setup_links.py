# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel shows of devices, and what ARP frames say, as facts."""

import sys
from pathlib import Path

import pytest

from haven.core.announce import gratuitous_arp
from haven.plan.machine import DeviceFacts, Machine, OwnAddress
from haven.setup import live_facts
from haven.setup.arp_probe import probe, sender_of, who_answers
from haven.setup.own_addresses import has_address, keep_address, message

MAC, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
ADDRESS = bytes((192, 168, 1, 2))


SIX = (OwnAddress("192.168.1.1", True), OwnAddress("fe80::1:2", True))
Links = dict[str, live_facts.LinkFacts]


def device(index: int, name: str, kind: str = "", lower: int = 0, hardware: int = 1) -> DeviceFacts:
    """Return a device that is up."""
    addresses = SIX if name == "br-lan" else ()
    return DeviceFacts(index, name, MAC, 1500, True, hardware, kind, lower, addresses=addresses)


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Links:
    """A board: eth0 carries the switch with lan1 to lan3 and wan; a radio, a spare port, and what is none."""
    monkeypatch.setattr(live_facts, "SYSFS", str(tmp_path))
    devices = [
        device(1, "lo", hardware=772),
        device(2, "eth0"),
        device(3, "lan1", "dsa", lower=2),
        device(4, "lan2", "dsa", lower=2),
        device(5, "eth1"),
        device(6, "br-lan", "bridge"),
        device(7, "wlan0"),
        device(8, "eth1.7", "vlan", lower=0),
        device(9, "eth2"),
    ]
    for each in devices:
        (tmp_path / each.name).mkdir()
        (tmp_path / each.name / "carrier").write_text("0\n" if each.name == "lan2" else "1\n")
    (tmp_path / "lan1/master").mkdir()
    (tmp_path / "wlan0/phy80211").mkdir()
    # A switch of another make says so itself.
    (tmp_path / "eth2/dsa").mkdir()
    (tmp_path / "eth1/carrier").unlink()
    return live_facts._links(Machine({each.name: each for each in devices}))


def test_free_ports_are_those_that_carry_nothing_and_belong_to_nothing(
    links: dict[str, live_facts.LinkFacts],
):
    assert [name for name, link in links.items() if link.free] == ["lan2", "eth1"]


def test_a_device_without_a_cable_is_down(links: Links):
    assert [name for name, link in links.items() if not link.up] == ["lan2", "eth1"]
    assert links["br-lan"].link_local == ("fe80::1:2",)


def test_a_probe_speaks_for_nobody():
    assert sender_of(probe(OTHER, ADDRESS), MAC) is None
    assert probe(MAC, ADDRESS)[:12] == b"\xff" * 6 + MAC and probe(MAC, ADDRESS).endswith(ADDRESS)


def test_whoever_has_an_address_is_heard_and_oneself_is_not():
    frame = gratuitous_arp(OTHER, ADDRESS)
    assert sender_of(frame, MAC) == ADDRESS and sender_of(frame, OTHER) is None
    assert sender_of(frame + bytes(18), MAC) == ADDRESS
    for cut in range(len(frame)):
        assert sender_of(frame[:cut], MAC) is None


def test_a_device_that_is_not_there_has_no_neighbours_and_no_addresses():
    assert who_answers("nowhere0", ["192.168.1.2"]) == set()
    assert not has_address("nowhere0", "192.168.1.1") and not keep_address("nowhere0", "192.168.1.1", 32, 5)


def test_the_loopback_device_has_its_address_for_good():
    assert has_address("lo", "127.0.0.1", permanent=True)


def test_a_message_to_the_kernel_has_the_length_that_it_says():
    octets = message(7, ADDRESS, 32, 60)
    assert int.from_bytes(octets[:4], sys.byteorder) == len(octets) and octets.count(ADDRESS) == 2
