# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens between the parts of a takeover that takes long."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.core import effects
from haven.core.value import Value
from haven.havend.address_keeper import AddressKeeper
from haven.havend.executor import Executor
from haven.havend.kernel_tables import KernelTables
from haven.havend.netlink_batch import BATCH
from tests.havend.machines import Machine
from tests.havend.plans import lan, plan_of

MANY = 3 * BATCH + 1
ADDRESSES = tuple("10.20.0.%d/32" % host for host in range(1, MANY + 1))


class Host:
    """A machine, and what it had at each pause of who carries steps out there."""

    def __init__(self, machine: Machine, kernel: KernelTables) -> None:
        self.machine = machine
        self.kernel = kernel
        self.pauses: list[int] = []
        self.keeper = AddressKeeper(kernel, lambda _found: None, self._pause)

    def _pause(self) -> None:
        self.pauses.append(self.count())

    def count(self) -> int:
        """Return how many of the addresses the kernel has."""
        return len([each for each in self.machine.addresses("lan") if each.startswith("10.20.")])

    def paused(self) -> list[int]:
        """Return what there was at each pause since this was last asked."""
        pauses, self.pauses = self.pauses, []
        return pauses


@pytest.fixture
def host(machine: Machine) -> Iterator[Host]:
    machine.ip("link add lan type veth peer name far", "link set far up", "link set lan up")
    made = machine.inside(lambda: Host(machine, KernelTables()))
    assert isinstance(made, Host)
    list(made.kernel.everything())
    yield made
    made.kernel.close()


def test_taking_renewing_and_releasing_many_addresses_has_pauses(host: Host, tmp_path: Path) -> None:
    host.keeper.load(plan_of(tmp_path, lan(address=ADDRESSES)))
    host.keeper.take(("lan",), 0)
    assert host.paused() == [BATCH, 2 * BATCH, 3 * BATCH, MANY]
    host.keeper.renew(2_000_000)
    assert host.paused() == [MANY] * 4
    host.keeper.release(("lan",))
    assert host.paused() == [MANY - BATCH, MANY - 2 * BATCH, MANY - 3 * BATCH, 0]


class Story:
    """An executor among stand-ins that tell what is done, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.due: list[Value] = []
        none = SimpleNamespace()
        self.executor = Executor(
            SimpleNamespace(advertise=self._advertise, groups={}),
            SimpleNamespace(send=self._send, announce=self._announce),
            SimpleNamespace(take=self._take, groups_of=lambda _routers: set()),
            SimpleNamespace(spoke=lambda _router: None),
            none,
            none,
            none,
            none,
            SimpleNamespace(take=lambda _routers: None),
            SimpleNamespace(take=lambda _groups, _now: None),
        )

    def _advertise(self, _now: int) -> list[Value]:
        due, self.due = self.due, []
        return due

    def _send(self, effect: effects.Send) -> None:
        self.told.append("send " + effect.router)

    def _take(self, routers: tuple[str, ...], _now: int) -> None:
        for part in ("first", "second"):
            self.told.append("take %s %s" % (routers[0], part))
            self.executor.advertise()

    def _announce(self, router: str) -> None:
        self.told.append("announce " + router)


def test_what_is_due_is_sent_in_between_and_the_order_of_the_rest_stays() -> None:
    story = Story()
    story.due = [effects.Send("other", b"", ())]
    wanted = [effects.Send("lan", b"", ()), effects.TakeOver(("lan",)), effects.Announce("lan")]
    story.executor.perform(wanted, 0)
    assert story.told == ["send lan", "take lan first", "send other", "take lan second", "announce lan"]


def test_between_the_announcements_of_two_virtual_routers_is_a_pause() -> None:
    story = Story()
    story.due = [effects.Send("other", b"", ())]
    story.executor.perform([effects.Announce("lan"), effects.Announce("wan")], 0)
    assert story.told == ["announce lan", "send other", "announce wan"]
