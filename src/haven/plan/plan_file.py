# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans as files: written whole or not at all, checked when read."""

import glob
import json
import os
from typing import Any

from haven import PLAN_VERSION

ROOT_KEYS = (
    "version", "node", "config", "made_from", "enabled", "realtime", "address_lifetime_us", "renew_us",
    "warnings", "groups", "virtual_routers", "sysctls", "commands",
)  # fmt: skip
GROUP_KEYS = ("name", "preempt", "preempt_delay_us")
ROUTER_KEYS = (
    "name", "group", "device", "interface", "vrid", "family", "version", "priority", "interval_us",
    "checksum", "auth", "accept", "virtual_mac", "address_device", "addresses", "source",
    "unicast_peers", "tracks", "announce_refresh_us", "setup", "takeover", "release", "teardown",
)  # fmt: skip
STAGES = ("setup", "takeover", "release", "teardown")
STEP_KEYS = {
    "netlink": ("do", "say", "octets", "patch", "tolerate"),
    "advertise": ("do", "say"),
    "announce": ("do", "say"),
    "goodbye": ("do", "say"),
}


class PlanError(Exception):
    """A plan file cannot be written or used; the text names the file."""


def write_plan(path: str, plan: dict[str, Any]) -> None:
    """Put a plan into a file, such that a reader or a power cut never meets half of one."""
    try:
        # The plan holds the version 2 password.
        write_whole(path, (json.dumps(plan, indent=1) + "\n").encode(), 0o600)
    except OSError as why:
        raise PlanError("%s: cannot be written: %s" % (path, why.strerror or why)) from why


def write_whole(path: str, octets: bytes, mode: int) -> None:
    """Replace a file, all of it or nothing. Raises OSError."""
    forget_leftovers(path)
    aside = "%s.%d.new" % (path, os.getpid())
    try:
        _write_durably(aside, octets, mode)
        os.replace(aside, path)
    except BaseException:
        _forget(aside)
        raise
    _sync_folder(os.path.dirname(path) or ".")


def forget_leftovers(path: str) -> None:
    """Remove what a process left beside a file when it was killed, or the power was cut, while it wrote."""
    for leftover in glob.glob(glob.escape(path) + ".*.new"):
        writer = leftover[len(path) + 1 : -len(".new")]
        if writer.isdigit() and not os.path.exists("/proc/" + writer):
            _forget(leftover)


def _write_durably(path: str, octets: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _sync_folder(path: str) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_plan(path: str) -> dict[str, Any]:
    """Return the plan in a file, or raise PlanError."""
    try:
        with open(path, encoding="utf-8") as file:
            plan = json.load(file)
    except OSError as why:
        raise PlanError("%s: cannot be read: %s" % (path, why.strerror or why)) from why
    except (ValueError, RecursionError) as why:
        raise PlanError("%s: is not JSON, or only a part of it: %s" % (path, why)) from why
    try:
        return check_plan(plan)
    except PlanError as why:
        raise PlanError("%s: %s" % (path, why)) from None


def check_plan(plan: Any) -> dict[str, Any]:
    """Return a plan whose version is ours and whose parts are all there, or raise PlanError."""
    if not isinstance(plan, dict):
        raise PlanError("is not a plan")
    if plan.get("version") != PLAN_VERSION:
        raise PlanError("has version %r; this program reads version %d" % (plan.get("version"), PLAN_VERSION))
    _need(plan, ROOT_KEYS, "the plan")
    for group in _rows(plan, "groups", "the plan"):
        _need(group, GROUP_KEYS, "a group")
    for router in _rows(plan, "virtual_routers", "the plan"):
        _check_router(router)
    _need(plan["commands"], ("setup", "teardown"), "commands")
    return plan


def _check_router(router: dict[str, Any]) -> None:
    _need(router, ("name",), "a virtual router")
    where = "virtual router %r" % router["name"]
    _need(router, ROUTER_KEYS, where)
    for stage in STAGES:
        for step in _rows(router, stage, where):
            _check_step(step, "%s, %s" % (where, stage))


def _check_step(step: dict[str, Any], where: str) -> None:
    _need(step, ("do",), where)
    keys = STEP_KEYS.get(step["do"])
    if keys is None:
        raise PlanError("%s: step %r is not known" % (where, step["do"]))
    _need(step, keys, where)
    if step["do"] == "netlink":
        _check_octets(step, where)


def _check_octets(step: dict[str, Any], where: str) -> None:
    try:
        length = len(bytes.fromhex(step["octets"]))
        good = all(0 <= offset <= length - 4 and isinstance(name, str) for offset, name in step["patch"])
    except (TypeError, ValueError):
        good = False
    if not good:
        raise PlanError("%s: the octets of %r are damaged" % (where, step["say"]))


def _need(part: Any, keys: tuple[str, ...], where: str) -> None:
    if not isinstance(part, dict):
        raise PlanError("%s has the wrong shape" % where)
    missing = [key for key in keys if key not in part]
    if missing:
        raise PlanError("%s lacks %s" % (where, ", ".join(missing)))


def _rows(part: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    rows = part[key]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PlanError("%s: %s has the wrong shape" % (where, key))
    return rows
