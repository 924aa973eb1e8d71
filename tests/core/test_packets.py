# SPDX-License-Identifier: GPL-2.0-or-later
"""Which packets a virtual router takes, and what it says of those that it drops (RFC 9568 7.1)."""

from haven.core.clock import CENTISECOND, SECOND
from haven.core.effects import Dropped
from haven.core.events import AdvertHeard
from haven.core.rate_limit import MAX_KEYS, PERIOD
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import MESSAGE, is_link_local
from tests.core.check import raised
from tests.core.wire import Wire, group, link_local, octets_of, router

PEER = octets_of("10.0.0.9")


def lone(*specs):
    """Return a node that has just started as Backup."""
    wire = Wire()
    node = wire.node("a", *(specs or (group(),)))
    node.start()
    node.forget()
    return node


def advert_of(node, **changes):
    """Return an ADVERTISEMENT that the virtual router 'lan' of a node would accept, but for the changes."""
    spec = node.member().spec
    fields = {
        "version": spec.version,
        "vrid": spec.vrid,
        "priority": 200,
        "interval_us": spec.advert_interval_us,
        "addresses": spec.addresses,
        "auth": spec.auth,
    }
    fields.update(changes)
    return Advert(**fields)


def say(node, source=PEER, ttl=255, **changes):
    """Let a node hear an ADVERTISEMENT; return the reason for which it was dropped, or None."""
    destination = node.member().spec.destinations()[0]
    message = encode(advert_of(node, **changes), source, destination)
    return fate(node.hear(message, source, ttl=ttl))


def fate(effects):
    """Return why a packet was dropped, or None."""
    reasons = [effect.reason for effect in effects if type(effect) is Dropped]
    return reasons[0] if reasons else None


def patched(node, position, value, source=PEER):
    """Return a good packet with one octet changed and the checksum put right (RFC 1624)."""
    destination = node.member().spec.destinations()[0]
    message = bytearray(encode(advert_of(node), source, destination))
    old = (message[position & ~1] << 8) | message[position | 1]
    message[position] = value
    new = (message[position & ~1] << 8) | message[position | 1]
    total = ~((message[6] << 8) | message[7]) & 0xFFFF
    total += (~old & 0xFFFF) + new
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    message[6], message[7] = (~total & 0xFFFF) >> 8, ~total & 0xFF
    return bytes(message)


def test_a_good_packet_is_taken():
    node = lone()
    assert say(node) is None
    assert node.member().counters.received == 1
    assert node.member().active_source == PEER
    assert node.member().active_priority == 200


def test_both_checksums_of_version_3_are_taken():
    node = lone()
    assert say(node, checksum=MESSAGE) is None
    assert node.member().counters.received == 1


def test_every_ttl_but_255_is_dropped():
    node = lone()
    for ttl in (0, 1, 64, 254):
        say(node, ttl=ttl)
    assert node.member().counters.errors["ttl"] == 4
    assert node.member().counters.received == 0


def test_another_version_is_dropped_with_a_word():
    node = lone()
    assert say(node, version=2) == "version"
    node = lone(group(router(version=2)))
    assert say(node, version=3) == "version"


def test_a_virtual_router_that_is_not_ours_is_nothing_to_tell_of():
    node = lone()
    message = encode(advert_of(node, vrid=52), PEER, octets_of("224.0.0.18"))
    assert not node.hear(message, PEER)
    assert sum(node.member().counters.errors.values()) == 0
    assert not node.handle(AdvertHeard("wan", 4, PEER, octets_of("224.0.0.18"), 255, message))


def test_a_packet_without_a_vrid_is_nobodys():
    node = lone()
    for message in (b"", b"\x31"):
        assert not node.hear(message, PEER)


def test_a_packet_with_our_vrid_and_little_else_is_too_short():
    node = lone()
    assert fate(node.hear(bytes((0x31, 51)), PEER)) == "length"


def test_a_packet_without_an_address_is_dropped():
    # Erratum 8299 of RFC 9568.
    node = lone()
    message = patched(node, 3, 0)
    assert fate(node.hear(message, PEER)) == "length"
    # 0x31 51 200 0, one second: a header alone, with the checksum over the message.
    message = bytes((0x31, 51, 200, 0, 0, 100, 0x06, 0x68))
    assert fate(node.hear(message, PEER)) == "count"


def test_the_reserved_bits_are_ignored():
    node = lone()
    assert fate(node.hear(patched(node, 4, 0xF0), PEER)) is None
    assert node.member().counters.received == 1
    assert node.member().active_adver_interval_us == SECOND


def test_an_interval_of_zero_is_dropped():
    # Erratum 8301 of RFC 9568.
    node = lone()
    assert fate(node.hear(patched(node, 5, 0), PEER)) == "interval"


def test_version_3_takes_an_interval_that_is_not_its_own():
    node = lone()
    assert say(node, interval_us=3 * CENTISECOND) is None
    assert node.member().active_adver_interval_us == 3 * CENTISECOND
    assert node.member().anomalies["interval"][0] == PEER
    assert say(node) is None
    assert "interval" not in node.member().anomalies


def test_version_2_drops_an_interval_that_is_not_its_own():
    node = lone(group(router(version=2)))
    assert say(node, interval_us=2 * SECOND) == "interval"
    assert say(node) is None


def test_version_2_without_a_password_drops_one_that_has_it():
    node = lone(group(router(version=2)))
    assert say(node, auth=b"s3cret") == "auth_type"


def test_version_2_with_a_password_asks_for_it():
    node = lone(group(router(version=2, auth=b"s3cret")))
    assert say(node, auth=None) == "auth_type"
    assert say(node, auth=b"secret") == "auth_data"
    # RFC 2338 type 2, the authentication header; of the kinds of one source one is told for now.
    assert fate(node.hear(patched(node, 4, 2), PEER)) is None
    assert node.member().counters.errors["auth_type"] == 2
    assert say(node, auth=b"s3cret\0\0") is None
    assert node.member().active_source == PEER


def test_the_first_ipv6_address_has_to_be_link_local():
    # Erratum 8300 of RFC 9568.
    node = lone(group(router(family=6)))
    peer = link_local(9)
    assert say(node, source=peer) is None
    other = octets_of("fd00::1")
    assert say(node, source=peer, addresses=(other, link_local(99))) == "link_local"
    assert say(node, source=peer, addresses=(link_local(99), other)) is None


def test_link_local_is_a_tenth_of_a_prefix():
    assert is_link_local(octets_of("febf::1"))
    assert not is_link_local(octets_of("fec0::1"))
    assert not is_link_local(octets_of("ff80::1"))
    assert not is_link_local(octets_of("10.0.0.1"))


def test_other_addresses_are_taken_with_a_remark():
    node = lone()
    assert say(node, addresses=(octets_of("192.168.51.7"),)) is None
    assert node.member().anomalies["addresses"][0] == PEER
    assert say(node, source=octets_of("10.0.0.8")) is None
    assert "addresses" in node.member().anomalies
    assert say(node) is None
    assert "addresses" not in node.member().anomalies


def test_the_order_of_the_addresses_does_not_matter():
    both = (octets_of("192.168.51.1"), octets_of("192.168.51.2"))
    node = lone(group(router(addresses=both)))
    assert say(node, addresses=(both[1], both[0])) is None
    assert node.member().anomalies == {}


def test_a_second_owner_is_remarked():
    node = lone(group(router(priority=255)))
    say(node, priority=255)
    assert node.member().anomalies["owner"][0] == PEER


def test_a_packet_from_our_own_address_is_another_machine():
    node = lone()
    own = node.address("lan")
    assert say(node, source=own) == "source"
    assert node.member().anomalies["own_address"][0] == own


def test_unicast_takes_the_peers_alone_and_what_came_through_as_many_routers_as_there_are():
    node = lone(group(router(unicast_peers=(PEER,), unicast_hops=2)))
    own = node.address("lan")

    def arrive(source, ttl):
        message = encode(advert_of(node), source, own)
        return fate(node.hear(message, source, destination=own, ttl=ttl))

    assert arrive(octets_of("10.0.0.8"), 255) == "source"
    assert arrive(PEER, 252) == "ttl"
    assert arrive(PEER, 253) is None
    assert node.member().counters.received == 1


def test_unicast_peers_are_on_the_link_unless_told_otherwise():
    node = lone(group(router(unicast_peers=(PEER,))))
    own = node.address("lan")
    message = encode(advert_of(node), PEER, own)
    assert fate(node.hear(message, PEER, destination=own, ttl=254)) == "ttl"
    assert fate(node.hear(message, PEER, destination=own, ttl=255)) is None


def test_a_reason_is_given_once_in_a_while():
    node = lone()
    assert say(node, ttl=1) == "ttl"
    assert [say(node, ttl=1) for _ in range(3)] == [None, None, None]
    node.wire.now += PERIOD
    effects = node.hear(encode(advert_of(node), PEER, octets_of("224.0.0.18")), PEER, ttl=1)
    assert [effect.suppressed for effect in effects if type(effect) is Dropped] == [3]


def test_a_flood_of_senders_is_not_a_flood_of_words():
    node = lone()
    for number in range(4 * MAX_KEYS):
        say(node, source=bytes((172, 16, number >> 8, number & 255)), ttl=1)
    assert node.member().counters.errors["ttl"] == 4 * MAX_KEYS
    assert MAX_KEYS <= len(node.said(Dropped)) <= 2 * MAX_KEYS
    node.wire.now += PERIOD
    assert say(node, source=octets_of("172.17.0.1"), ttl=1) == "ttl"


def test_a_flood_of_senders_hides_nobody():
    node = lone()
    to = octets_of("224.0.0.18")
    for number in range(2 * MAX_KEYS):
        source = bytes((172, 16, number >> 8, number & 255))
        node.hear(encode(advert_of(node, vrid=52), source, to), source)
        say(node, source=source, ttl=1)
    node.forget()
    # Not even a word for the log, as of so many others.
    assert say(node, version=2) is None
    assert node.member().drops["version"] == (PEER, node.wire.now)
    assert node.member().drops["ttl"] == (source, node.wire.now)


def test_what_does_not_fit_is_not_encoded():
    # MicroPython's struct would cut it off without a word.
    node = lone()
    source, destination = PEER, octets_of("224.0.0.18")
    for changes in (
        {"version": 4},
        {"vrid": 0},
        {"vrid": 256},
        {"priority": 256},
        {"priority": -1},
        {"interval_us": 0},
        {"interval_us": CENTISECOND - 1},
        {"interval_us": 4096 * CENTISECOND},
        {"addresses": ()},
        {"addresses": (PEER,) * 256},
        {"version": 2, "interval_us": 256 * SECOND},
        {"version": 2, "interval_us": SECOND - 1},
    ):
        error = raised(ValueError, encode, advert_of(node, **changes), source, destination)
        assert "is not in" in str(error)


def test_an_event_that_nobody_knows_is_a_mistake():
    node = lone()
    raised(TypeError, node.handle, advert_of(node))
