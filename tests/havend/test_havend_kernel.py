# SPDX-License-Identifier: GPL-2.0-or-later
"""The copy of the kernel's tables, against a real kernel."""

import errno
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator

import pytest

from haven.core.clock import NEVER
from haven.core.events import LinkChanged
from haven.core.value import Value
from haven.havend.host.cpython import RECEIVE_BUFFER, now
from haven.havend.kernel_changes import AddressCame, AddressesRead, AddressGone, FamilyBack, LinkReplaced
from haven.havend.kernel_tables import MOST_ATTEMPTS, KernelTables
from haven.havend.netlink_messages import (
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    flagged_messages,
    messages,
)
from tests.havend.machines import Machine, wait_until

FIRST = bytes((10, 9, 0, 1))
SECOND = bytes((10, 9, 0, 2))


@pytest.fixture
def kernel(machine: Machine) -> Iterator[KernelTables]:
    """A copy that has read everything there is at first."""
    machine.ip("link add lan type veth peer name far", "link set far up", "link set lan up")
    # The kernel says so a little later.
    wait_until(lambda: (machine.link("lan") or {})["operstate"] == "UP", "lan is up")
    copy = machine.inside(KernelTables)
    assert isinstance(copy, KernelTables)
    list(copy.everything())
    yield copy
    copy.close()


def _until(kernel: KernelTables, condition: Callable[[], object], what: str) -> list[Value]:
    seen: list[Value] = []

    def look() -> object:
        seen.extend(kernel.changes())
        return condition()

    wait_until(look, what)
    return seen


def test_everything_is_read_at_first(machine: Machine, kernel: KernelTables) -> None:
    link = kernel.link("lan")
    assert link is not None and link.up and link.ethernet and len(link.mac) == 6
    assert link.index == kernel.index_of("lan")
    lo = kernel.link("lo")
    assert lo is not None and not lo.ethernet
    assert kernel.holds("lo", bytes((127, 0, 0, 1)))
    assert kernel.link("nothing") is None
    with pytest.raises(KeyError):
        kernel.index_of("nothing")


def test_reading_everything_again_tells_nothing_new(machine: Machine, kernel: KernelTables) -> None:
    _until(kernel, lambda: kernel.addresses("lan", 6), "the link-local address is usable")
    list(kernel.everything())
    assert list(kernel.everything()) == []


def test_addresses_come_and_go(machine: Machine, kernel: KernelTables) -> None:
    machine.ip("address add 10.9.0.1/24 dev lan", "address add 10.9.0.2/24 dev lan")
    seen = _until(kernel, lambda: kernel.holds("lan", SECOND), "two addresses")
    told = [FamilyBack("lan", 4), AddressCame("lan", FIRST), AddressCame("lan", SECOND)]
    assert [each for each in seen if each in told] == told
    assert kernel.addresses("lan", 4) == (FIRST, SECOND)
    machine.ip("address delete 10.9.0.2/24 dev lan")
    seen = _until(kernel, lambda: not kernel.holds("lan", SECOND), "one address")
    assert seen == [AddressGone("lan", SECOND)]


def test_renewing_a_lifetime_tells_nothing(machine: Machine, kernel: KernelTables) -> None:
    machine.ip("address add 10.9.0.1/24 dev lan valid_lft 100 preferred_lft 100")
    _until(kernel, lambda: kernel.holds("lan", FIRST), "the address")
    machine.ip("address replace 10.9.0.1/24 dev lan valid_lft 90 preferred_lft 90")
    machine.ip("address add 10.9.0.2/24 dev lan")
    seen = _until(kernel, lambda: kernel.holds("lan", SECOND), "the next address")
    assert seen == [AddressCame("lan", SECOND)]


def test_a_link_loses_its_carrier_and_gets_it_back(machine: Machine, kernel: KernelTables) -> None:
    machine.ip("link set far down")
    seen = _until(kernel, lambda: not kernel.link("lan").up, "no carrier")
    assert LinkChanged("lan", False) in seen
    machine.ip("link set far up")
    assert LinkChanged("lan", True) in _until(kernel, lambda: kernel.link("lan").up, "carrier")


@pytest.fixture
def bridged(machine: Machine, kernel: KernelTables) -> KernelTables:
    """A bridge of two ports, and a device on it."""
    machine.ip(
        "link add house type bridge stp_state 0 forward_delay 0",
        "link add port type veth peer name end",
        "link set end up",
        "link set port master house up",
        "link set lan master house",
        "link set house up",
        "link add link house name above type macvlan",
        "link set above up",
    )
    _until(kernel, lambda: _are_up(kernel, "lan", "port", "house", "above"), "all is up")
    return kernel


def _are_up(kernel: KernelTables, *names: str) -> bool:
    links = [kernel.link(name) for name in names]
    return all(link is not None and link.up for link in links)


def _plug_again(machine: Machine, bridged: KernelTables) -> None:
    machine.ip("link set end up")
    _until(bridged, lambda: _are_up(bridged, "port", "house", "above"), "all is up again")


def test_a_bridge_without_a_port_that_is_up_is_down_in_the_same_moment(
    machine: Machine, bridged: KernelTables
) -> None:
    machine.ip("link set far down")
    _until(bridged, lambda: not _are_up(bridged, "lan"), "one cable is pulled")
    assert _are_up(bridged, "house", "above")
    machine.ip("link set end down")
    seen = _until(bridged, lambda: not _are_up(bridged, "port"), "the other one, too")
    # The kernel says it a second later.
    told = [LinkChanged(name, False) for name in ("port", "house", "above")]
    assert [each for each in seen if each in told] == told
    assert bridged.link("house") == bridged.link("house").carried(False)


def test_a_bridge_is_up_again_with_its_port_and_what_is_on_it_as_well(
    machine: Machine, bridged: KernelTables
) -> None:
    machine.ip("link set far down")
    _until(bridged, lambda: not _are_up(bridged, "lan"), "one cable is pulled")
    for _ in range(3):
        # Sooner than the kernel has said anything of the bridge, and later.
        machine.ip("link set end down")
        _until(bridged, lambda: not _are_up(bridged, "house"), "no carrier")
        _plug_again(machine, bridged)
    machine.ip("link set end down")
    _until(bridged, lambda: not _are_up(bridged, "house"), "no carrier")
    _until(bridged, lambda: machine.link("above")["operstate"] != "UP", "the kernel says so, too")
    _plug_again(machine, bridged)


def test_a_bridge_that_is_read_with_a_port_that_is_down_is_up(
    machine: Machine, bridged: KernelTables
) -> None:
    machine.ip("link set far down")
    _until(bridged, lambda: not _are_up(bridged, "lan"), "one cable is pulled")
    again = machine.inside(KernelTables)
    assert isinstance(again, KernelTables)
    list(again.everything())
    assert _are_up(again, "port", "house", "above") and not _are_up(again, "lan")
    again.close()


@pytest.mark.parametrize("look", ["told", "asked"])
def test_a_bridge_stays_down_whatever_the_kernel_tells_of_it_before_it_says_so_itself(
    machine: Machine, bridged: KernelTables, look: str
) -> None:
    machine.ip("link set far down", "link set end down")
    _until(bridged, lambda: not _are_up(bridged, "house"), "no carrier")
    seen: list[Value] = []
    if look == "asked":
        seen = list(bridged.everything())
    else:
        # Both are told of with the flags of before.
        machine.ip("link set above alias guests", "link set house alias guests")
    seen += _until(bridged, lambda: machine.link("above")["operstate"] != "UP", "the kernel says so")
    assert [each for each in seen if each in (LinkChanged("house", True), LinkChanged("above", True))] == []
    _plug_again(machine, bridged)


def test_a_bridge_whose_new_port_was_not_heard_of_is_not_down_for_ever(
    machine: Machine, bridged: KernelTables
) -> None:
    machine.ip("link set far down")
    _until(bridged, lambda: not _are_up(bridged, "lan"), "one cable is pulled")
    machine.ip(
        "link add third type veth peer name fourth",
        "link set fourth up",
        "link set third up",
        "link set third master house",
        "link set end down",
    )
    wait_until(lambda: machine.link("port")["operstate"] != "UP", "the other one, too")
    # The buffer was too small for it.
    bridged._forget_waiting()
    list(bridged.everything())
    assert _are_up(bridged, "third", "house", "above") and not _are_up(bridged, "port")


def test_a_renamed_device_takes_its_addresses_along(machine: Machine, kernel: KernelTables) -> None:
    machine.ip("address add 10.9.0.1/24 dev lan", "link set lan down", "link set lan name wan")
    seen = _until(kernel, lambda: kernel.link("wan"), "the new name")
    assert kernel.link("lan") is None
    assert LinkChanged("lan", False) in seen and AddressesRead("lan", 4) in seen
    assert not any(type(change) is AddressGone and change.address == FIRST for change in seen)
    assert kernel.holds("wan", FIRST)


def test_a_device_comes_back_as_another_one(machine: Machine, kernel: KernelTables) -> None:
    before = kernel.link("lan")
    machine.ip("address add 10.9.0.1/24 dev lan", "link delete lan")
    _until(kernel, lambda: kernel.link("lan") is None, "the device is gone")
    assert kernel.addresses("lan", 4) == ()
    machine.ip("link add lan type veth peer name far")
    seen = _until(kernel, lambda: kernel.link("lan"), "the device is back")
    assert LinkReplaced("lan") in seen
    after = kernel.link("lan")
    assert (after.index, after.mac) != (before.index, before.mac)


def test_another_mac_address_is_a_replacement(machine: Machine, kernel: KernelTables) -> None:
    machine.ip("link set lan address 02:00:00:00:00:99")
    mac = bytes.fromhex("020000000099")
    assert LinkReplaced("lan") in _until(kernel, lambda: kernel.link("lan").mac == mac, "the MAC address")


def test_two_devices_swap_their_names_at_once(machine: Machine, kernel: KernelTables) -> None:
    lan, far = kernel.index_of("lan"), kernel.index_of("far")
    machine.ip(
        "link set lan down",
        "link set far down",
        "link set lan name aside",
        "link set far name lan",
        "link set aside name far",
    )
    _until(kernel, lambda: kernel.index_of("lan") == far and kernel.index_of("far") == lan, "swapped")
    assert kernel.link("aside") is None


def test_a_device_is_found_before_netlink_has_told_of_it(machine: Machine, kernel: KernelTables) -> None:
    machine.ip("link add new type veth peer name newer")
    assert kernel.link("new") is None
    assert machine.inside(lambda: kernel.index_of("new")) == machine.link("new")["ifindex"]


def test_names_that_are_not_text_do_no_harm(machine: Machine, kernel: KernelTables) -> None:
    subprocess.run(
        [b"ip", b"-n", machine.name.encode(), *b"link set far down name f\xff".split()], check=True
    )
    _until(kernel, lambda: kernel.link("far") is None, "renamed")
    assert kernel.link("b'f\\xff'") is not None


def test_after_an_overflow_the_copy_is_right_again(
    machine: Machine, kernel: KernelTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    resyncs: list[int] = []
    forget = kernel._forget_waiting
    monkeypatch.setattr(kernel, "_forget_waiting", lambda: resyncs.append(1) or forget())
    machine.ip("address add 10.9.0.1/24 dev lan")
    _until(kernel, lambda: kernel.holds("lan", FIRST), "the address")
    many = ["10.8.%d.%d/32" % (high, low) for high in range(16) for low in range(200)]
    machine.ip(*("address add %s dev lan" % address for address in many))
    machine.ip("address delete 10.9.0.1/24 dev lan")
    machine.ip("address flush dev lan", "link set lan name wan")
    machine.ip("address add 10.9.0.2/24 dev wan")
    told: list[Value] = []

    def right() -> bool:
        told.extend(kernel.changes())
        return kernel.addresses("wan", 4) == (SECOND,) and kernel.link("lan") is None

    wait_until(right, "the copy is as the kernel")
    assert resyncs, "the buffer of %d octets did not overflow" % RECEIVE_BUFFER
    assert AddressGone("lan", FIRST) in told or LinkChanged("lan", False) in told
    assert list(kernel.changes()) == []
    list(kernel.everything())
    assert list(kernel.everything()) == []


class Reluctant:
    """The socket that asks the kernel, whose first answers are spoiled."""

    def __init__(self, real: socket.socket, spoil: Callable[[bytes], bytes], times: int) -> None:
        self._real, self._spoil, self._times = real, spoil, times
        self._ends = 0

    def send(self, octets: bytes) -> int:
        return self._real.send(octets)

    def recv(self, length: int) -> bytes:
        octets = self._real.recv(length)
        if self._ends >= self._times:
            return octets
        self._ends += any(kind == NLMSG_DONE for kind, _sequence, _body in messages(octets))
        return self._spoil(octets)

    def close(self) -> None:
        self._real.close()


def _each(octets: bytes, change: Callable[[int, int], tuple[int, int, bytes | None]]) -> bytes:
    made = b""
    for kind, flags, sequence, body in flagged_messages(octets):
        kind, flags, other = change(kind, flags)
        body = body if other is None else other
        body += bytes(-len(body) % 4)
        made += struct.pack("@IHHII", 16 + len(body), kind, flags, sequence, 0) + body
    return made


def _refused(octets: bytes) -> bytes:
    body = struct.pack("@i", -errno.EBUSY) + bytes(16)
    return _each(octets, lambda _kind, flags: (NLMSG_ERROR, flags, body))


def _interrupted(octets: bytes) -> bytes:
    return _each(octets, lambda kind, flags: (kind, flags | NLM_F_DUMP_INTR, None))


def _broken_off(octets: bytes) -> bytes:
    body = struct.pack("@i", -errno.ENOMEM)
    return _each(octets, lambda _kind, flags: (NLMSG_DONE, flags, body))


@pytest.mark.parametrize("spoil", [_refused, _interrupted, _broken_off])
def test_a_table_that_was_not_told_whole_is_asked_for_again(
    kernel: KernelTables, spoil: Callable[[bytes], bytes]
) -> None:
    list(kernel.changes())
    kernel._asking = Reluctant(kernel._asking, spoil, MOST_ATTEMPTS - 1)
    assert list(kernel.everything()) == [] and kernel.link("lan") is not None
    assert kernel.retry_at == NEVER


@pytest.mark.parametrize("spoil", [_refused, _interrupted, _broken_off])
def test_what_was_known_holds_while_the_kernel_does_not_tell(
    machine: Machine, kernel: KernelTables, spoil: Callable[[bytes], bytes]
) -> None:
    real = kernel._asking
    kernel._asking = Reluctant(real, spoil, 1000)
    machine.ip("address add 10.9.0.1/24 dev lan")
    assert list(kernel.everything()) == [] and kernel.link("lan") is not None
    assert now() < kernel.retry_at < NEVER
    kernel._asking = real
    assert AddressesRead("lan", 4) in list(kernel.everything())
    assert kernel.holds("lan", FIRST)
    assert kernel.retry_at == NEVER
