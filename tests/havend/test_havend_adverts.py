# SPDX-License-Identifier: GPL-2.0-or-later
"""What one virtual router's advertisements say when the kernel does not tell all, and when they leave."""

from typing import Any

import pytest

from haven.core.clock import SECOND
from haven.havend.advertiser import Advertiser
from haven.havend.kernel_tables import DumpBroken
from haven.havend.netlink_messages import KernelLink
from haven.inet import octets_of
from tests.core.ra_specs import advert_spec

ETHERNET, IPV6 = 14, 40
LAN = KernelLink(2, "lan", True, b"\x02\0\0\0\0\x01", True)
OWN = octets_of("2001:db8:7::2")


class Kernel:
    """A kernel with one LAN; `found` None while it does not tell its addresses."""

    def __init__(self, found: list[tuple[bytes, int, int, int]] | None) -> None:
        self.found, self.routes = found, {OWN}

    def link(self, _device: str) -> KernelLink:
        return LAN

    def prefixes(self, _device: str) -> list[tuple[bytes, int, int, int]]:
        if self.found is None:
            raise DumpBroken("they change all the time")
        return self.found

    def has_way_out(self, source: bytes) -> bool:
        return source in self.routes


class Sockets:
    """Keeps the ICMPv6 messages that would have left."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_frame(self, _router: str, frame: bytes) -> None:
        self.sent.append(frame[ETHERNET + IPV6 :])


class Plan:
    """The part of a virtual router's plan that is asked for."""

    name, device, virtual_mac = "lan6", "lan", None

    def __init__(self, **changes: Any) -> None:
        self.advertises = advert_spec(**changes)
        self.spec = self
        self.addresses = (self.advertises.source,)


def lifetime_s(message: bytes) -> int:
    return int.from_bytes(message[6:8], "big")


def made(kernel: Kernel, **changes: Any) -> tuple[Advertiser, Sockets]:
    sockets = Sockets()
    advertiser = Advertiser(kernel, sockets, Plan(**changes), set())  # type: ignore[arg-type]
    advertiser.take()
    assert advertiser.deadline() == 0 and sockets.sent == []
    advertiser.tick(0)
    return advertiser, sockets


@pytest.mark.parametrize("default", [0, 1, 2])
def test_a_kernel_that_does_not_tell_turns_no_host_away(default: int) -> None:
    advertiser, sockets = made(Kernel(None), default=default)
    assert [lifetime_s(each) for each in sockets.sent] == [2700]
    assert advertiser.account(0)["prefixes"] == []


def test_what_was_known_holds_until_the_kernel_tells_again() -> None:
    kernel = Kernel([(OWN, 64, 600, 900)])
    advertiser, sockets = made(kernel)
    kernel.found = None
    for second in range(1, 40):
        advertiser.tick(second * SECOND)
    assert len(sockets.sent) > 1
    assert advertiser.account(40 * SECOND)["prefixes"] == ["2001:db8:7::/64"]


def test_a_way_out_that_goes_and_comes_is_told_without_being_asked() -> None:
    kernel = Kernel([(OWN, 64, 600, 900)])
    advertiser, sockets = made(kernel, default=0)
    kernel.routes.clear()
    for second in range(1, 60):
        advertiser.tick(second * SECOND)
    assert lifetime_s(sockets.sent[-1]) == 0 and advertiser.account(60 * SECOND)["lifetime_s"] == 0
    kernel.routes.add(OWN)
    for second in range(60, 80):
        advertiser.tick(second * SECOND)
    assert lifetime_s(sockets.sent[-1]) == 2700


def test_an_address_that_is_the_virtual_routers_own_is_no_prefix_of_the_device() -> None:
    sockets = Sockets()
    kernel = Kernel([(OWN, 64, 0, 8)])
    advertiser = Advertiser(kernel, sockets, Plan(), {OWN})  # type: ignore[arg-type]
    advertiser.take()
    advertiser.tick(0)
    assert advertiser.account(0)["prefixes"] == [] and advertiser.has_no_prefix()


def test_before_a_way_out_has_come_one_thing_is_said() -> None:
    kernel = Kernel([])
    advertiser, _sockets = made(kernel, default=0)
    assert (advertiser.account(0)["ends_ms"], advertiser.has_no_prefix()) == (30_000, False)
    for second in range(1, 40):
        advertiser.tick(second * SECOND)
    told = advertiser.account(40 * SECOND)
    assert (told["lifetime_s"], told["ends_ms"], advertiser.has_no_prefix()) == (0, None, False)
    # Where there is a way out, or none is asked for, it is as before.
    advertiser, _sockets = made(Kernel([(OWN, 64, 600, 900)]), default=0)
    assert advertiser.account(0)["ends_ms"] is None
    assert made(Kernel([]))[0].has_no_prefix()


def test_whoever_was_active_for_a_moment_only_says_nothing() -> None:
    sockets = Sockets()
    advertiser = Advertiser(Kernel([]), sockets, Plan(), set())  # type: ignore[arg-type]
    advertiser.take()
    advertiser.release(1)
    advertiser.tick(2)
    assert sockets.sent == [] and not advertiser.is_advertising()
