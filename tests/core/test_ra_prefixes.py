# SPDX-License-Identifier: GPL-2.0-or-later
"""Which prefixes are advertised, for how long, and when that is news to the hosts."""

from haven.core.clock import SECOND
from haven.core.ra.advert_spec import ANY_PREFIX, WAY_OUT
from haven.core.ra.prefixes import FOREVER, WAY_OUT_GONE, DeviceAddress, PrefixTable, network_of
from haven.inet import octets_of, text_of
from tests.core.ra_specs import advert_spec


def address(text, preferred_s=FOREVER, valid_s=FOREVER):
    octets, length = text.split("/")
    return DeviceAddress(octets_of(octets), int(length), preferred_s, valid_s)


def said(table):
    return [("%s/%d" % (text_of(e.prefix), e.length), e.preferred_s, e.valid_s) for e in table.prefixes]


def test_a_prefix_of_the_device_lives_as_long_as_there_and_no_longer_than_configured():
    spec, table = advert_spec(), PrefixTable()
    found = [address("2001:db8:1::2/64", 600, 900), address("fd00::2/64"), address("fe80::2/64")]
    assert table.look(spec, found, True, 0)
    assert said(table) == [("2001:db8:1::/64", 600, 900), ("fd00::/64", 2700, 5400)]
    # Time alone is no news.
    assert not table.look(spec, [address("2001:db8:1::2/64", 500, 800), found[1]], True, SECOND)
    assert said(table)[0] == ("2001:db8:1::/64", 500, 800)


def test_of_a_delegated_prefix_hosts_get_a_64_and_a_single_address_is_none():
    table = PrefixTable()
    table.look(advert_spec(), [address("2001:db8:10::1/60"), address("2001:db8:20::9/128")], True, 0)
    assert said(table) == [("2001:db8:10::/64", 2700, 5400)]


def test_a_prefix_that_goes_away_is_taken_back_for_as_long_as_hosts_may_have_it():
    spec, table = advert_spec(valid_s=60), PrefixTable()
    one, other = address("2001:db8:1::2/64"), address("2001:db8:2::2/64")
    table.look(spec, [one], True, 0)
    assert table.look(spec, [other], True, SECOND)
    assert said(table) == [("2001:db8:2::/64", 60, 60), ("2001:db8:1::/64", 0, 0)]
    assert not table.look(spec, [other], True, 60 * SECOND)
    assert table.look(spec, [other], True, 61 * SECOND)
    assert said(table) == [("2001:db8:2::/64", 60, 60)]
    # One that comes back is as good as before.
    table.look(spec, [one], True, 62 * SECOND)
    assert said(table) == [("2001:db8:1::/64", 60, 60), ("2001:db8:2::/64", 0, 0)]


def test_a_prefix_that_the_router_prefers_no_more_is_taken_back_too():
    table = PrefixTable()
    table.look(advert_spec(), [address("2001:db8:1::2/64")], True, 0)
    assert table.look(advert_spec(), [address("2001:db8:1::2/64", 0, 900)], True, SECOND)
    assert said(table) == [("2001:db8:1::/64", 0, 0)]


def test_whoever_is_active_anew_takes_nothing_back_of_long_ago():
    spec, table = advert_spec(), PrefixTable()
    table.look(spec, [address("2001:db8:1::2/64")], True, 0)
    table.begin()
    table.look(spec, [], True, SECOND)
    assert said(table) == []


def test_what_is_configured_is_said_whatever_the_device_has():
    spec = advert_spec(prefixes=["2001:db8:1::/64"], virtual_prefixes=["2001:db8:2::/64"])
    table = PrefixTable()
    table.look(spec, [address("2001:db8:1::2/64", 5, 6), address("2001:db8:2::2/64", 5, 6)], True, 0)
    # A virtual address knows nothing of lifetimes; the router's own one with that prefix does.
    assert said(table) == [("2001:db8:1::/64", 2700, 5400), ("2001:db8:2::/64", 5, 6)]
    table.look(spec, [], True, SECOND)
    assert said(table) == [("2001:db8:1::/64", 2700, 5400), ("2001:db8:2::/64", 2700, 5400)]


def test_a_router_without_a_way_out_is_no_default_router_after_half_a_minute():
    spec, table, found = advert_spec(default=WAY_OUT), PrefixTable(), [address("2001:db8:1::2/64")]
    assert table.look(spec, found, False, 0)
    # The WAN of a new Active comes up in this time.
    assert table.lifetime_s == 2700
    assert table.look(spec, found, False, WAY_OUT_GONE) and table.lifetime_s == 0
    assert table.look(spec, found, True, WAY_OUT_GONE + SECOND) and table.lifetime_s == 2700
    assert not table.look(spec, found, False, WAY_OUT_GONE + 2 * SECOND)
    assert table.lifetime_s == 2700


def test_a_local_prefix_is_no_way_out_unless_that_is_asked_for():
    found = [address("fd00::2/64")]
    for default, lifetime_s in ((WAY_OUT, 0), (ANY_PREFIX, 2700)):
        table = PrefixTable()
        table.look(advert_spec(default=default), found, True, 0)
        table.look(advert_spec(default=default), found, True, WAY_OUT_GONE)
        assert table.lifetime_s == lifetime_s


def test_a_local_prefix_says_nothing_of_how_long_the_internet_is_there():
    table = PrefixTable()
    table.look(advert_spec(), [address("fd00::2/64")], True, 0)
    assert table.longest_valid_s() == 0
    table.look(advert_spec(), [address("fd00::2/64"), address("2001:db8::2/64", 10, 20)], True, 0)
    assert table.longest_valid_s() == 20


def test_a_network_has_nothing_behind_its_prefix():
    for length, text in (
        (128, "2001:db8:ffff:ffff::ff"),
        (60, "2001:db8:ffff:fff0::"),
        (33, "2001:db8:8000::"),
    ):
        assert text_of(network_of(octets_of("2001:db8:ffff:ffff::ff"), length)) == text
