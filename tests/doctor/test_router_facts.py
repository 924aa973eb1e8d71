# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router reads of itself: routes, memory, frames on the wire."""

import sys

import pytest

from haven.core.frame import multicast_frame
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import GROUP_V4, GROUP_V6, TTL
from haven.doctor import trial_frames
from haven.doctor.kernel_facts import available_kb, default_routes
from haven.doctor.wire_tally import WireTally
from haven.inet import octets_of

MAC = bytes.fromhex("020000000102")
HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


NONSENSE = [b"", b"\x45" * 19, b"\x45" + bytes(8) + b"\x70" + bytes(40), b"\xff" * 60]


def route(device: str, gateway: str, flags: str, metric: int) -> str:
    number = int.from_bytes(octets_of(gateway), sys.byteorder)
    return f"{device}\t00000000\t{number:08X}\t{flags}\t0\t0\t{metric}\t00000000\t0\t0\t0\n"


def test_default_routes_come_by_their_metric_and_a_line_between_two_has_no_gateway():
    lan = "br-lan\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    text = HEAD + route("wwan0", "10.0.0.1", "0003", 20) + lan + route("pppoe-wan", "0.0.0.0", "0001", 0)
    assert default_routes(text) == [["pppoe-wan", ""], ["wwan0", "10.0.0.1"]]
    assert default_routes(HEAD) == default_routes("") == []


def test_memory_is_what_programs_can_still_have():
    assert available_kb("MemTotal: 1 kB\nMemAvailable:   5000 kB\n") == 5000
    assert available_kb("MemFree: 1 kB\nMemAvailable:\n") is None


@pytest.mark.parametrize(("family", "source"), [(4, "10.0.0.2"), (6, "fe80::2")])
def test_trial_frames_are_told_from_adverts_by_what_nobody_else_says(family: int, source: str):
    tally, octets = WireTally(family, []), octets_of(source)
    for frame in trial_frames.frames(MAC, octets, 255, True):
        tally.hear(frame[14:], frame[6:12], False)
    group = GROUP_V6 if family == 6 else GROUP_V4
    usual = encode(Advert(3, 255, 1, 1_000_000, (octets,)), octets, group)
    tally.hear(multicast_frame(MAC, octets, group, usual)[14:], MAC, False)
    rows = {row["trial"]: row for row in tally.rows()}
    assert set(rows) == {0, *trial_frames.MARKS} and {row["ttl"] for row in rows.values()} == {TTL}
    assert rows[trial_frames.FOREIGN_MAC]["mac"] == f"00:00:5e:00:0{1 if family == 4 else 2}:ff"
    assert tally.vrids() == {255} and trial_frames.free_vrid(tally.vrids()) == 254


def test_what_the_firewall_let_in_counts_with_any_address_that_it_was_sent_to():
    source, own = octets_of("10.0.0.2"), octets_of("10.0.0.3")
    tally = WireTally(4, [own])
    for to in (GROUP_V4, own, octets_of("10.0.0.4")):
        tally.passed.clear()
        tally.let_in(trial_frames.message(255, trial_frames.MULTICAST, source, to), source)
        assert tally.passed == ({("10.0.0.2", 1)} if to != octets_of("10.0.0.4") else set())


@pytest.mark.parametrize(
    "packet", [b"", b"\x45" * 19, b"\x45" + bytes(8) + b"\x70" + bytes(40), b"\xff" * 60]
)
def test_nonsense_on_the_wire_is_no_sender(packet: bytes):
    for family in (4, 6):
        tally = WireTally(family, [])
        tally.hear(packet, MAC, False)
        tally.let_in(packet, octets_of("10.0.0.2"))
        assert all(row["wrong"] and not row["trial"] for row in tally.rows()) and not tally.passed


def test_a_flood_is_bounded():
    tally = WireTally(4, [])
    for number in range(2000):
        source = octets_of(f"10.9.{number // 250}.{number % 250 + 1}")
        advert = encode(Advert(3, 7, 100, 1_000_000, (source,)), source, GROUP_V4)
        tally.hear(multicast_frame(MAC, source, GROUP_V4, advert)[14:], MAC, False)
    assert len(tally.rows()) == 200
