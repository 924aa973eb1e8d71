# SPDX-License-Identifier: GPL-2.0-or-later
"""Authenticated VRRP in octets: the draft's, and what must not pass."""

from binascii import unhexlify

from haven.core.auth.auth_spec import MONOTONIC, auth_spec, usual_window_us
from haven.core.auth.authenticator import Authenticator
from haven.core.auth.keyed_hash import Key, same
from haven.core.auth.serial_times import distance_us, following, is_after, sequence_at
from haven.core.auth.trailer import TRAILER_LENGTH
from haven.core.clock import SECOND
from haven.core.effects import Send
from haven.core.vrrp.advert import Advert, PacketError, decode, encode
from tests.core.check import raised, vectors
from tests.core.keyed import KEY, OTHER_KEY, TODAY, keys
from tests.core.wire import link_local, octets_of

GROUP_V4, GROUP_V6 = octets_of("224.0.0.18"), octets_of("ff02::12")
SOURCE_V4, SOURCE_V6 = octets_of("192.0.2.7"), link_local(7)


def authenticator(spec=None, wall_us=TODAY):
    """Return one that has just been made."""
    made = Authenticator(wall_us)
    made.set_spec(spec or keys())
    return made


def plain_send(family=4, version=3, priority=100, peers=None):
    """Return the word of an Active without a trailer."""
    source = SOURCE_V6 if family == 6 else SOURCE_V4
    virtual = link_local(99) if family == 6 else octets_of("192.0.2.1")
    advert = Advert(version, 51, priority, SECOND, (virtual,))
    to = peers or ((GROUP_V6 if family == 6 else GROUP_V4),)
    return Send("lan", source, tuple([(each, encode(advert, source, each)) for each in to]), TRAILER_LENGTH)


def packet_of(send, index=0):
    """Return what arrives of a Send."""
    destination, message = send.messages()[index]
    return (message, send.source, destination, 255)


def refused(receiver, packet, now=0):
    """Return why a packet is not let in: by its trailer, or by what stands before it; None if it is."""
    try:
        plain = receiver.open(packet, now)
        decode(plain[0], plain[1], plain[2])
    except PacketError as error:
        return error.reason
    return None


def test_the_vectors_of_the_draft_are_let_in():
    for case in vectors("authenticated_adverts.json"):
        packet = (
            unhexlify(case["octets"]),
            octets_of(case["source"]),
            octets_of(case["destination"]),
            255,
        )
        plain = authenticator(keys(replay=MONOTONIC)).open(packet, 0)
        advert = decode(plain[0], plain[1], plain[2])
        assert (advert.vrid, advert.priority) == (case["vrid"], 200), case["name"]
        assert refused(authenticator(keys(replay=MONOTONIC)), packet) is None
        assert refused(authenticator(), packet) == "auth_stale"
        elsewhere = (packet[0], packet[1][:-1] + b"\x20", packet[2], 255)
        assert refused(authenticator(keys(replay=MONOTONIC)), elsewhere) == "auth_hash"


def test_each_octet_of_the_vectors_says_by_itself_that_it_was_altered():
    expected = {0: "auth_malformed", 1: "auth_key", 2: "auth_malformed", 3: "auth_malformed"}
    for case in vectors("authenticated_adverts.json"):
        octets = unhexlify(case["octets"])
        source, destination = octets_of(case["source"]), octets_of(case["destination"])
        begin = len(octets) - TRAILER_LENGTH
        for at in range(len(octets)):
            altered = octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :]
            reason = refused(authenticator(keys(replay=MONOTONIC)), (altered, source, destination, 255))
            assert reason is not None, "%s: octet %d" % (case["name"], at)
            if at >= begin:
                assert reason == expected.get(at - begin, "auth_hash")
            elif at in (6, 7):
                assert reason == "checksum"


def test_what_is_signed_is_let_in_once_whatever_it_is():
    for family, version in ((4, 3), (6, 3), (4, 2)):
        signer, receiver = authenticator(), authenticator()
        send = plain_send(family, version)
        for now in (0, SECOND, SECOND, 2 * SECOND):
            packet = packet_of(signer.seal(send, now))
            assert len(packet[0]) == len(send.packets[0][1]) + TRAILER_LENGTH
            assert refused(receiver, packet, now) is None
            assert refused(receiver, packet, now) == "auth_replay"
        assert receiver.verified == 4


def test_each_peer_gets_the_same_signature():
    peers = (link_local(8), link_local(9))
    signed = authenticator().seal(plain_send(6, peers=peers), 0)
    assert [to for to, _message in signed.messages()] == list(peers)
    trailers = {message[-TRAILER_LENGTH:] for _to, message in signed.messages()}
    assert len(trailers) == 1
    for index in range(2):
        assert refused(authenticator(), packet_of(signed, index)) is None


def test_none_of_many_altered_packets_is_let_in():
    # The long form, 100 000, is `python -m bench auth`.
    random = numbers_by_chance()
    for family, version in ((4, 3), (6, 3), (4, 2)):
        signer, receiver = authenticator(), authenticator()
        good = packet_of(signer.seal(plain_send(family, version), 0))
        for _ in range(300):
            altered = alter(good[0], random)
            if altered != good[0]:
                assert refused(receiver, (altered,) + good[1:]) is not None, altered
        assert refused(receiver, good) is None


def numbers_by_chance():
    """Yield numbers below 2**16 that are the same each time."""
    state = 1
    while True:
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        yield state >> 8 & 0xFFFF


def alter(octets, random):
    """Return octets with one to four of them altered, some missing, or some more."""
    for _ in range(1 + next(random) % 4):
        at = next(random) % max(1, len(octets))
        octets = octets[:at] + bytes((next(random) & 255,)) + octets[at + 1 :]
    kind = next(random) % 8
    if kind == 0:
        return octets[: next(random) % len(octets)]
    if kind == 1:
        # A number that has been a big one stays so in MicroPython, whose bytes() takes none.
        return octets + b"\0" * (1 + next(random) % 40)
    return octets


def test_wrong_key_wrong_id_no_trailer_and_no_key_here():
    receiver = authenticator()
    send = plain_send()
    assert refused(receiver, packet_of(authenticator(keys(pairs=((1, OTHER_KEY),))).seal(send, 0))) == (
        "auth_hash"
    )
    assert refused(receiver, packet_of(authenticator(keys(pairs=((2, KEY),))).seal(send, 0))) == "auth_key"
    assert refused(receiver, packet_of(send)) == "auth_missing"
    message, source, destination, _ttl = packet_of(authenticator().seal(send, 0))
    assert raised(PacketError, decode, message, source, destination).reason == "auth_unwanted"


def test_keys_change_without_a_word_that_is_refused():
    old, new = (1, KEY), (2, OTHER_KEY)
    signer, receiver = authenticator(), authenticator()
    send, now = plain_send(), 0
    steps = ((old,), (old, new), (new, old), (new,))
    for step in range(1, len(steps)):
        for each in (receiver, signer):
            each.set_spec(keys(pairs=steps[step]))
            now += SECOND
            packet = packet_of(signer.seal(send, now))
            assert refused(receiver, packet, now) is None, "step %d" % step


def test_a_printed_specification_has_no_key():
    assert "000102" not in repr(keys()) and "\\x01" not in repr(keys())
    document = {"keys": [[7, "00" * 32]], "mode": "enforce", "replay": "time", "window_us": 5}
    assert repr(auth_spec(document)) == "AuthSpec(keys=[7], mode='enforce', replay='time', window_us=5)"


def test_a_signature_is_hmac_sha_256():
    # RFC 4231, test case 2 and 1, cut to 128 bits.
    key = Key(1, b"Jefe")
    assert key.finish(key.begin(b"what do ya want "), b"for nothing?") == unhexlify(
        "5bdcc146bf60754e6a042426089575c7"
    )
    key = Key(1, b"\x0b" * 20)
    assert key.finish(key.begin(b""), b"Hi There") == unhexlify("b0344c61d8db38535ca8afceaf0bf12b")
    assert same(b"ab", b"ab") and not same(b"ab", b"ac") and not same(b"ab", b"abc")


def test_sequences_go_on_through_the_year_2106():
    last = (1 << 32) * SECOND - 1
    assert sequence_at(1) < sequence_at(20) and sequence_at(SECOND) == 1 << 32
    assert is_after(sequence_at(last + 2), sequence_at(last))
    assert not is_after(sequence_at(last), sequence_at(last + 2)) and not is_after(5, 5)
    assert following((1 << 64) - 1) == 0
    assert abs(distance_us(sequence_at(last + SECOND), last) - SECOND) < 20
    assert abs(distance_us(sequence_at(last), last + SECOND) + SECOND) < 20


def test_the_usual_window_is_three_intervals_and_five_seconds_at_least():
    assert usual_window_us(SECOND // 10) == usual_window_us(SECOND) == 5 * SECOND
    assert usual_window_us(10 * SECOND) == 30 * SECOND and usual_window_us(255 * SECOND) == 300 * SECOND
