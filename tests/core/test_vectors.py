# SPDX-License-Identifier: GPL-2.0-or-later
"""Octets captured from other implementations, or made by hand from the RFCs, and what they mean."""

from haven.core.announce import announcement
from haven.core.clock import MILLISECOND
from haven.core.frame import multicast_frame
from haven.core.vrrp.advert import PacketError, decode, encode, padded_password
from haven.core.vrrp.constants import virtual_mac
from tests.core.check import raised, vectors
from tests.core.wire import octets_of

unhex = bytes.fromhex


def test_decode_says_what_the_octets_mean():
    for case in vectors("adverts.json"):
        advert = decode(unhex(case["octets"]), octets_of(case["source"]), octets_of(case["destination"]))
        assert advert.version == case["version"], case["name"]
        assert advert.vrid == case["vrid"], case["name"]
        assert advert.priority == case["priority"], case["name"]
        assert advert.interval_us == case["interval_ms"] * MILLISECOND, case["name"]
        assert advert.addresses == tuple(octets_of(each) for each in case["addresses"]), case["name"]
        assert advert.checksum == case["checksum"], case["name"]
        if case["password"] is None:
            assert advert.auth is None, case["name"]
        else:
            assert advert.auth == b"\x01" + padded_password(case["password"].encode()), case["name"]


def test_encode_gives_the_octets_back():
    for case in vectors("adverts.json"):
        source, destination = octets_of(case["source"]), octets_of(case["destination"])
        advert = decode(unhex(case["octets"]), source, destination)
        advert.auth = None if case["password"] is None else case["password"].encode()
        assert encode(advert, source, destination).hex() == case["octets"], case["name"]


def test_a_broken_packet_is_refused_for_the_first_check_that_fails():
    for case in vectors("broken_adverts.json"):
        source, destination = octets_of(case["source"]), octets_of(case["destination"])
        error = raised(PacketError, decode, unhex(case["octets"]), source, destination)
        assert error.reason == case["reason"], case["name"]


def test_frames_are_what_the_rfcs_draw():
    for case in vectors("frames.json"):
        mac = unhex(case["mac"])
        if case["kind"] == "announcement":
            frame = announcement(mac, octets_of(case["address"]))
        else:
            source, group = octets_of(case["source"]), octets_of(case["destination"])
            frame = multicast_frame(mac, source, group, unhex(case["message"]))
        assert frame.hex() == case["octets"], case


def test_the_virtual_mac_is_one_for_each_family():
    assert virtual_mac(4, 51).hex() == "00005e000133"
    assert virtual_mac(6, 255).hex() == "00005e0002ff"
