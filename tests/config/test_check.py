# SPDX-License-Identifier: GPL-2.0-or-later
"""Every mistake a configuration can hold, by the line, section, option and words that report it."""

import pytest

from haven.config.addresses import Address, Route, TrackedInterface
from haven.config.load import load_text

GOOD = """\
config virtual_router 'lan'
    option device 'br-lan'
    option vrid '51'
    list address '192.168.1.1/24'
"""
SECOND = GOOD.replace("'lan'", "'wan'").replace("br-lan", "wan").replace("168.1", "168.2")
SIX = """\
config virtual_router 'lan6'
    option device 'br-lan'
    option vrid '51'
    list address 'fe80::1/64'
"""


def complaints(text):
    model, problems = load_text(text, "haven", "r1")
    assert (model is None) == bool(problems)
    return [str(problem) for problem in problems]


def model_of(text):
    model, problems = load_text(text, "haven", "r1")
    assert problems == []
    return model


def test_the_least_configuration_gets_the_defaults():
    model = model_of(GOOD)
    assert (model.main.enabled, model.main.node, model.main.realtime) == (False, "r1", 50)
    group = model.groups[0]
    assert (group.name, group.preempt, group.preempt_delay_us) == ("lan", False, 0)
    router = model.virtual_routers[0]
    assert (router.name, router.group, router.interface, router.device) == ("lan", "lan", None, "br-lan")
    assert (router.vrid, router.version, router.family, router.priority) == (51, 3, 4, 100)
    assert (router.advert_interval_us, router.announce_refresh_us) == (1_000_000, 60_000_000)
    assert (router.virtual_mac, router.accept, router.checksum) == (False, True, "pseudo_header")
    assert router.addresses == (Address(bytes([192, 168, 1, 1]), 24),)
    assert (router.routes, router.unicast_peers, router.track_interfaces) == ((), (), ())
    assert (router.auth_pass, router.source_address) == (None, None)
    assert model.conntrack is None


def test_every_option_reaches_the_model():
    model = model_of(
        """
config haven
    option enabled 1
    option node 'left'
    option realtime '0'
config group 'g'
    option preempt 'yes'
    option preempt_delay '5'
config virtual_router 'lan'
    option group 'g'
    option interface 'lan'
    option vrid '7'
    option version '2'
    option priority '255'
    option advert_interval '3000'
    option virtual_mac '1'
    option accept '0'
    option auth_pass 'secret'
    option source_address '10.0.0.2'
    option announce_refresh '0'
    list unicast_peer '10.0.0.3'
    list address '10.0.0.1'
    list route 'default via 10.0.0.9 metric 3'
    list track_interface 'wan:20'
config conntrack
    option enabled '1'
    option device 'sync0'
    option address '10.9.0.1'
    list peer_address '10.9.0.2'
"""
    )
    assert (model.main.enabled, model.main.node, model.main.realtime) == (True, "left", 0)
    group = model.groups[0]
    assert (group.name, group.preempt, group.preempt_delay_us) == ("g", True, 5_000_000)
    router = model.virtual_routers[0]
    assert (router.group, router.interface, router.device) == ("g", "lan", None)
    assert (router.version, router.priority, router.advert_interval_us) == (2, 255, 3_000_000)
    assert (router.virtual_mac, router.accept, router.announce_refresh_us) == (True, False, 0)
    assert (router.auth_pass, router.source_address) == (b"secret", bytes([10, 0, 0, 2]))
    assert router.unicast_peers == (bytes([10, 0, 0, 3]),)
    assert router.routes == (Route(None, via=bytes([10, 0, 0, 9]), metric=3),)
    assert router.track_interfaces == (TrackedInterface("wan", 20),)
    copied = model.conntrack
    assert copied is not None
    assert (copied.interface, copied.device, copied.address) == (None, "sync0", bytes([10, 9, 0, 1]))
    assert (copied.peer_addresses, copied.port) == ((bytes([10, 9, 0, 2]),), 3780)
    assert (copied.renew_us, copied.sync_wait_us, copied.guard) == (None, 60_000_000, True)


def test_an_option_is_still_read_by_the_name_that_it_had():
    text = GOOD + "config conntrack\n\toption enabled 1\n\toption device s\n\toption address 10.9.0.1\n"
    text += "\tlist peer_address 10.9.0.2\n"
    before, now = model_of(text + "\toption wait 5\n"), model_of(text + "\toption sync_wait 5\n")
    assert before == now and now.warnings == ()
    (warning,) = before.warnings
    assert str(warning).startswith("haven:10: @conntrack[0], option 'wait': is now called 'sync_wait'")
    both = text + "\toption wait 5\n\toption sync_wait 6\n"
    assert "takes one value but has 2, on lines 10, 11" in complaints(both)[0]


def test_a_link_that_clients_are_on_is_warned_of():
    def texts(place: str, enabled: str = "1") -> list[str]:
        more = f"config conntrack\n\toption enabled {enabled}\n\toption {place}\n\toption address 10.9.0.1\n"
        return [str(warning) for warning in model_of(GOOD + more + "\tlist peer_address 10.9.0.2\n").warnings]

    (warning,) = texts("device br-lan")
    assert warning.startswith(
        "haven:7: @conntrack[0], option 'device': 'br-lan' is that of virtual_router 'lan' as well: "
    )
    assert texts("device sync") == texts("interface lan") == texts("device br-lan", "0") == []


def test_models_that_mean_the_same_are_equal():
    assert model_of(GOOD) == model_of("# a comment\n" + GOOD + "    option priority '100'\n")
    assert model_of(GOOD) != model_of(GOOD + "    option priority '101'\n")


def test_addresses_have_a_text():
    router = model_of(GOOD).virtual_routers[0]
    assert router.addresses[0].text == "192.168.1.1/24"


def test_a_list_may_be_one_option_with_spaces():
    model = model_of(GOOD.replace("list address '", "option address '192.168.1.2 "))
    assert len(model.virtual_routers[0].addresses) == 2


def test_an_empty_option_is_not_set():
    model = model_of(GOOD + "    option auth_pass ''\n    option priority ''\n    option route ''\n")
    assert (model.virtual_routers[0].auth_pass, model.virtual_routers[0].priority) == (None, 100)


def test_a_disabled_conntrack_may_be_unfinished():
    assert model_of(GOOD + "config conntrack\n").conntrack is None


def test_one_link_local_address_may_stand_on_two_devices():
    other = SIX.replace("lan6", "wan6").replace("br-lan", "wan")
    assert len(model_of(SIX + other).virtual_routers) == 2


def test_all_problems_come_at_once_in_the_order_of_lines():
    text = "config virtual_router 'lan'\n  option vrid '300'\n  optin x\n"
    text += "  option premept '1'\n  option device 'a b'\n"
    assert complaints(text) == [
        "haven:1: virtual_router 'lan', option 'address': is missing",
        "haven:2: virtual_router 'lan', option 'vrid': '300' is not a whole number from 1 to 255",
        "haven:3: virtual_router 'lan': a line cannot start with 'optin'; did you mean 'option'?",
        "haven:4: virtual_router 'lan', option 'premept': "
        "is not known; did you mean 'preempt' of a 'group' section?",
        "haven:5: virtual_router 'lan', option 'device': "
        "'a b' is not a device name; haven takes letters, digits and . _ - + @ ~ % ^",
    ]


LAN = "virtual_router 'lan'"

WITHIN_A_ROUTER = [
    # (text added to a good virtual_router, line, option, message)
    ("option prioritty '1'", 5, "prioritty", "is not known; did you mean 'priority'?"),
    ("option colour 'red'", 5, "colour", "is not known"),
    ("option preempt '1'", 5, "preempt", "is not known here; it belongs in a 'group' section"),
    ("option advert_int '1'", 5, "advert_int", "is not known; here it is 'advert_interval'"),
    ("option use_vmac '1'", 5, "use_vmac", "is not known; here it is 'virtual_mac'"),
    ("option priority '0'", 5, "priority", "'0' is not a whole number from 1 to 255"),
    ("option accept 'perhaps'", 5, "accept", "'perhaps' is neither 1 (yes) nor 0 (no)"),
    ("option version '4'", 5, "version", "'4' is none of these: 2, 3"),
    ("list priority '10'", 5, "priority", "takes one value: write 'option', not 'list'"),
    ("option vrid '52'", 5, "vrid", "takes one value but has 2, on lines 3, 5"),
    ("list address ''", 5, "address", "'' is not an IPv4 or IPv6 address"),
    ("list address '192.168.1.1/24'", 5, "address", "'192.168.1.1/24' stands here twice"),
    ("list address '192.168.1.1'", 5, "address", "'192.168.1.1' stands here twice"),
    ("list address '224.0.0.18'", 5, "address", "'224.0.0.18' is a multicast address"),
    (
        "list address 'fe80::1/64'",
        5,
        "address",
        "'fe80::1/64' is IPv6, but '192.168.1.1/24' makes this virtual router IPv4; "
        "use a second virtual_router for it",
    ),
    (
        "list unicast_peer '2001:db8::2'",
        5,
        "unicast_peer",
        "'2001:db8::2' is IPv6, but '192.168.1.1/24' makes this virtual router IPv4; "
        "use a second virtual_router for it",
    ),
    (
        "list route '2001:db8::/32 dev wan'",
        5,
        "route",
        "'2001:db8::/32 dev wan' is IPv6, but '192.168.1.1/24' makes this virtual router IPv4; "
        "use a second virtual_router for it",
    ),
    (
        "option source_address 'fe80::2'",
        5,
        "source_address",
        "'fe80::2' is IPv6, but '192.168.1.1/24' makes this virtual router IPv4; "
        "use a second virtual_router for it",
    ),
    (
        "list unicast_peer '192.168.1.1'",
        5,
        "unicast_peer",
        "'192.168.1.1' is a virtual address, not one of a router",
    ),
    (
        "option source_address '192.168.1.2'\n    list unicast_peer '192.168.1.2'",
        6,
        "unicast_peer",
        "'192.168.1.2' is the source_address of this router",
    ),
    (
        "option source_address '192.168.1.1'",
        5,
        "source_address",
        "is a virtual address; only its owner (priority 255) can send from it",
    ),
    ("option auth_pass 'x'", 5, "auth_pass", "works with version 2 only; here it is version 3"),
    (
        "option version '2'\n    option checksum 'message'",
        6,
        "checksum",
        "works with version 3 only; here it is version 2",
    ),
    (
        "option version '2'\n    option advert_interval '1500'",
        6,
        "advert_interval",
        "version 2 counts whole seconds: 1500 ms is not a multiple of 1000",
    ),
    (
        "option advert_interval '41000'",
        5,
        "advert_interval",
        "41000 ms is more than the 40950 ms that version 3 can say",
    ),
    ("option group 'gone'", 5, "group", "there is no group 'gone'"),
    ("option interface 'lan'", 1, None, "has more than one of these: interface, device; keep one of them"),
]


@pytest.mark.parametrize(("added", "line", "option", "message"), WITHIN_A_ROUTER)
def test_mistakes_within_a_virtual_router(added, line, option, message):
    model, problems = load_text(f"{GOOD}    {added}\n", "/etc/config/haven", "r1")
    assert model is None
    assert [(p.file, p.line, p.section and p.section[0], p.option, p.message) for p in problems] == [
        ("/etc/config/haven", line, LAN, option, message)
    ]


SIX_MISTAKES = [
    (
        SIX.replace("fe80::1", "2001:db8::1"),
        "haven:4: virtual_router 'lan6', option 'address': "
        "IPv6 needs a link-local address too, for example 'fe80::1/64'",
    ),
    (
        SIX + "    option version '2'\n",
        "haven:5: virtual_router 'lan6', option 'version': "
        "version 2 knows IPv4 only; use version 3 for IPv6 addresses",
    ),
    (
        SIX + "    option checksum 'message'\n",
        "haven:5: virtual_router 'lan6', option 'checksum': "
        "is a choice for IPv4 only; leave it out with IPv6 addresses",
    ),
    (
        SIX + "    option source_address '2001:db8::2'\n",
        "haven:5: virtual_router 'lan6', option 'source_address': "
        "must be a link-local address (fe80::/10) unless unicast_peer is used",
    ),
]


@pytest.mark.parametrize(("text", "message"), SIX_MISTAKES)
def test_mistakes_with_ipv6(text, message):
    assert complaints(text) == [message]


@pytest.mark.parametrize(
    ("added", "options"),
    [
        ("option checksum 'masage'", ["checksum"]),
        ("option checksum 'message'\n    list address '192.168.1.1/24'", ["address"]),
        ("option checksum 'message'\n    list address '10.0.0.0.1/24'", ["address"]),
        ("option checksum 'message'\n    option version '2'", ["checksum", "version"]),
    ],
)
def test_a_checksum_is_not_complained_of_for_a_mistake_elsewhere(added, options):
    _, problems = load_text(f"{SIX}    {added}\n", "haven", "r1")
    assert [problem.option for problem in problems] == options


WHOLE_FILE = [
    (
        GOOD + "config virtual_ruoter 'x'\n",
        "haven:5: virtual_ruoter 'x': the section type 'virtual_ruoter' is not known; "
        "did you mean 'virtual_router'?",
    ),
    (
        GOOD.replace(" 'lan'", "", 1),
        "haven:1: @virtual_router[0]: needs a name: config virtual_router 'NAME'",
    ),
    (GOOD.replace("option vrid '51'", ""), "haven:1: virtual_router 'lan', option 'vrid': is missing"),
    (
        GOOD.replace("option device 'br-lan'", ""),
        "haven:1: virtual_router 'lan': needs one of these: interface, device",
    ),
    (
        GOOD + "config group 'empty'\n",
        "haven:5: group 'empty': no virtual_router has option group 'empty'",
    ),
    (
        GOOD + "    option group 'gatway'\nconfig group 'gateway'\n",
        "haven:5: virtual_router 'lan', option 'group': there is no group 'gatway'; did you mean 'gateway'?",
    ),
    (
        GOOD + SECOND.replace("'wan'", "'lan'", 1),
        "haven:5: virtual_router 'lan': the name 'lan' is taken by virtual_router 'lan' on line 1",
    ),
    (
        GOOD + SECOND.replace("device 'wan'", "device 'br-lan'"),
        "haven:7: virtual_router 'wan', option 'vrid': "
        "51 is already used by virtual_router 'lan' for IPv4 on device 'br-lan'",
    ),
    (
        GOOD + SECOND.replace("168.2", "168.1"),
        "haven:8: virtual_router 'wan', option 'address': "
        "'192.168.1.1/24' is also held by virtual_router 'lan'",
    ),
    (
        GOOD + "config haven\nconfig haven 'again'\n",
        "haven:6: haven 'again': there is a 'haven' section already; keep one of them",
    ),
    (
        GOOD + "config haven\n    option node 'my router'\n",
        "haven:6: @haven[0], option 'node': "
        "'my router' is not a host name; use letters, digits, '-' and '.', 63 at most",
    ),
    (
        "config haven 'main'\n    option enabled '1'\n",
        "haven:1: haven 'main': haven is enabled, but there is no virtual_router section",
    ),
    (
        GOOD + "config conntrack\n option enabled 1\n option device a\n option address 10.0.0.1\n"
        " list peer_address fe80::1\n",
        "haven:9: @conntrack[0], option 'peer_address': "
        "'fe80::1' and option address are not of one family, IPv4 or IPv6",
    ),
    (
        GOOD + "config conntrack\n option enabled 1\n option device a\n option address 10.0.0.1\n"
        " option peer_address 10.0.0.1\n",
        "haven:9: @conntrack[0], option 'peer_address': '10.0.0.1' is the address of this router",
    ),
]


@pytest.mark.parametrize(("text", "message"), WHOLE_FILE)
def test_mistakes_across_sections(text, message):
    assert complaints(text) == [message]


def test_one_vrid_serves_both_families_on_one_device():
    assert complaints(GOOD + SIX) == []


def test_an_enabled_conntrack_must_be_finished():
    assert complaints(GOOD + "config conntrack 'c'\n    option enabled '1'\n") == [
        "haven:5: conntrack 'c', option 'address': is missing",
        "haven:5: conntrack 'c', option 'peer_address': is missing",
        "haven:5: conntrack 'c': needs one of these: interface, device",
    ]


def test_more_than_255_addresses_do_not_fit():
    more = "".join(f"    list address '10.0.{n // 250}.{n % 250 + 1}'\n" for n in range(255))
    assert complaints(GOOD + more) == [
        "haven:4: virtual_router 'lan', option 'address': 256 addresses; a virtual router has 255 at most"
    ]


def test_the_owner_may_send_from_the_virtual_address():
    assert complaints(GOOD + "    option priority '255'\n    option source_address '192.168.1.1'\n") == []


def test_ipv6_by_unicast_may_send_from_a_global_address():
    more = "    option source_address '2001:db8::2'\n    list unicast_peer '2001:db8::3'\n"
    assert complaints(SIX + more) == []


def test_a_wrong_version_does_not_cause_more_complaints():
    assert len(complaints(GOOD + "    option version '1'\n    option auth_pass 'x'\n")) == 1


def test_a_password_is_never_repeated():
    text = GOOD + "    option version '2'\n    option auth_pass 'verysecretword'\n"
    assert complaints(text) == [
        "haven:6: virtual_router 'lan', option 'auth_pass': is 14 octets long; 8 at most are carried"
    ]
