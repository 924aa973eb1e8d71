# SPDX-License-Identifier: GPL-2.0-or-later
"""From a configuration file to a running havend, and to its exit status."""

import os

from haven import paths
from haven.contract.diagnostics import CHOSEN, PASSING, Diagnostic
from haven.contract.plan import Plan, PlanError, empty_plan, read_plan
from haven.contract.strict_json import read_json
from haven.havend.daemon import Daemon
from haven.havend.host import child, system
from haven.havend.leftovers import clear_everything, clear_unplanned, plan_left_behind
from haven.havend.log import explain, log
from haven.havend.memory_shortage import be_last_killed
from haven.havend.own_pages import keep_own_pages
from haven.havend.plan_commands import LIMIT_AT_END, run_all
from haven.havend.run_directory import claim
from haven.own_program import argv_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Documents = list[dict[str, Any]]
    # (configuration, where the plan goes). Raises PlanRefused.
    Make = Callable[[str, str], Plan]


class PlanRefused(Exception):
    """There is no plan for the configuration, for the reasons in `diagnostics`.

    `passing` when another attempt may succeed as things are.
    """

    def __init__(self, diagnostics: "Documents", passing: bool = False) -> None:
        super().__init__("\n".join([each["text"] for each in diagnostics]))
        self.diagnostics = diagnostics
        self.passing = passing


def run(config: str, run_dir: str, wait: bool = False, make: "Make | None" = None) -> int:
    """Run havend until it is stopped; return its exit status. What stands in its way is said on stderr.

    With `wait` that is no end: what ran before goes on, or nothing runs, until a reload brings a plan. `make`
    brings the plan of a configuration to its place; it is the compiler if nothing else is said.
    """
    if not claim(run_dir, wait):
        return 1
    # It is there when the process before us did not end as it should.
    before = plan_left_behind(run_dir)
    try:
        plan, refused = _find_plan(config, run_dir, before, wait, make or _make_plan)
        if not plan.enabled:
            clear_everything(run_dir, before)
            log("%s: haven is disabled (option enabled '0' in section haven); nothing to do" % config)
            return 0
        if before is not None:
            clear_unplanned(before, plan)
        # What comes from here on finds its place.
        system.freeze_memory()
        failures = run_all(plan.setup_commands)
        daemon = Daemon(plan, run_dir)
    except PlanRefused as why:
        explain("%s\nhavend: not started: the problems above stand in the way" % why)
        return 1
    except OSError as error:
        explain("havend: not started: %s" % error)
        return 1
    _serve(daemon, failures, refused)
    return 0


def _find_plan(
    config: str, run_dir: str, before: "Plan | None", wait: bool, make: "Make"
) -> "tuple[Plan, Documents]":
    """Return the plan to begin with, and why it is not that of the configuration. Raises PlanRefused."""
    path = paths.inside(run_dir, paths.PLAN)
    try:
        if before is None or not _is_current(before, config):
            return make(config, path), []
    except PlanRefused as why:
        if not wait or why.passing:
            raise
        return before or _nothing(config, path), why.diagnostics
    return before, []


def _serve(daemon: Daemon, failures: "Documents", refused: "Documents") -> None:
    for found in failures:
        daemon.note_problem(found)
    exposed = be_last_killed()
    if exposed is not None:
        log("when memory is short, the kernel may kill havend before others: %s" % exposed)
    daemon.start()
    if refused:
        daemon.note_refusal(refused)
    system.freeze_memory()
    evictable = keep_own_pages()
    if evictable is not None:
        log("when memory is short, havend may have to be read from flash again: %s" % evictable)
    daemon.run()
    run_all(daemon.plan.teardown_commands, LIMIT_AT_END)


def _is_current(plan: Plan, config: str) -> bool:
    """Tell whether a plan was made from the very configuration in place."""
    try:
        found = os.stat(config)
    except OSError:
        return False
    return plan.made_from == [config, found.st_mtime_ns, found.st_size]


def _make_plan(config: str, path: str) -> Plan:
    # The compiler is another process: what it needs of memory goes when it does.
    argv = argv_of("compile", "--json", "--config", config, "--output", path)
    status, complaint = child.run(argv)
    if status < 0:
        # By a signal, as when there is no memory left: nobody's configuration is at fault.
        raise PlanRefused([_diagnostic("compiler-killed", signal=-status)], passing=True)
    if status:
        raise PlanRefused(_diagnostics(complaint))
    explain(complaint)
    plan = take_plan(path)
    for warning in plan.warnings:
        log(str(warning.get("text")), warning.get("code") not in PASSING + CHOSEN)
    return plan


def take_plan(path: str) -> Plan:
    """Return the plan in a file. Raises PlanRefused."""
    try:
        return read_plan(path)
    except PlanError as error:
        raise PlanRefused([error.diagnostic.as_dict()]) from None


def _diagnostics(complaint: str) -> "Documents":
    try:
        # Before it there may be a warning of Python's.
        found = read_json(complaint.splitlines()[-1])
        return [each for each in found if each["text"]]
    except (IndexError, KeyError, TypeError, ValueError):
        # Not its own words: what Python says last is what it is about.
        lines = complaint.splitlines() or ["it failed and did not say why"]
        return [_diagnostic("compiler-failed", error=lines[-1])]


def _diagnostic(code: str, **facts: "Any") -> "dict[str, Any]":
    return Diagnostic(code, facts).as_dict()


def _nothing(config: str, path: str) -> Plan:
    # The plan of another day must not be taken for the one in force.
    if os.path.exists(path):
        os.unlink(path)
    return empty_plan(system.node_name(), config)
