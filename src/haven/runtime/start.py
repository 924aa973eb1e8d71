# SPDX-License-Identifier: GPL-2.0-or-later
"""From a configuration file to a running havend."""

import gc
import os
import sys

from haven.runtime import cpython as system
from haven.runtime.daemon import Daemon
from haven.runtime.planfile import Plan, PlanError, read_plan
from haven.runtime.problems import problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket


def start(config: str, run_dir: str) -> "Daemon | None":
    """Return a daemon that has entered the election, or None after saying why not on stderr."""
    if not _make_run_dir(run_dir) or _is_served(run_dir):
        return None
    path = os.path.join(run_dir, "plan.json")
    plan = _plan_in_force(config, path) or _make_plan(config, path)
    if plan is None:
        return None
    failures = []
    for command in plan.commands.get("setup", ()):
        status, complaint = system.run(command["argv"], command.get("stdin", ""))
        if status:
            failures.append("%s failed: %s" % (command["argv"][0], complaint.strip()))
    daemon = Daemon(plan, path, run_dir)
    for text in failures:
        _report(daemon, problem("setup-failed", "set-up", text))
    if plan.realtime:
        refusal = system.be_realtime(plan.realtime)
        if refusal is not None:
            _report(daemon, problem("not-realtime", "havend", refusal))
    daemon.start()
    # What is there now stays; collections that come look at what is new alone.
    gc.collect()
    gc.freeze()
    return daemon


def _report(daemon: Daemon, found: "dict[str, str]") -> None:
    daemon.own_problems.append(found)
    daemon.journal.add("problem", found["message"])


def _make_run_dir(run_dir: str) -> bool:
    try:
        os.makedirs(run_dir, exist_ok=True)
    except OSError as error:
        sys.stderr.write("havend: %s: %s\n" % (run_dir, error.strerror))
        return False
    return True


def _is_served(run_dir: str) -> bool:
    probe: socket.socket = system.open_client()
    try:
        probe.connect(os.path.join(run_dir, "havend.sock"))
    except OSError:
        return False
    finally:
        probe.close()
    sys.stderr.write("havend: another havend serves %s already\n" % run_dir)
    return True


def _plan_in_force(config: str, path: str) -> "Plan | None":
    """Return the plan that is there if it was made from this very configuration."""
    try:
        found = os.stat(config)
        plan = read_plan(path)
    except (OSError, PlanError):
        return None
    return plan if plan.made_from == [config, found.st_mtime_ns, found.st_size] else None


def _make_plan(config: str, path: str) -> "Plan | None":
    # The compiler is another process: what it needs of memory goes when it does.
    argv = [sys.executable, "-m", "haven.plan", "--config", config, "--output", path]
    status, complaint = system.run(argv)
    sys.stderr.write(complaint)
    if status:
        sys.stderr.write("havend: not started: the configuration has the problems above\n")
        return None
    try:
        return read_plan(path)
    except PlanError as error:
        sys.stderr.write("havend: %s\n" % error)
        return None
