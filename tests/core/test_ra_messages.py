# SPDX-License-Identifier: GPL-2.0-or-later
"""Router advertisements and solicitations, octet for octet as another program writes them."""

from haven.core.announce import ALL_NODES, ALL_NODES_MAC
from haven.core.frame import icmpv6_frame
from haven.core.ra.messages import LEAST_MTU, Malformed, advertisements, heard_advert, solicitor
from haven.core.ra.prefixes import DeviceAddress, PrefixTable
from haven.inet import octets_of, text_of
from tests.core.check import raised, vectors
from tests.core.ra_specs import advert_spec

MAC = b"\x02\0\0\0\x01\x02"
CASES = vectors("router_adverts.json")


def table_of(spec, device=()):
    found = [DeviceAddress(octets_of(each[0]), each[1], each[2], each[3]) for each in device]
    table = PrefixTable()
    table.look(spec, found, True, 0)
    return table


def test_every_frame_is_that_of_another_encoder():
    for case in CASES["adverts"]:
        spec = advert_spec(**case["spec"])
        messages = advertisements(
            spec, table_of(spec, case["device"]), bytes.fromhex(case["mac"]), bool(case.get("final"))
        )
        host, mac = ALL_NODES, ALL_NODES_MAC
        if case["to"]:
            host, mac = octets_of(case["to"][0]), bytes.fromhex(case["to"][1])
        frames = [icmpv6_frame(mac, bytes.fromhex(case["mac"]), spec.source, host, each) for each in messages]
        assert [frame.hex() for frame in frames] == case["frames"], case["name"]


def test_what_is_heard_is_what_another_encoder_meant():
    for case in CASES["heard"]:
        heard = heard_advert(octets_of(case["source"]), case["hops"], bytes.fromhex(case["octets"]))
        assert heard.lifetime_s == case["lifetime_s"]
        assert [[text_of(each), length] for each, length in heard.withdrawn] == case["withdrawn"]
    for case in CASES["solicitations"]:
        mac = solicitor(octets_of(case["source"]), 255, bytes.fromhex(case["octets"]))
        assert (mac.hex() if mac else None) == case["mac"], case["name"]


def test_what_a_router_must_not_act_on_is_refused():
    host, good = octets_of("fe80::100"), bytes.fromhex(CASES["solicitations"][0]["octets"])
    for source, hops, octets in (
        (host, 254, good),
        (host, 255, good[:7]),
        (host, 255, b"\x85\x01" + good[2:]),
        (host, 255, good + b"\x01\0" + bytes(6)),
        (host, 255, good + b"\x01"),
        (host, 255, good + b"\x01\x02" + bytes(6)),
        (bytes(16), 255, good),
    ):
        raised(Malformed, solicitor, source, hops, octets)
    advert = bytes.fromhex(CASES["heard"][0]["octets"])
    raised(Malformed, heard_advert, octets_of("2001:db8::1"), 255, advert)
    raised(Malformed, heard_advert, host, 64, advert)
    raised(Malformed, heard_advert, host, 255, advert[:15])


def test_no_octets_make_anything_but_a_message_or_a_refusal():
    good = bytes.fromhex(CASES["heard"][0]["octets"])
    for at in range(len(good)):
        for value in (0, 1, 0x7F, 0xFF):
            octets = good[:at] + bytes((value,)) + good[at + 1 :]
            for each in (octets, octets[:at]):
                # MicroPython has no contextlib.
                try:  # noqa: SIM105
                    heard_advert(octets_of("fe80::9"), 255, each)
                except Malformed:
                    pass


def test_what_does_not_fit_a_packet_goes_in_another_one_of_the_same_router():
    spec = advert_spec(prefixes=["2001:db8:%x::/64" % number for number in range(1, 60)], dns=["fd77::1"])
    messages = advertisements(spec, table_of(spec), MAC)
    assert len(messages) == 2
    # IPv6's own header takes 40 octets; header and link-layer address stand in each message.
    assert all(len(each) <= LEAST_MTU - 40 and each[:24] == messages[0][:24] for each in messages)
    found = [text_of(each[at + 16 : at + 32]) for each in messages for at in range(24, len(each) - 31, 32)]
    assert found[:59] == ["2001:db8:%x::" % number for number in range(1, 60)]
    assert messages[1][-24] == 25
