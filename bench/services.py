# SPDX-License-Identifier: GPL-2.0-or-later
"""Fifty changes of role in ten seconds with services that start slowly, hang and fail; and power cuts."""

import contextlib
import time
from collections.abc import Iterator, Sequence

from bench.cost import pss_kb
from bench.table import Comparison, Figures
from tests.lab.haven_node import Refused
from tests.lab.network import Network
from tests.lab.pair import pair, wait_settled
from tests.lab.service_node import ServiceNode
from tests.lab.wait import wait_until

CHANGES, WITHIN_S = 50, 10.0
GOOD = ("first", "second", "slow")
STARTS_SLOWLY, HANGS, FAILS = "sleep 2", "sleep 100", "exit 1"
BRIEFLY = "\toption start_timeout '1'\n"
SERVICES = (
    ("first", "", ""),
    ("second", "", ""),
    ("slow", STARTS_SLOWLY, ""),
    ("fails", FAILS, ""),
    ("hangs", HANGS, BRIEFLY),
)


class _Stormy(ServiceNode):
    services = SERVICES


class _Quiet(ServiceNode):
    services = SERVICES[:2]


class _Idle(ServiceNode):
    services = ()


def services_by_role(runs: int) -> Iterator[Comparison | Figures]:
    """Count what went wrong in storms; measure how soon services follow a power cut, and what they cost."""
    wrong = {
        "ran twice": Comparison("storm: a service ran twice at once", "", most=0),
        "told twice": Comparison("storm: told the same twice in a row", "", most=0),
        "on the standby": Comparison("storm: ran on the standby in the end", "", most=0),
        "out of order": Comparison("storm: started or stopped out of order", "", most=0),
    }
    settled = Comparison("storm: as the role wants it after the last change", "s")
    told = Figures("storm: what each service was told in fifty changes")
    cut = Figures("power cut: the service runs on the other router after, s")
    cost = Figures("haven-agent, PSS in MB")
    for _ in range(runs):
        _storm(wrong, settled, told)
        cut.add({"at 100 ms": _cut_s()})
        cost.add({"without services": _pss_mb(_Idle), "with two": _pss_mb(_Quiet)})
    yield from (*wrong.values(), settled, told, cut, cost)


def _storm(wrong: dict[str, Comparison], settled: Comparison, told: Figures) -> None:
    network = Network(2)
    try:
        nodes = pair(_Stormy, network, interval_ms=50)
        wait_settled(nodes)
        done = _change(nodes)
        began = time.monotonic()
        active = wait_settled(nodes, 30)
        (backup,) = [node for node in nodes if node is not active]
        wait_until(lambda: _are(active, "running", GOOD), 60, "the Active runs what can run")
        wait_until(lambda: _are(backup, "stopped", [each[0] for each in SERVICES]), 60, "the other rests")
        settled.haven.append(time.monotonic() - began)
        quiet_since = time.time_ns()
        time.sleep(2)
        for what, count in _mistakes(nodes, backup, quiet_since).items():
            wrong[what].haven.append(count)
        told.add({"changes": done, **{name: max(len(each.told(name)) for each in nodes) for name in GOOD}})
    finally:
        network.delete()


def _change(nodes: Sequence[ServiceNode]) -> int:
    """Move the group to and fro, evenly; return how often that was done."""
    done, began = 0, time.monotonic()
    for number in range(CHANGES):
        time.sleep(max(0.0, began + number * WITHIN_S / CHANGES - time.monotonic()))
        for node in nodes:
            if node.state() == "active":
                with contextlib.suppress(Refused):
                    node.ask("switchover", group="gateway")
                    done += 1
                break
    return done


def _are(node: ServiceNode, state: str, names: Sequence[str]) -> bool:
    return all(node.service(name).get("is") == state for name in names)


def _mistakes(nodes: Sequence[ServiceNode], backup: ServiceNode, quiet_since: int) -> dict[str, int]:
    found = dict.fromkeys(("ran twice", "told twice", "on the standby", "out of order"), 0)
    for node in nodes:
        for name in GOOD:
            told = [line.split()[-1] for line in node.told(name)]
            found["ran twice"] += told.count("twice")
            found["told twice"] += sum(one == other for one, other in zip(told, told[1:], strict=False))
        found["out of order"] += len(node.order_broken(GOOD))
    found["on the standby"] = sum(at > quiet_since for name in GOOD for at in backup.ran_at(name))
    return found


def _cut_s() -> float:
    network = Network(2)
    try:
        first, second = pair(_Quiet, network, interval_ms=100)
        wait_until(lambda: _are(first, "running", ("first", "second")), 30, "the Active runs them")
        began = time.time_ns()
        network.power_cut("r1")
        wait_until(lambda: second.ran_at("second"), 30, "the other one runs them")
        return (second.ran_at("second")[0] - began) / 1e9
    finally:
        network.delete()


def _pss_mb(kind: type[ServiceNode]) -> float:
    network = Network(2)
    try:
        first, _second = pair(kind, network)
        wait_until(lambda: _are(first, "running", [each[0] for each in kind.services]), 30, "they run")
        time.sleep(2)
        assert first.agent is not None
        return pss_kb(first.agent.pid) / 1024
    finally:
        network.delete()
