# SPDX-License-Identifier: GPL-2.0-or-later
"""Plan files: whole or not at all, and checked when read."""

import copy
import json
import os
import pathlib
import stat

import pytest

from haven import PLAN_VERSION
from haven.plan.plan_file import ROOT_KEYS, ROUTER_KEYS, PlanError, read_plan, write_plan

STEP = {"do": "netlink", "say": "set up", "octets": "00" * 32, "patch": [[20, "lan"]], "tolerate": []}
ROUTER = {
    **dict.fromkeys(ROUTER_KEYS),
    "name": "lan",
    "setup": [],
    "takeover": [STEP, {"do": "advertise", "say": "advertisement"}],
    "release": [],
    "teardown": [],
}
PLAN = {
    **dict.fromkeys(ROOT_KEYS),
    "version": PLAN_VERSION,
    "groups": [{"name": "lan", "preempt": False, "preempt_delay_us": 0}],
    "virtual_routers": [ROUTER],
    "commands": {"setup": [], "teardown": []},
}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "plan.json")


def test_what_is_written_is_read(path: str) -> None:
    write_plan(path, PLAN)
    assert read_plan(path) == PLAN


def test_only_the_owner_can_read_it_and_nothing_is_left_aside(path: str, tmp_path: pathlib.Path) -> None:
    write_plan(path, PLAN)
    write_plan(path, PLAN)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(tmp_path) == ["plan.json"]


def test_a_failed_write_leaves_the_old_plan_and_nothing_aside(
    path: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plan(path, PLAN)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PlanError, match="plan.json: cannot be written: No space left on device"):
        write_plan(path, {**PLAN, "node": "other"})
    assert read_plan(path) == PLAN
    assert os.listdir(tmp_path) == ["plan.json"]


def test_a_folder_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(PlanError, match="nowhere/plan.json: cannot be written"):
        write_plan(str(tmp_path / "nowhere" / "plan.json"), PLAN)


def test_a_file_that_is_not_there_is_named(path: str) -> None:
    with pytest.raises(PlanError, match="plan.json: cannot be read: No such file"):
        read_plan(path)


@pytest.mark.parametrize("length", [0, 1, 100, 600])
def test_a_truncated_file_is_refused(path: str, length: int) -> None:
    pathlib.Path(path).write_text(json.dumps(PLAN)[:length])
    with pytest.raises(PlanError, match="plan.json: is not JSON, or only a part of it"):
        read_plan(path)


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"[" * 100_000, b"hello"])
def test_what_is_not_json_is_refused(path: str, octets: bytes) -> None:
    pathlib.Path(path).write_bytes(octets)
    with pytest.raises(PlanError, match="is not JSON"):
        read_plan(path)


def changed(**changes: object) -> dict:
    return {**copy.deepcopy(PLAN), **changes}


def with_step(**changes: object) -> dict:
    return changed(virtual_routers=[{**ROUTER, "takeover": [{**STEP, **changes}]}])


def without(key: str) -> dict:
    plan = copy.deepcopy(PLAN)
    del plan[key]
    return plan


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        ([], "is not a plan"),
        (changed(version=1), "has version 1; this program reads version 2"),
        (without("version"), "has version None"),
        (without("renew_us"), "the plan lacks renew_us"),
        (changed(groups=None), "groups has the wrong shape"),
        (changed(groups=[{}]), "a group lacks name, preempt, preempt_delay_us"),
        (changed(commands=[]), "commands has the wrong shape"),
        (changed(virtual_routers=[{}]), "a virtual router lacks name"),
        (changed(virtual_routers=[{"name": "lan"}]), "virtual router 'lan' lacks group, device"),
        (with_step(do="dance"), "virtual router 'lan', takeover: step 'dance' is not known"),
        (with_step(octets="zz"), "the octets of 'set up' are damaged"),
        (with_step(octets=None), "the octets of 'set up' are damaged"),
        (with_step(patch=[[30, "lan"]]), "the octets of 'set up' are damaged"),
        (with_step(patch=[[-1, "lan"]]), "the octets of 'set up' are damaged"),
        (with_step(patch=[20]), "the octets of 'set up' are damaged"),
    ],
)
def test_a_plan_that_is_not_whole_is_refused_with_a_reason(path: str, plan: object, complaint: str) -> None:
    pathlib.Path(path).write_text(json.dumps(plan))
    with pytest.raises(PlanError) as refusal:
        read_plan(path)
    assert str(refusal.value).startswith(path + ": ")
    assert complaint in str(refusal.value)
