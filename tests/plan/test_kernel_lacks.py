# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel has not is left out of the plan and named; the rest is as it would be."""

import errno
from pathlib import Path

import pytest

from haven.config.load import load
from haven.plan import kernel_lacks
from haven.plan.assemble import compile_plan
from haven.plan.kernel_lacks import IPV6, MACVLAN
from haven.plan.machine import DeviceFacts, Machine

LAN = "config virtual_router 'lan'\n\toption device 'lan'\n\toption vrid '5'\n\toption group 'gateway'\n"
FOUR = LAN + "\tlist address '192.0.2.1/24'\n\toption virtual_mac '1'\n"
SIX = LAN.replace("'lan'\n\toption device", "'lan6'\n\toption device") + "\tlist address 'fe80::5/64'\n"
GROUP = "config group 'gateway'\n"


def _plan(folder: Path, text: str, *lacks: str, **facts: bool) -> dict:
    path = folder / "haven"
    path.write_text(GROUP + text)
    model, problems = load(str(path))
    assert model is not None, problems
    links = {"lan": DeviceFacts(2, "lan", bytes(6), 1500, True, 1, **facts)}
    plan, problems = compile_plan(model, Machine(links, frozenset(lacks)), str(path))
    assert plan is not None, problems
    return plan


def _warnings(plan: dict) -> list[tuple[str, str]]:
    return [(each["code"], each["section_name"]) for each in plan["warnings"]]


def test_without_ipv6_the_rest_of_the_group_works(tmp_path: Path) -> None:
    plan = _plan(tmp_path, FOUR + SIX, IPV6)
    assert [each["name"] for each in plan["virtual_routers"]] == ["lan"]
    assert _warnings(plan) == [("kernel-no-ipv6", "lan6")]
    whole = _plan(tmp_path, FOUR + SIX)
    assert plan["virtual_routers"] == whole["virtual_routers"][:1] and _warnings(whole) == []


def test_a_group_of_ipv6_alone_stays_and_is_a_fault(tmp_path: Path) -> None:
    plan = _plan(tmp_path, SIX, IPV6)
    assert [each["name"] for each in plan["virtual_routers"]] == ["lan6"]


def test_without_macvlan_a_virtual_router_has_the_mac_of_its_device(tmp_path: Path) -> None:
    plan = _plan(tmp_path, FOUR, MACVLAN)
    plain = _plan(tmp_path, FOUR.replace("virtual_mac '1'", "virtual_mac '0'"))
    assert plan["virtual_routers"] == plain["virtual_routers"]
    assert _warnings(plan) == [("kernel-no-macvlan", "lan")]


def test_ipv6_that_is_off_on_a_device_is_named(tmp_path: Path) -> None:
    assert _warnings(_plan(tmp_path, FOUR + SIX, without_ipv6=True)) == [("device-no-ipv6", "lan6")]


def test_a_device_without_multicast_wants_peers(tmp_path: Path) -> None:
    assert _warnings(_plan(tmp_path, FOUR, multicast=False)) == [("device-no-multicast", "lan")]
    unicast = FOUR + "\tlist unicast_peer '192.0.2.3'\n"
    assert _warnings(_plan(tmp_path, unicast, multicast=False)) == []


def test_a_client_of_an_access_point_has_no_other_mac(tmp_path: Path) -> None:
    assert _warnings(_plan(tmp_path, FOUR, wireless_client=True)) == [("device-wireless-client", "lan")]
    own = FOUR.replace("virtual_mac '1'", "virtual_mac '0'")
    assert _warnings(_plan(tmp_path, own, wireless_client=True)) == []


class Kernel:
    """Answers a request for a device as a kernel does."""

    def __init__(self, code: int) -> None:
        self.code = code

    def link(self, *_words: str, **_more: str) -> None:
        error = OSError()
        error.code = self.code  # type: ignore[attr-defined]
        raise error


def test_what_is_lacking_is_found_by_what_the_kernel_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kernel_lacks.read_lacks(Kernel(errno.EINVAL)) == set()
    assert kernel_lacks.read_lacks(Kernel(errno.EOPNOTSUPP)) == {MACVLAN}
    # Who may not make devices does not know.
    assert kernel_lacks.read_lacks(Kernel(errno.EPERM)) == set()
    monkeypatch.setattr(kernel_lacks, "IPV6_ADDRESSES", str(tmp_path / "none"))
    assert kernel_lacks.read_lacks(Kernel(errno.EINVAL)) == {IPV6}
