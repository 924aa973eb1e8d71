# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a plan, carried out in a real kernel."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from haven.contract.plan import Plan, Step
from haven.core.clock import NEVER, SECOND
from haven.havend import diagnosis
from haven.havend.address_keeper import RESTORE_AT_MOST, AddressKeeper
from haven.havend.kernel_tables import KernelTables
from haven.havend.netlink_batch import BATCH, NetlinkBatch, StepFailure
from tests.havend.machines import Machine
from tests.havend.plans import lan, plan_of

ADDRESS = bytes((10, 9, 0, 100))


class Host(NamedTuple):
    """A machine with a device `lan`, and what carries steps out there."""

    machine: Machine
    kernel: KernelTables
    stepper: NetlinkBatch
    holder: AddressKeeper
    told: list[dict[str, Any]]

    def look(self) -> None:
        """Take in what has changed."""
        list(self.kernel.changes())


@pytest.fixture
def host(machine: Machine) -> Iterator[Host]:
    machine.ip("link add lan type veth peer name far", "link set far up", "link set lan up")

    told: list[dict[str, Any]] = []

    def make() -> tuple[KernelTables, NetlinkBatch, AddressKeeper]:
        kernel = KernelTables()
        return kernel, NetlinkBatch(kernel), AddressKeeper(kernel, told.append)

    made = machine.inside(make)
    assert isinstance(made, tuple)
    list(made[0].everything())
    yield Host(machine, *made, told)
    made[0].close()


def _adds(plan: Plan, name: str = "lan") -> list[Step]:
    return [step for step in plan.routers[name].takeover if step.renew]


def _step(octets: bytes, *patch: tuple[int, str], code: str = "device-up", **facts: str) -> Step:
    """Return a step that no compiler has made."""
    said = {"code": code, "facts": facts, "say": "in other words"}
    return Step({**said, "octets": octets.hex(), "patch": list(patch), "tolerate": []})


def _words(failures: list[StepFailure]) -> list[str]:
    """Return what a status says of failures."""
    return [found["message"] for found in diagnosis.of_failures({"lan": failures})]


def test_steps_are_done_and_done_twice(host: Host, tmp_path: Path) -> None:
    steps = _adds(plan_of(tmp_path, lan()))
    assert host.stepper.run(steps) == []
    assert host.stepper.run(steps) == []
    assert host.machine.addresses("lan").count("10.9.0.100") == 1


def test_a_step_that_fails_is_told_in_words_and_the_rest_is_done(host: Host, tmp_path: Path) -> None:
    plan = plan_of(tmp_path, lan())
    good = _adds(plan)
    release = plan.routers["lan"].release[-1]
    unknown = _step(release.octets, (20, "lan"), code=release.code, **release.facts)
    failures = host.stepper.run([unknown, *good])
    assert failures == [StepFailure(0, unknown, "Cannot assign requested address")]
    assert _words(failures) == [
        "A step failed: delete 10.9.0.100/32 from lan: Cannot assign requested address."
    ]
    assert "10.9.0.100" in host.machine.addresses("lan")


def test_a_tolerated_error_is_none(host: Host, tmp_path: Path) -> None:
    plan = plan_of(tmp_path, lan(route=("10.7.0.0/16 via 10.9.0.9",)))
    assert host.stepper.run(plan.routers["lan"].release) == []


def test_a_missing_device_is_named(host: Host, tmp_path: Path) -> None:
    plan = plan_of(tmp_path, lan(device="wan"), devices=("wan",))
    steps = _adds(plan)
    failures = host.machine.inside(lambda: host.stepper.run(steps))
    assert failures == [StepFailure(0, steps[0], "there is no device wan")]
    assert _words(failures) == ["A step failed: add 10.9.0.100/32 to wan: there is no device wan."]


def test_more_steps_than_a_batch_are_done_in_order(host: Host, tmp_path: Path) -> None:
    addresses = tuple("10.9.%d.%d/16" % (high, low) for high in (1, 2, 3) for low in range(1, 70))
    steps = _adds(plan_of(tmp_path, lan(address=addresses)))
    assert len(steps) > 3 * BATCH
    broken = _step(struct.pack("@IHHII16x", 32, 17, 5, 0, 0))
    failures = host.stepper.run([*steps[:100], broken, *steps[100:]])
    assert [failure.position for failure in failures] == [100]
    assert [each for each in host.machine.addresses("lan") if each.startswith("10.9")] == [
        address.split("/")[0] for address in addresses
    ]


def test_a_message_that_the_kernel_does_not_answer_is_told(host: Host) -> None:
    short = bytes.fromhex("10000000") + bytes(12)
    failures = host.stepper.run([_step(short, code="device-up", device="lan")])
    assert [failure.error for failure in failures] == ["no answer"]
    assert _words(failures) == ["A step failed: set lan up: no answer."]


def test_a_device_can_be_used_by_the_step_after_the_one_that_makes_it(host: Host, tmp_path: Path) -> None:
    router = plan_of(tmp_path, lan(virtual_mac=1)).routers["lan"]
    steps = router.setup + router.takeover
    assert host.machine.inside(lambda: host.stepper.run(steps)) == []
    assert "10.9.0.100" in host.machine.addresses(router.address_device)
    host.look()
    assert host.stepper.run(router.release + router.teardown) == []
    assert host.machine.link(router.address_device) is None


# The holder


def test_take_renew_and_release(host: Host, tmp_path: Path) -> None:
    host.holder.load(plan_of(tmp_path, lan()))
    assert host.holder.held() == () and host.holder.renew_at == NEVER
    host.holder.take(("lan",), 0)
    host.look()
    assert host.holder.held() == ("lan",) and host.holder.is_held("lan")
    assert host.holder.renew_at == 2 * SECOND
    assert host.holder.owner_of("lan", ADDRESS) == "lan"
    assert host.holder.owner_of("far", ADDRESS) is None
    host.holder.renew(5 * SECOND)
    assert host.holder.renew_at == 7 * SECOND
    host.holder.release(("lan",))
    host.look()
    assert not host.holder.is_held("lan") and host.holder.renew_at == NEVER
    assert host.machine.addresses("lan") == [each for each in host.machine.addresses("lan") if ":" in each]


def test_renewing_puts_back_what_is_gone(host: Host, tmp_path: Path) -> None:
    host.holder.load(plan_of(tmp_path, lan()))
    host.holder.take(("lan",), 0)
    host.machine.ip("address delete 10.9.0.100/32 dev lan")
    host.holder.renew(2 * SECOND)
    assert "10.9.0.100" in host.machine.addresses("lan")


def test_restoring_has_a_limit_for_each_virtual_router(host: Host, tmp_path: Path) -> None:
    host.holder.load(plan_of(tmp_path, lan(), lan("other", vrid=52, address=("10.9.0.101/24",))))
    host.holder.take(("lan", "other"), 0)
    done = [host.holder.restore("lan", 5) for _ in range(RESTORE_AT_MOST + 3)]
    assert done.count(True) == RESTORE_AT_MOST
    assert host.holder.restore("other", 5)
    assert host.holder.restore("lan", 5 + SECOND)


def test_failures_belong_to_the_virtual_router_that_had_them(host: Host, tmp_path: Path) -> None:
    six = lan("six", vrid=52, address=("fe80::64", "2001:db8::1/64"), device="gone")
    host.holder.load(plan_of(tmp_path, lan(), six, devices=("lan", "gone")))
    host.machine.inside(lambda: host.holder.take(("lan", "six"), 0))
    assert set(host.holder.failures) == {"six"}
    text = "A step failed: add fe80::64/128 to gone: there is no device gone."
    told = diagnosis.of_failures(host.holder.failures)
    assert text in [each["message"] for each in told] and {each["about"] for each in told} == {"six"}
    host.holder.release(("six",))
    assert host.holder.failures == {}


def test_a_failure_is_told_once_for_each_takeover(host: Host, tmp_path: Path) -> None:
    host.holder.load(plan_of(tmp_path, lan(route=("10.7.0.0/16 via 10.8.0.9",))))
    host.holder.take(("lan",), 0)
    (told,) = host.told
    assert (told["code"], told["about"]) == ("step-failed", "lan")
    assert told["facts"]["step"]["facts"] == {"route": "10.7.0.0/16 via 10.8.0.9"}
    for _ in range(3):
        host.holder.restore("lan", 5)
    assert len(host.told) == 1
    host.holder.release(("lan",))
    host.holder.take(("lan",), 9 * SECOND)
    assert host.told == [told] * 2


def test_reapply_keeps_what_is_the_same(host: Host, tmp_path: Path) -> None:
    host.holder.load(plan_of(tmp_path, lan(address=("10.9.0.100/24", "10.9.0.101/24"))))
    host.holder.take(("lan",), 0)
    host.look()
    host.holder.load(plan_of(tmp_path, lan(address=("10.9.0.101/24", "10.9.0.102/24"))))
    assert host.holder.reapply("lan", 1)
    seen = list(host.kernel.changes())
    kept = bytes((10, 9, 0, 101))
    assert not any(getattr(change, "address", None) == kept for change in seen)
    assert [each for each in host.machine.addresses("lan") if ":" not in each] == ["10.9.0.101", "10.9.0.102"]
    assert not host.holder.reapply("lan", 2)


def test_reapply_announces_addresses_that_moved_to_another_device(host: Host, tmp_path: Path) -> None:
    host.holder.load(plan_of(tmp_path, lan()))
    host.holder.take(("lan",), 0)
    plan = plan_of(tmp_path, lan(virtual_mac=1))
    holder = plan.routers["lan"].address_device

    def change() -> bool:
        host.holder.load(plan)
        return host.holder.reapply("lan", 1)

    assert host.machine.inside(change) is True
    assert "10.9.0.100" in host.machine.addresses(holder)
    assert "10.9.0.100" not in host.machine.addresses("lan")
    assert host.holder.failures == {}


def test_tearing_down_spares_what_another_stands_on_now(host: Host, tmp_path: Path) -> None:
    before = plan_of(tmp_path, lan(virtual_mac=1))
    device = before.routers["lan"].address_device
    host.machine.inside(lambda: host.holder.load(before))
    host.look()
    host.machine.inside(lambda: host.holder.load(plan_of(tmp_path, lan("renamed", virtual_mac=1))))
    host.holder.tear_down(before.routers["lan"])
    assert host.machine.link(device) is not None


def test_failures_of_a_router_that_is_no_more_are_forgotten(host: Host, tmp_path: Path) -> None:
    host.holder.load(plan_of(tmp_path, lan(device="gone"), devices=("gone",)))
    host.machine.inside(lambda: host.holder.take(("lan",), 0))
    assert "lan" in host.holder.failures
    host.holder.load(plan_of(tmp_path, lan("other")))
    assert host.holder.failures == {}
