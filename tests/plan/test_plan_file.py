# SPDX-License-Identifier: GPL-2.0-or-later
"""Plan files: whole or not at all, and checked when read."""

import copy
import json
import os
import pathlib
import stat
import struct

import pytest

from haven.contract.plan import VERSION, PlanError, read_document
from haven.plan.write import write_plan

STEP = {
    "code": "device-up",
    "facts": {"device": "lan"},
    "say": "set lan up",
    "octets": (struct.pack("@I", 32) + bytes(28)).hex(),
    "patch": [[20, "lan"]],
    "tolerate": [],
}
COMMAND = {"code": "accept-rules", "facts": {}, "say": "drop", "argv": ["nft", "-f", "-"], "stdin": "x"}
ROUTER = {
    "name": "lan",
    "group": "lan",
    "device": "lan",
    "interface": None,
    "family": 4,
    "addresses": ["192.168.1.1/24"],
    "source": None,
    "unicast_peers": [],
    "auth": None,
    "tracks": [],
    "accept": True,
    "virtual_mac": None,
    "address_device": "lan",
    "vrid": 51,
    "version": 3,
    "priority": 100,
    "advert_interval_us": 1_000_000,
    "checksum": "pseudo_header",
    "announce_refresh_us": 0,
    "setup": [],
    "takeover": [STEP],
    "release": [],
    "teardown": [],
}
PLAN = {
    "version": VERSION,
    "node": "r1",
    "config": "/etc/config/haven",
    "made_from": None,
    "enabled": True,
    "realtime": 50,
    "address_lifetime_us": 8_000_000,
    "renew_us": 2_000_000,
    "warnings": [],
    "groups": [{"name": "lan", "preempt": False, "preempt_delay_us": 0, "sync_wait_us": 0}],
    "virtual_routers": [ROUTER],
    "sysctls": [],
    "commands": {"setup": [COMMAND], "teardown": []},
    "parts": {},
}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "plan.json")


def test_what_is_written_is_read(path: str) -> None:
    write_plan(path, PLAN)
    assert read_document(path) == PLAN


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
    assert read_document(path) == PLAN
    assert os.listdir(tmp_path) == ["plan.json"]


def test_a_folder_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(PlanError, match="nowhere/plan.json: cannot be written"):
        write_plan(str(tmp_path / "nowhere" / "plan.json"), PLAN)


def test_a_file_that_is_not_there_is_named(path: str) -> None:
    with pytest.raises(PlanError, match="plan.json: the plan cannot be read: No such file"):
        read_document(path)


@pytest.mark.parametrize("length", [0, 1, 100, 600])
def test_a_truncated_file_is_refused(path: str, length: int) -> None:
    pathlib.Path(path).write_text(json.dumps(PLAN)[:length])
    with pytest.raises(PlanError, match="plan.json: the plan is truncated or is not JSON"):
        read_document(path)


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"[" * 100_000, b"hello"])
def test_what_is_not_json_is_refused(path: str, octets: bytes) -> None:
    pathlib.Path(path).write_bytes(octets)
    with pytest.raises(PlanError, match="the plan is truncated or is not JSON"):
        read_document(path)


def changed(**changes: object) -> dict:
    return {**copy.deepcopy(PLAN), **changes}


def with_step(**changes: object) -> dict:
    return with_router(takeover=[{**STEP, **changes}])


def with_router(**changes: object) -> dict:
    return changed(virtual_routers=[{**ROUTER, **changes}])


def with_command(**changes: object) -> dict:
    return changed(commands={"setup": [], "teardown": [{**COMMAND, **changes}]})


def without(key: str) -> dict:
    plan = copy.deepcopy(PLAN)
    del plan[key]
    return plan


DAMAGED = [
    (without("renew_us"), "the plan: renew_us is missing"),
    (changed(parts=None), "the plan: parts is not an object"),
    (changed(groups=None), "the plan: groups is not a list"),
    (changed(groups=[{}]), "groups[0]: name is missing"),
    (changed(groups=[{"name": "lan"}]), "groups[0]: sync_wait_us is missing"),
    (changed(commands=[]), "the plan: commands is not an object"),
    (changed(commands={"setup": []}), "commands: teardown is missing"),
    (with_command(argv=[]), "commands: teardown: argv is empty"),
    (with_command(say=None), "commands: teardown[0]: say is not a text"),
    (changed(virtual_routers=[{}]), "virtual_routers[0]: name is missing"),
    (changed(virtual_routers=[{"name": "lan"}]), "virtual_routers[0]: group is missing"),
    (with_step(code=None), "virtual_routers[0]: takeover[0]: code is not a text"),
    (with_step(octets="zz"), "virtual_routers[0]: takeover[0]: octets is not octets in hexadecimal"),
    (with_step(octets=None), "virtual_routers[0]: takeover[0]: octets is not octets in hexadecimal"),
    (with_step(octets="00" * 32), "virtual_routers[0]: takeover[0]: octets are not a netlink message"),
    (with_step(patch=[[30, "lan"]]), "virtual_routers[0]: takeover[0]: patch is not within the message"),
    (with_step(patch=[[-1, "lan"]]), "virtual_routers[0]: takeover[0]: patch is not within the message"),
    (with_step(patch=[20]), "virtual_routers[0]: takeover[0]: patch is not a list of which each is a pair"),
    (with_step(patch=[["x", "lan"]]), "virtual_routers[0]: takeover[0]: patch is not a list of which each"),
    (with_step(tolerate=[0]), "virtual_routers[0]: takeover[0]: tolerate is not a list of which each"),
]


@pytest.mark.parametrize(("plan", "complaint"), DAMAGED)
def test_a_plan_that_is_not_whole_is_refused_with_a_reason(path: str, plan: dict, complaint: str) -> None:
    pathlib.Path(path).write_text(json.dumps(plan))
    with pytest.raises(PlanError) as refusal:
        read_document(path)
    assert (refusal.value.diagnostic.file, str(refusal.value)[: len(path) + 2]) == (path, path + ": ")
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(("plan", "complaint"), DAMAGED)
def test_a_plan_that_its_reader_would_refuse_is_not_written(path: str, plan: dict, complaint: str) -> None:
    write_plan(path, PLAN)
    with pytest.raises(PlanError) as refusal:
        write_plan(path, plan)
    assert complaint in str(refusal.value)
    assert read_document(path) == PLAN


VERSIONS = [
    ([], "None"),
    (changed(version=1), "1"),
    (changed(version=2), "2"),
    (changed(version=True), "True"),
    (without("version"), "None"),
]


@pytest.mark.parametrize(("plan", "found"), VERSIONS)
def test_a_plan_of_another_version_is_told_apart(path: str, plan: object, found: str) -> None:
    pathlib.Path(path).write_text(json.dumps(plan))
    with pytest.raises(PlanError) as refusal:
        read_document(path)
    assert refusal.value.diagnostic.code == "plan-version"
    assert str(refusal.value) == f"{path}: the plan has version {found}, this havend reads version {VERSION}"


@pytest.mark.parametrize(("plan", "found"), VERSIONS)
def test_a_plan_of_another_version_is_not_written(path: str, plan: object, found: str) -> None:
    with pytest.raises(PlanError):
        write_plan(path, plan)
    assert not os.path.exists(path)
