# SPDX-License-Identifier: GPL-2.0-or-later
"""What router advertisements are made from: the prefixes and routes of a real kernel."""

from collections.abc import Iterator

import pytest

from haven.havend.kernel_tables import KernelTables
from haven.havend.netlink_messages import RTM_NEWROUTE, is_way, parse_prefix
from haven.inet import octets_of, text_of
from tests.havend.machines import Machine

OWN = octets_of("2001:db8:7::2")
FOREVER = 0xFFFFFFFF


@pytest.fixture
def kernel(machine: Machine) -> Iterator[KernelTables]:
    """A copy of the tables of a machine with a LAN and a WAN."""
    machine.ip(
        "link add lan type veth peer name far",
        "link add wan type veth peer name wide",
        *(f"link set {device} up" for device in ("lan", "far", "wan", "wide")),
        "address add 2001:db8:7::2/64 dev lan nodad valid_lft 900 preferred_lft 600",
        "address add fd77::2/60 dev lan nodad",
        "address add 10.0.0.1/24 dev lan",
    )
    copy = machine.inside(KernelTables)
    assert isinstance(copy, KernelTables)
    list(copy.everything())
    yield copy
    copy.close()


def test_prefixes_come_with_their_length_and_the_rest_of_their_time(kernel: KernelTables) -> None:
    found = {text_of(each[0]): each[1:] for each in kernel.prefixes("lan")}
    assert found["fd77::2"] == (60, FOREVER, FOREVER)
    length, preferred_s, valid_s = found["2001:db8:7::2"]
    assert length == 64 and 590 < preferred_s <= 600 and 890 < valid_s <= 900
    assert "10.0.0.1" not in found and kernel.prefixes("nothing") == []
    assert all(text.startswith("fe80:") for text, _l, _p, _v in _texts(kernel, "wan"))


def _texts(kernel: KernelTables, device: str) -> list[tuple[str, int, int, int]]:
    return [(text_of(each[0]), *each[1:]) for each in kernel.prefixes(device)]


def test_a_default_route_is_a_way_out_and_a_route_to_nowhere_is_none(
    machine: Machine, kernel: KernelTables
) -> None:
    assert not kernel.has_way_out(OWN)
    machine.ip("route add ::/0 via fe80::1 dev wan")
    assert kernel.has_way_out(OWN)
    machine.ip("route del ::/0 dev wan", "route add unreachable ::/0 metric 9")
    assert not kernel.has_way_out(OWN)


def test_a_default_route_for_one_prefix_is_a_way_out_for_it_alone(
    machine: Machine, kernel: KernelTables
) -> None:
    # As OpenWrt makes them (sourcefilter).
    machine.ip("route add ::/0 from 2001:db8:7::/64 via fe80::1 dev wan")
    assert kernel.has_way_out(OWN)
    assert not kernel.has_way_out(octets_of("2001:db8:8::2"))


def test_what_is_cut_off_is_no_prefix_and_no_way() -> None:
    assert parse_prefix(b"") is None and parse_prefix(bytes((10, 64, 0, 0, 1, 0, 0, 0))) is None
    assert not is_way(RTM_NEWROUTE, b"") and not is_way(2, bytes(12))
