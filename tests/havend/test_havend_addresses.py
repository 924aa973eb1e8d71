# SPDX-License-Identifier: GPL-2.0-or-later
"""What one change costs beside a thousand addresses, and what nobody has to be told of."""

import struct
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from haven.core.events import AddressesChanged
from haven.core.value import Value
from haven.havend import kernel_tables
from haven.havend.address_table import AddressTable
from haven.havend.kernel_changes import AddressCame, AddressesRead, AddressGone
from haven.havend.kernel_tables import AT_ONCE, KernelTables
from haven.havend.netlink_messages import IFA_LOCAL, RTM_DELADDR, RTM_NEWADDR
from haven.havend.repair import PUT_OFF_AT_MOST, Repair
from tests.havend.machines import Machine
from tests.havend.processor_time import least_time

OWN = bytes((10, 9, 0, 1))
FEW, MANY = 10, 2000
# Many are two hundred times as many: what grew with them would grow by far more than this.
AT_MOST = 8


def _address(number: int) -> bytes:
    return struct.pack("!I", 0x0A140000 + number)


def _message(kind: int, index: int, address: bytes) -> bytes:
    body = struct.pack("@BBBBI", 2, 32, 0, 0, index) + struct.pack("@HH", 8, IFA_LOCAL) + address
    return struct.pack("@IHHII", 16 + len(body), kind, 0, 0, 0) + body


class Feed:
    """A socket with messages in it."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def recv(self, _most: int) -> bytes:
        """Return the next, as a socket does."""
        if not self.waiting:
            raise BlockingIOError
        return self.waiting.pop(0)

    def close(self) -> None:
        """Have nothing to close."""


@pytest.fixture
def kernel(machine: Machine) -> Iterator[KernelTables]:
    """A copy that has read what there is, and hears from now on what it is fed."""
    machine.ip("link add lan type veth peer name other")
    copy = machine.inside(KernelTables)
    assert isinstance(copy, KernelTables)
    list(copy.everything())
    copy.socket.close()
    copy.socket = Feed()
    yield copy
    copy.close()


def _feed(kernel: KernelTables, messages: list[bytes]) -> list[Value]:
    """Feed messages and return all that comes of them, turn for turn."""
    kernel.socket.waiting = list(messages)
    told = list(kernel.changes())
    while kernel.has_more:
        told.extend(kernel.changes())
    return told


def _fill(kernel: KernelTables, count: int) -> None:
    index = kernel.index_of("lan")
    _feed(kernel, [_message(RTM_NEWADDR, index, _address(number)) for number in range(count)])
    assert len(kernel.addresses("lan", 4)) >= count


def _cost_of_a_change(kernel: KernelTables) -> int:
    """Return the least time of the processor for the coming and going of an address, of several tries."""
    index = kernel.index_of("lan")
    pair = [_message(kind, index, OWN) for kind in (RTM_NEWADDR, RTM_DELADDR)]

    def change() -> None:
        assert len(_feed(kernel, pair * 16)) == 32

    return least_time(change)


def test_an_event_costs_the_same_beside_many_addresses(kernel: KernelTables) -> None:
    _fill(kernel, FEW)
    few = _cost_of_a_change(kernel)
    _fill(kernel, MANY)
    assert _cost_of_a_change(kernel) < AT_MOST * few


def test_asking_for_every_address_costs_what_they_are(kernel: KernelTables) -> None:
    def cost(count: int) -> int:
        _fill(kernel, count)
        asked = [_address(number) for number in range(count)]

        def ask() -> None:
            assert all(kernel.holds("lan", address) for address in asked)

        return least_time(ask)

    few = cost(FEW)
    assert cost(MANY) < AT_MOST * few * MANY / FEW


def test_what_happens_to_other_devices_is_not_even_parsed(
    kernel: KernelTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.follow_addresses({"lan"})
    parsed: list[bytes] = []
    parse = kernel_tables.parse_address
    monkeypatch.setattr(kernel_tables, "parse_address", lambda body: parsed.append(body) or parse(body))
    other, lan = kernel.index_of("other"), kernel.index_of("lan")
    flood = [_message(RTM_NEWADDR, other, _address(number)) for number in range(MANY)]
    assert _feed(kernel, flood) == [] and parsed == []
    assert kernel.addresses("other", 4) == ()
    assert AddressCame("lan", OWN) in _feed(kernel, [_message(RTM_NEWADDR, lan, OWN)])


def test_a_device_that_is_of_interest_later_is_read_then(machine: Machine, kernel: KernelTables) -> None:
    kernel.follow_addresses({"lan"})
    machine.ip("address add 10.9.0.1/24 dev other")
    assert kernel.addresses("other", 4) == ()
    kernel.follow_addresses({"other"})
    assert kernel.addresses("other", 4) == (OWN,) and kernel.addresses("lan", 4) == ()


def test_an_address_that_is_told_of_twice_is_one(kernel: KernelTables) -> None:
    index = kernel.index_of("lan")
    come, gone = _message(RTM_NEWADDR, index, OWN), _message(RTM_DELADDR, index, OWN)
    told = _feed(kernel, [come, come, gone, gone])
    assert [each for each in told if type(each) in (AddressCame, AddressGone)] == [
        AddressCame("lan", OWN),
        AddressGone("lan", OWN),
    ]


def test_the_table_keeps_the_order_in_which_addresses_came() -> None:
    table = AddressTable([_address(number) for number in (5, 3, 9)])
    assert not table.add(_address(3)) and table.remove(_address(5)) and not table.remove(_address(5))
    table.add(_address(1))
    table.add(_address(5))
    assert table.in_order() == tuple(_address(number) for number in (3, 9, 1, 5))
    assert _address(9) in table and len(table) == 4


# What repair makes of it


class World:
    """Repair among stand-ins that write down what they are asked."""

    def __init__(self) -> None:
        self.told: list[Value] = []
        self.restored: list[str] = []
        self.present: set[bytes] = set()
        self.has_more = False
        plan = SimpleNamespace(routers={"lan": SimpleNamespace(device="lan", address_device="lan")})
        plan.routers["lan"].spec = SimpleNamespace(tracks=())
        self.repair = Repair(
            SimpleNamespace(could_change_source=lambda _device, _family, address: address == OWN),
            self,
            SimpleNamespace(plan=plan),
            SimpleNamespace(),
            self,
            SimpleNamespace(),
            SimpleNamespace(add=lambda *_words, **_facts: None),
            self.told.append,
        )
        self.repair.watch(plan)
        self.told.clear()

    def follow_addresses(self, devices: set[str]) -> None:
        """Stand in for the kernel's tables."""

    def link(self, _device: str) -> object:
        """Have every device."""
        return SimpleNamespace(up=True)

    def addresses(self, _device: str, _family: int) -> tuple[bytes, ...]:
        """Have what is present."""
        return tuple(sorted(self.present))

    def holds(self, _device: str, address: bytes) -> bool:
        """Have what is present."""
        return address in self.present

    def owner_of(self, _device: str, _address: bytes) -> str:
        """Stand in for the keeper, who holds every address."""
        return "lan"

    def restore(self, name: str, _now: int) -> bool:
        """Put everything back."""
        self.restored.append(name)
        return True


def test_the_engine_hears_of_many_changes_once_and_only_of_its_source() -> None:
    world = World()
    many = [AddressCame("lan", _address(number)) for number in range(MANY)]
    world.repair.follow(many)
    assert world.told == []
    world.repair.follow([*many, AddressGone("lan", OWN), AddressCame("lan", OWN), *many])
    assert [type(each) for each in world.told[:1]] == [AddressesChanged]
    assert len([each for each in world.told if type(each) is AddressesChanged]) == 1


def test_the_engine_hears_of_what_was_read_as_a_whole() -> None:
    world = World()
    world.repair.follow([AddressesRead("lan", 4), AddressesRead("elsewhere", 4)])
    assert [each.device for each in world.told if type(each) is AddressesChanged] == ["lan"]


def test_who_takes_many_addresses_away_is_let_finish_before_they_are_put_back() -> None:
    world = World()
    world.has_more = True
    for number in range(PUT_OFF_AT_MOST):
        world.repair.follow([AddressGone("lan", _address(number))])
    assert world.restored == []
    world.has_more = False
    world.repair.follow([])
    assert world.restored == ["lan"]


def test_putting_back_is_not_put_off_for_ever() -> None:
    world = World()
    world.has_more = True
    for number in range(10 * AT_ONCE):
        world.repair.follow([AddressGone("lan", _address(number))])
    assert 0 < len(world.restored) <= 10 * AT_ONCE // PUT_OFF_AT_MOST
