# SPDX-License-Identifier: GPL-2.0-or-later
"""Netlink messages: the same octets with every release of pyroute2, the index where the patch says."""

import json
import pathlib
import struct
import sys
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from haven.plan import netlink_encoder
from haven.plan.byte_order import other_order
from haven.plan.netlink_encoder import Message, RouteParts

MAC = "00:00:5e:00:01:33"
DEFAULT = RouteParts(4, "", "203.0.113.1", None, None, None, None)
FULL = RouteParts(4, "10.9.0.0/16", None, "wan", "203.0.113.9", 5, 1000)
LAN6 = RouteParts(6, "2001:db8:1::/64", "fe80::2", "br-lan", None, 4096, None)
GOLDEN = json.loads((pathlib.Path(__file__).parent / "messages.json").read_text())

MESSAGES = {
    "address_add_4": netlink_encoder.address_add("br-lan", "192.168.1.1", 8_000_000),
    "address_add_6": netlink_encoder.address_add("br-lan", "fe80::1", 8_000_000),
    "address_delete_4": netlink_encoder.address_delete("br-lan", "192.168.1.1"),
    "route_add_default": netlink_encoder.route_add(DEFAULT),
    "route_add_full": netlink_encoder.route_add(FULL),
    "route_delete_full": netlink_encoder.route_delete(FULL),
    "route_add_6": netlink_encoder.route_add(LAN6),
    "macvlan_add": netlink_encoder.macvlan_add("hv4-51-br-lan", "br-lan", MAC),
    "link_without_own_addresses": netlink_encoder.link_without_own_addresses("hv4-51-br-lan"),
    "link_up": netlink_encoder.link_up("hv4-51-br-lan"),
    "link_down": netlink_encoder.link_down("hv4-51-br-lan"),
    "link_delete": netlink_encoder.link_delete("hv4-51-br-lan"),
    "bridge_entry_add": netlink_encoder.bridge_entry_add("br-lan", MAC, 10),
    "bridge_entry_delete": netlink_encoder.bridge_entry_delete("br-lan", MAC, 0),
}


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_the_octets_do_not_depend_on_the_release_of_pyroute2(name: str) -> None:
    message = MESSAGES[name]
    # The golden octets are little-endian; a machine of the other order makes those that a translation makes.
    octets = message.octets if sys.byteorder == "little" else other_order(message.octets)
    assert octets.hex() == GOLDEN[name]["octets"]
    assert [list(place) for place in message.patch] == GOLDEN[name]["patch"]


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_of_the_other_byte_order_has_every_number_turned_round(name: str) -> None:
    octets, patch = MESSAGES[name]
    turned = other_order(octets)
    assert turned != octets and len(turned) == len(octets)
    assert int.from_bytes(turned[:4], "big" if sys.byteorder == "little" else "little") == len(octets)
    # What the other order makes of an index is at the same place.
    for offset, _device in patch:
        marked = octets[:offset] + bytes((1, 2, 3, 4)) + octets[offset + 4 :]
        assert other_order(marked) == turned[:offset] + bytes((4, 3, 2, 1)) + turned[offset + 4 :]


def test_what_no_table_has_is_not_guessed() -> None:
    octets = MESSAGES["address_add_4"].octets
    unknown = struct.pack("=IHH", len(octets) + 4, 20, 0) + octets[8:] + struct.pack("=HH", 4, 77)
    with pytest.raises(KeyError):
        other_order(unknown)


def test_every_golden_message_is_compared() -> None:
    assert sorted(GOLDEN) == sorted(MESSAGES)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_length_is_right_and_sequence_and_port_are_left_to_the_sender(name: str) -> None:
    octets = MESSAGES[name].octets
    length, _, flags, sequence, port = struct.unpack_from("=IHHII", octets)
    assert length == len(octets)
    assert (sequence, port) == (0, 0)
    assert flags & 5 == 5, "a request that is to be answered"


@given(st.text("abcxyz0189_-", min_size=1, max_size=15))
def test_messages_can_follow_each_other_in_one_packet(name: str) -> None:
    for message in (
        netlink_encoder.link_up(name),
        netlink_encoder.link_without_own_addresses(name),
        MESSAGES["macvlan_add"],
    ):
        assert len(message.octets) % 4 == 0


def patched(message: Message, index: int) -> bytes:
    octets = bytearray(message.octets)
    for offset, _ in message.patch:
        assert octets[offset : offset + 4] == bytes(4)
        struct.pack_into("=I", octets, offset, index)
    return bytes(octets)


def decoded(kind: type, octets: bytes) -> object:
    message = kind(octets)
    message.decode()
    return message


@given(st.ip_addresses(), st.integers(1, 2**31 - 1), st.integers(1, 10_000))
def test_a_patched_address_message_names_the_device(address: object, index: int, seconds: int) -> None:
    message = netlink_encoder.address_add("eth0", str(address), seconds * 1_000_000)
    assert [name for _, name in message.patch] == ["eth0"]
    fields = decoded(ifaddrmsg, patched(message, index))
    assert fields["index"] == index
    assert ip_address(fields.get_attr("IFA_LOCAL")) == address
    assert fields.get_attr("IFA_CACHEINFO")["ifa_valid"] == seconds


@given(
    st.ip_addresses(v=4),
    st.integers(1, 32),
    st.integers(1, 2**31 - 1),
    st.none() | st.integers(0, 2**32 - 1),
    st.none() | st.integers(1, 2**32 - 1),
)
def test_a_patched_route_message_names_the_device(
    address: object, prefix: int, index: int, metric: "int | None", table: "int | None"
) -> None:
    route = RouteParts(4, "%s/%d" % (address, prefix), "10.0.0.1", "wan", "10.0.0.2", metric, table)
    for message in (netlink_encoder.route_add(route), netlink_encoder.route_delete(route)):
        fields = decoded(rtmsg, patched(message, index))
        assert fields.get_attr("RTA_OIF") == index
        assert fields.get_attr("RTA_TABLE") == (254 if table is None else table)
        assert fields.get_attr("RTA_PRIORITY") == metric
        assert fields["dst_len"] == prefix


@given(st.integers(1, 2**31 - 1))
def test_a_patched_link_message_names_the_device(index: int) -> None:
    created = decoded(ifinfmsg, patched(MESSAGES["macvlan_add"], index))
    assert (created["index"], created.get_attr("IFLA_LINK")) == (0, index)
    assert decoded(ndmsg, patched(MESSAGES["bridge_entry_add"], index))["ifindex"] == index


def test_a_route_by_a_gateway_alone_needs_no_patch() -> None:
    assert MESSAGES["route_add_default"].patch == ()
