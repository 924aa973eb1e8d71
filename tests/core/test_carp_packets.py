# SPDX-License-Identifier: GPL-2.0-or-later
"""CARP's octets and digest, against what others send."""

from haven.core.carp.packet import CarpAdvert, Digests, decode, encode
from haven.core.carp.ranking import fields_of, lowered, rank, tie
from haven.core.carp.sha1 import own_sha1, sha1
from haven.core.vrrp.advert import PacketError
from haven.core.vrrp.constants import is_carp
from tests.core.check import raised, vectors
from tests.core.wire import octets_of

unhex = bytes.fromhex
# FIPS 180-4's own examples, and one of each length around a block.
DIGESTS = (
    (b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    (b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
)


def cases():
    """Return each vector, with its octets and its digests."""
    for case in vectors("carp.json"):
        addresses = tuple([octets_of(each) for each in case["addresses"]])
        yield case, unhex(case["octets"]), Digests(case["password"].encode(), case["vhid"], addresses)


def test_the_digest_by_arithmetic_is_that_of_the_standard():
    for message, digest in DIGESTS:
        assert own_sha1(message).hex() == digest
    for length in range(50, 130):
        assert own_sha1(bytes(length)) == sha1(bytes(length)), length


def test_decode_says_what_the_octets_mean():
    for case, octets, digests in cases():
        advert = decode(octets)
        assert is_carp(octets), case["name"]
        assert digests.fit(advert), case["name"]
        for field in ("vhid", "advbase", "advskew", "demote", "counter"):
            assert getattr(advert, field) == case[field], (case["name"], field)


def test_encode_gives_the_octets_that_everybody_takes():
    for case, octets, digests in cases():
        if case["sends"]:
            digest = digests.of(case["counter"])
            fields = (case["vhid"], case["advbase"], case["advskew"], case["demote"], case["counter"])
            assert encode(CarpAdvert(*(fields + (digest,)))) == octets, case["name"]


def test_another_password_address_or_number_does_not_fit():
    for case, octets, _digests in cases():
        password, vhid = case["password"].encode(), case["vhid"]
        addresses = [octets_of(each) for each in case["addresses"]]
        advert = decode(octets)
        assert not Digests(password + b"x" if len(password) < 20 else b"x", vhid, addresses).fit(advert)
        assert not Digests(password, vhid ^ 1, addresses).fit(advert)
        assert not Digests(password, vhid, addresses + [octets_of("192.0.2.77")]).fit(advert)
        advert.counter = (advert.counter + 1) % (1 << 64)
        assert not Digests(password, vhid, addresses).fit(advert)


def test_a_broken_packet_is_refused_for_the_first_check_that_fails():
    good = unhex(vectors("carp.json")[0]["octets"])
    for octets, reason in (
        (good[:7], "length"),
        (b"\x31" + good[1:], "version"),
        (b"\x22" + good[1:], "type"),
        (good[:35], "length"),
        (good + b"\0", "length"),
        (good[:3] + b"\x05" + good[4:], "length"),
        (good[:2] + b"\x08" + good[3:], "checksum"),
    ):
        assert raised(PacketError, decode, octets).reason == reason
    assert not is_carp(b"\x21\x33\x64\x05" + bytes(32))


def test_an_octet_that_does_not_fit_is_not_cut_off():
    assert "256" in str(raised(ValueError, encode, CarpAdvert(1, 1, 256, 0, 1, bytes(20))))


def test_ranks_are_in_the_order_of_carp_and_can_be_read_back():
    ordered = ((0, 1, 0), (0, 1, 254), (0, 2, 0), (0, 3, 0), (0, 3, 1), (0, 254, 9), (1, 1, 0), (128, 1, 254))
    ranks = [rank(demote, base, skew, 1) for demote, base, skew in ordered]
    assert ranks == sorted(ranks, reverse=True)
    assert [fields_of(each) for each in ranks] == list(ordered)
    assert min(ranks[:4]) >= 256 and max(ranks[4:]) <= 1
    assert rank(0, 255, 255, 255) == 0 and fields_of(0) == (0, 255, 255)
    assert rank(0, 255, 254, 255) == 257


def test_what_lowers_an_advskew_leaves_it_a_candidate():
    assert [lowered(100, 0), lowered(100, 50), lowered(100, 250), lowered(254, 9)] == [100, 150, 240, 254]


def test_of_equals_ucarp_prefers_the_lower_address_from_its_end():
    assert tie(octets_of("10.0.0.1")) > tie(octets_of("10.0.0.2"))
    assert tie(octets_of("10.0.9.1")) > tie(octets_of("10.0.0.2"))
