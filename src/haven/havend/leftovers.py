# SPDX-License-Identifier: GPL-2.0-or-later
"""What processes of ours that were killed have left in the kernel, by their notes and their plan."""

import os

from haven import paths
from haven.contract.guard_note import LOOSE_FILE, REMOVE
from haven.contract.plan import Plan, PlanError, read_plan
from haven.failure_reason import reason_of
from haven.havend.host import child
from haven.havend.kernel_tables import KernelTables
from haven.havend.log import explain
from haven.havend.netlink_batch import NetlinkBatch
from haven.havend.plan_commands import LIMIT_AT_END, run_all
from haven.havend.run_directory import claim
from haven.havend.sysctl import Sysctls


def clear(run_dir: str) -> int:
    """Remove what is left, unless a havend runs; return the exit status of that."""
    if not claim(run_dir, False):
        return 1
    try:
        clear_everything(run_dir, plan_left_behind(run_dir))
    except OSError as error:
        explain("havend: not cleared: %s" % reason_of(error))
        return 1
    return 0


def plan_left_behind(run_dir: str) -> "Plan | None":
    """Return the plan of a havend that did not end as it should, if it can be read."""
    if not os.path.exists(paths.inside(run_dir, paths.RESTART_NOTE)):
        return None
    try:
        return read_plan(paths.inside(run_dir, paths.PLAN))
    except PlanError:
        return None


def clear_everything(run_dir: str, before: "Plan | None") -> None:
    """Remove all that is left: nothing of ours is to run now."""
    if before is not None:
        clear_unplanned(before, None)
    Sysctls(paths.inside(run_dir, paths.SETTINGS_NOTE)).restore()
    _clear_guard(paths.inside(run_dir, paths.TCP_LOOSE_NOTE))
    for name in (paths.RESTART_NOTE, paths.CONTROL_SOCKET):
        _forget(paths.inside(run_dir, name))


def clear_unplanned(before: Plan, plan: "Plan | None") -> None:
    """Remove what the plan of a killed process may have left and ours, if we have one, does not know."""
    ours = plan if plan is not None and plan.enabled else None
    known = set()
    for router in ours.routers.values() if ours else ():
        known.update([step.wanted() for step in router.release + router.teardown])
    left = [
        step
        for name in sorted(before.routers)
        for step in before.routers[name].release + before.routers[name].teardown
        if step.wanted() not in known
    ]
    kernel = KernelTables()
    list(kernel.everything())
    # What fails is not there; the rest would have been removed by its lifetime.
    NetlinkBatch(kernel).run(left)
    kernel.close()
    kept = ours.teardown_commands if ours else []
    run_all([each for each in before.teardown_commands if each not in kept])


def _clear_guard(note: str) -> None:
    try:
        with open(note, "rb") as file:
            loose = file.read().strip()
    except OSError:
        return
    child.run(["nft", "-f", "-"], REMOVE, LIMIT_AT_END)
    try:
        with open(LOOSE_FILE, "wb") as file:
            file.write(loose)
    except OSError:
        # The kernel follows no connections any more.
        pass
    _forget(note)


def _forget(path: str) -> None:
    if os.path.exists(path):
        os.unlink(path)
