# SPDX-License-Identifier: GPL-2.0-or-later
"""The option table and its kinds of values, on CPython and on MicroPython."""

from haven.config.addresses import Address, Route, TrackedInterface
from haven.config.options import CONNTRACK, GROUP, HAVEN, SECTIONS, VIRTUAL_ROUTER, section_type
from haven.config.options.option import option_text


def value(section, option, text):
    return section.option(option).kind.parse(text)


def refusal(section, option, text):
    try:
        value(section, option, text)
    except ValueError as why:
        return str(why)
    raise AssertionError("%r was taken" % text)


def test_every_default_is_a_good_value():
    for section in SECTIONS:
        for option in section.options:
            if option.default:
                option.kind.parse(option.default)


def test_names_are_unique_and_references_within_the_table_hold():
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)
    for section in SECTIONS:
        assert len(set(section.option_names)) == len(section.options)
        assert all(section.option(name) for name in section.one_of)
        for option in section.options:
            assert option.help.endswith("."), option.name
            if option.only_with:
                name, wanted = option.only_with
                assert value(section, name, option_text(wanted)) == wanted


def test_lookup_by_name():
    assert section_type("group") is GROUP
    assert section_type("x") is None
    assert GROUP.option("x") is None


def test_whole_numbers_are_ascii_digits_within_limits():
    assert value(VIRTUAL_ROUTER, "vrid", "1") == 1
    assert value(VIRTUAL_ROUTER, "vrid", "255") == 255
    for text in ("0", "256", "-1", "+1", "1_0", " 1", "1.0", "", "x", "9" * 5000, "\u0661"):
        message = refusal(VIRTUAL_ROUTER, "vrid", text)
        assert message.endswith("is not a whole number from 1 to 255"), message
    assert refusal(VIRTUAL_ROUTER, "advert_interval", "1005") == (
        "'1005' is not a whole number from 10 to 255000 in steps of 10"
    )


def test_flags_take_the_words_of_openwrt():
    assert [value(GROUP, "preempt", text) for text in ("1", "on", "true", "yes", "enabled")] == [True] * 5
    assert [value(GROUP, "preempt", text) for text in ("0", "off", "false", "no", "disabled")] == [False] * 5
    assert refusal(GROUP, "preempt", "maybe") == "'maybe' is neither 1 (yes) nor 0 (no)"


def test_choices_name_what_they_take():
    assert value(VIRTUAL_ROUTER, "version", "2") == 2
    assert refusal(VIRTUAL_ROUTER, "version", "4") == "'4' is none of these: 2, 3"
    assert refusal(VIRTUAL_ROUTER, "checksum", "masage") == (
        "'masage' is none of these: pseudo_header, message; did you mean 'message'?"
    )


def test_names_of_nodes_and_sections():
    assert value(HAVEN, "node", "r1.example-net") == "r1.example-net"
    for text in ("", "a b", "-a", "\u00e4", "a" * 64):
        assert "is not a host name" in refusal(HAVEN, "node", text)
    message = "'br-lan' is not a name; use letters, digits and _"
    assert refusal(VIRTUAL_ROUTER, "interface", "br-lan") == message


def test_device_names_follow_the_kernel():
    assert value(VIRTUAL_ROUTER, "device", "br-lan.10") == "br-lan.10"
    assert value(VIRTUAL_ROUTER, "device", "@wan_6+x~%^") == "@wan_6+x~%^"
    assert value(VIRTUAL_ROUTER, "device", "a" * 15) == "a" * 15
    assert refusal(VIRTUAL_ROUTER, "device", "a" * 16) == (
        "'aaaaaaaaaaaaaaaa' is too long for a device name; 15 characters are the limit"
    )
    # The last ones are the kernel's to take, and would mean something else to nft, conntrackd or a shell.
    for text in (
        "",
        "a b",
        "a/b",
        "a:1",
        ".",
        "..",
        'a"b',
        "a'b",
        "a{b",
        "a}b",
        "a\nb",
        "a;b",
        "a$b",
        "a\\b",
        "a\xa0",
    ):
        assert "is not a device name" in refusal(VIRTUAL_ROUTER, "device", text)


def test_a_secret_is_octets_and_is_not_repeated_in_a_message():
    assert value(VIRTUAL_ROUTER, "auth_pass", "12345678") == b"12345678"
    assert refusal(VIRTUAL_ROUTER, "auth_pass", "123456789") == "is 9 octets long; 8 at most are carried"


def test_tracks_have_a_name_and_a_weight():
    assert value(VIRTUAL_ROUTER, "track_interface", "wan") == TrackedInterface("wan", 0)
    assert value(VIRTUAL_ROUTER, "track_interface", "wan:20") == TrackedInterface("wan", 20)
    assert refusal(VIRTUAL_ROUTER, "track_interface", "wan:255") == (
        "the weight in 'wan:255' is not a whole number from 0 to 254"
    )
    assert refusal(VIRTUAL_ROUTER, "track_interface", "a:1:2") == "'a:1:2' is not NAME or NAME:WEIGHT"
    assert "is not a device name" in refusal(VIRTUAL_ROUTER, "track_interface", ":20")


def test_addresses_are_octets_with_a_length():
    assert value(VIRTUAL_ROUTER, "address", "192.168.1.1/24") == Address(b"\xc0\xa8\x01\x01", 24)
    assert value(VIRTUAL_ROUTER, "address", "192.168.1.1") == Address(b"\xc0\xa8\x01\x01", 32)
    assert value(VIRTUAL_ROUTER, "address", "fe80::1/64") == Address(b"\xfe\x80" + bytes(13) + b"\x01", 64)
    assert value(VIRTUAL_ROUTER, "address", "2001:db8::1").prefix == 128
    assert value(VIRTUAL_ROUTER, "address", "10.0.0.0/31") == Address(b"\x0a\x00\x00\x00", 31)


def test_wrong_addresses_say_what_is_wrong():
    strange = ("192.168.1.300/24", "192.168.1", "lan", "", "1.2.3.4/24/1", "fe80::1%a/64", "\u0661.1.1.1")
    for text in strange:
        assert "is not an IPv4 or IPv6 address" in refusal(VIRTUAL_ROUTER, "address", text)
    cases = (
        ("1.2.3.4/33", "'1.2.3.4/33': the prefix length of an IPv4 address is 1 to 32"),
        ("1.2.3.4/", "'1.2.3.4/': the prefix length of an IPv4 address is 1 to 32"),
        ("1.2.3.4/0", "'1.2.3.4/0': the prefix length of an IPv4 address is 1 to 32"),
        ("fe80::1/129", "'fe80::1/129': the prefix length of an IPv6 address is 1 to 128"),
        ("1.2.3.4/255.255.255.0", "'1.2.3.4/255.255.255.0': write the mask as a length, for example /24"),
        ("0.0.0.0/24", "'0.0.0.0/24' is not the address of a host"),
        ("::", "'::' is not the address of a host"),
        ("127.0.0.1/8", "'127.0.0.1/8' is a loopback address"),
        ("::1", "'::1' is a loopback address"),
        ("224.0.0.18", "'224.0.0.18' is a multicast address"),
        ("ff02::12", "'ff02::12' is a multicast address"),
        ("255.255.255.255", "'255.255.255.255' is the broadcast address"),
        ("::ffff:1.2.3.4", "'::ffff:1.2.3.4' is an IPv4 address in IPv6 dress; write it as IPv4"),
        ("192.168.1.0/24", "'192.168.1.0/24' is the address of the network itself, not of a host in it"),
        ("192.168.1.255/24", "'192.168.1.255/24' is the broadcast address of its network"),
    )
    for text, message in cases:
        assert refusal(VIRTUAL_ROUTER, "address", text) == message


def test_hosts_have_no_prefix_length():
    assert value(CONNTRACK, "address", "10.0.0.3") == b"\x0a\x00\x00\x03"
    assert refusal(CONNTRACK, "address", "10.0.0.3/24") == (
        "'10.0.0.3/24' is not an IPv4 or IPv6 address; leave out the prefix length"
    )
    assert refusal(CONNTRACK, "address", "224.0.0.1") == "'224.0.0.1' is a multicast address"


def test_routes_are_read_as_ip_route_writes_them():
    one, gateway = b"\x0a\x00\x00\x00", b"\x0a\x01\x01\x01"
    assert value(VIRTUAL_ROUTER, "route", "default via 10.1.1.1") == Route(None, gateway)
    assert value(VIRTUAL_ROUTER, "route", "10.0.0.0/8 dev eth0 src 10.1.1.1 metric 0 table 7") == Route(
        Address(one, 8),
        None,
        "eth0",
        gateway,
        0,
        7,
    )
    assert value(VIRTUAL_ROUTER, "route", "::/0 via fe80::1 dev wan").destination is None


def test_wrong_routes_say_what_is_wrong():
    cases = (
        ("", "an empty route; write for example 'default via 203.0.113.1'"),
        ("via 10.1.1.1", "a route begins with its destination ('default' or a network), not with 'via'"),
        ("default", "the route needs 'via ADDRESS' or 'dev DEVICE'"),
        ("default va 10.1.1.1", "'va' is not known in a route; did you mean 'via'?"),
        ("default via", "the route ends after 'via'; its value is missing"),
        ("default via 10.1.1.1 via 10.1.1.2", "the route has 'via' twice"),
        ("default via ten", "'ten' is not an IPv4 or IPv6 address"),
        ("default dev a/b", "'a/b' is not a device name; haven takes letters, digits and . _ - + @ ~ % ^"),
        ("10.0.0.1/8 dev a", "the destination '10.0.0.1/8' is not a network; did you mean '10.0.0.0/8'?"),
        ("10.0.0.0/40 dev a", "'10.0.0.0/40': the prefix length of an IPv4 address is 1 to 32"),
        ("10.0.0.0/8 via fe80::1 dev a", "'10.0.0.0/8 via fe80::1 dev a' mixes IPv4 and IPv6"),
        ("default via fe80::1", "a link-local gateway needs 'dev DEVICE' beside it"),
        ("default dev a metric x", "the metric 'x' is not a whole number from 0 to 4294967295"),
        ("default dev a table 0", "the table '0' is not a whole number from 1 to 4294967295"),
    )
    for text, message in cases:
        assert refusal(VIRTUAL_ROUTER, "route", text) == message
