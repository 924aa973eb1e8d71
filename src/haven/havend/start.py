# SPDX-License-Identifier: GPL-2.0-or-later
"""From a configuration file to a running havend, and to its exit status."""

import gc
import os
import sys

from haven.contract.plan import Plan, PlanError, empty_plan, read_plan
from haven.havend.daemon import Daemon
from haven.havend.diagnosis import problem
from haven.havend.host import system
from haven.havend.kernel_tables import KernelTables
from haven.havend.log import explain, log
from haven.havend.netlink_batch import NetlinkBatch
from haven.havend.plan_commands import run_all

# Until the run directory can be used.
RETRY_S = 1


class PlanRefused(Exception):
    """There is no plan for the configuration; `texts` are the problems, the text is for a terminal.

    `passing` when another attempt may succeed as things are.
    """

    def __init__(self, texts: "list[str]", text: str, passing: bool = False) -> None:
        super().__init__(text)
        self.texts = texts
        self.passing = passing


def run(config: str, run_dir: str, wait: bool = False) -> int:
    """Run havend until it is stopped; return its exit status. What stands in its way is said on stderr.

    With `wait` that is no end: what ran before goes on, or nothing runs, until a reload brings a plan.
    """
    if not _claim(run_dir, wait):
        return 1
    path = os.path.join(run_dir, "plan.json")
    # It is there when the process before us did not end as it should.
    was_killed = os.path.exists(os.path.join(run_dir, "alive"))
    before = _plan_left_behind(path) if was_killed else None
    problems: list[str] = []
    try:
        plan = before if before is not None and _is_current(before, config) else _make_plan(config, path)
    except PlanRefused as why:
        if not wait or why.passing:
            explain(str(why))
            return 1
        plan, problems = before or _nothing(config, path), why.texts
    if before is not None:
        _clear_away(before, plan)
    if not plan.enabled:
        log("%s: haven is disabled (option enabled '0' in section haven); nothing to do" % config)
        return 0
    return _serve(plan, path, run_dir, problems)


def _serve(plan: Plan, path: str, run_dir: str, problems: "list[str]") -> int:
    failures = run_all(plan.setup_commands)
    try:
        daemon = Daemon(plan, path, run_dir)
    except OSError as error:
        explain("havend: not started: %s" % error)
        return 1
    for text in failures:
        daemon.note_problem(problem("setup-failed", "set-up", text))
    daemon.start()
    if problems:
        daemon.requests.note_refusal(problems)
    # What is there now stays; collections that come look at what is new alone.
    gc.collect()
    gc.freeze()
    daemon.run()
    run_all(daemon.plan.teardown_commands)
    return 0


def _claim(run_dir: str, wait: bool) -> bool:
    """Make the run directory ours; tell whether it is. With `wait` it is in the end."""
    said = ""
    while True:
        obstacle = _obstacle(run_dir)
        if obstacle is None:
            return True
        if obstacle != said:
            explain("havend: %s: %s" % ("waiting" if wait else "not started", obstacle))
            said = obstacle
        if not wait:
            return False
        system.sleep(RETRY_S)


def _obstacle(run_dir: str) -> "str | None":
    try:
        os.makedirs(run_dir, exist_ok=True)
        if not os.access(run_dir, os.W_OK):
            return "%s cannot be used as the run directory: it is not writable" % run_dir
        _look_for_room(os.path.join(run_dir, "room"))
        # The last thing, as it is not given up again.
        if not system.lock_folder(run_dir):
            return "another havend runs in %s" % run_dir
    except OSError as error:
        return "%s cannot be used as the run directory: %s" % (run_dir, error.strerror)
    return None


def _look_for_room(path: str) -> None:
    try:
        with open(path, "wb") as file:
            file.write(b"\0")
    finally:
        if os.path.exists(path):
            os.unlink(path)


def _plan_left_behind(path: str) -> "Plan | None":
    try:
        return read_plan(path)
    except PlanError:
        return None


def _is_current(plan: Plan, config: str) -> bool:
    """Tell whether a plan was made from the very configuration in place."""
    try:
        found = os.stat(config)
    except OSError:
        return False
    return plan.made_from == [config, found.st_mtime_ns, found.st_size]


def _make_plan(config: str, path: str) -> Plan:
    # The compiler is another process: what it needs of memory goes when it does.
    argv = [sys.executable, "-m", "haven.plan", "--config", config, "--output", path]
    status, complaint = system.run(argv)
    if status < 0:
        # By a signal, as when there is no memory left: nobody's configuration is at fault.
        text = "havend: not started: the compiler of the plan was ended by signal %d" % -status
        raise PlanRefused([text], complaint + text, passing=True)
    if status:
        text = complaint + "havend: not started: the problems above stand in the way"
        raise PlanRefused(_problems(complaint), text)
    explain(complaint)
    try:
        plan = read_plan(path)
    except PlanError as error:
        raise PlanRefused([str(error)], "havend: not started: %s" % error) from None
    for warning in plan.warnings:
        log(warning, True)
    return plan


def _problems(complaint: str) -> "list[str]":
    lines = complaint.splitlines() or ["the compiler of the plan failed and did not say why"]
    # What Python says last is what it is about.
    return lines[-1:] if "Traceback" in complaint else lines


def _nothing(config: str, path: str) -> Plan:
    # The plan of another day must not be taken for the one in force.
    if os.path.exists(path):
        os.unlink(path)
    return empty_plan(system.node_name(), config)


def _clear_away(before: Plan, plan: Plan) -> None:
    """Remove what the plan of a killed process may have left and ours does not know."""
    known: set[tuple[bytes, tuple[tuple[int, str], ...]]] = set()
    for router in plan.routers.values() if plan.enabled else ():
        known.update((step.octets, step.patch) for step in router.release + router.teardown)
    left = [
        step
        for name in sorted(before.routers)
        for step in before.routers[name].release + before.routers[name].teardown
        if (step.octets, step.patch) not in known
    ]
    kernel = KernelTables()
    list(kernel.everything())
    # What fails is not there; the rest would have been removed by its lifetime.
    NetlinkBatch(kernel).run(left)
    kernel.close()
    kept = plan.teardown_commands if plan.enabled else []
    run_all([each for each in before.teardown_commands if each not in kept])
