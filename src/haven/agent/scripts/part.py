# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's scripts in /etc/hotplug.d/haven: told of each state, one at a time, and never waited for."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

from haven.agent.plan_reader import node_name
from haven.agent.roles import Roles

FOLDER = "/etc/hotplug.d/haven"
LIMIT_S = 30.0
# procd kills the agent 20 s after the order to end.
LAST_S = 10.0
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# As /sbin/hotplug-call does it: sourced, in a shell of its own, after OpenWrt's functions.
SHELL = 'script=$2; set -- "$1"; [ ! -f /lib/functions.sh ] || . /lib/functions.sh; . "$script"'


class ScriptsPart:
    """Calls the scripts until each group's last wanted state has been told; times are time.monotonic()'s."""

    def __init__(self, run_dir: str, folder: str = FOLDER, limit: float = LIMIT_S) -> None:
        self._run_dir, self._folder, self._limit = run_dir, folder, limit
        self._record = os.path.join(run_dir, "hotplug.json")
        self._told = self._read_record()
        self._roles = Roles()
        self._wanted: dict[str, str] = {}
        self._job: tuple[str, str] | None = None
        self._scripts: list[str] = []
        self._script = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._descriptor = -1
        self._deadline = 0.0
        self._killed = False

    def fileno(self) -> int | None:
        """Return a descriptor that is readable when the script under way has ended, or None."""
        return None if self._descriptor < 0 else self._descriptor

    def next_deadline(self) -> float | None:
        """Return when the script under way has had its time, or None."""
        return None if self._child is None or self._killed else self._deadline

    def read(self) -> None:
        """Read nothing: drive() looks after the script."""

    def hear(self, event: dict[str, Any]) -> None:
        """Note what state each group is to be told in."""
        self._roles.hear(event)
        for group, state in self._roles.states.items():
            if state != "initialize":
                self._wanted[group] = state
            elif group in self._wanted or group in self._told:
                # It has stopped, or has not begun again.
                self._wanted[group] = "backup"

    def drive(self, now: float) -> None:
        """End what has had its time, and start what comes next."""
        if self._child is not None:
            self._look_after(self._child, now)
        while self._child is None and self._find_job():
            self._start(self._scripts.pop(0), now)

    def close(self) -> None:
        """Tell what is left to tell, in the time that there is."""
        end = time.monotonic() + LAST_S
        self.drive(time.monotonic())
        while self._child is not None and time.monotonic() < end:
            select.select([self._descriptor], [], [], max(0.0, min(end, self._deadline) - time.monotonic()))
            self.drive(time.monotonic())
        if self._child is not None:
            self._kill(self._child)

    def _find_job(self) -> bool:
        """Tell whether there is a script to run; a job ends with its last one."""
        while not self._scripts:
            if self._job is not None:
                self._note_told(*self._job)
                self._job = None
            waiting = [
                (group, state) for group, state in self._wanted.items() if self._told.get(group) != state
            ]
            if not waiting:
                return False
            self._job = waiting[0]
            self._scripts = self._find_scripts()
        return True

    def _find_scripts(self) -> list[str]:
        try:
            names = sorted(name for name in os.listdir(self._folder) if not name.startswith("."))
        except OSError:
            return []
        paths = [os.path.join(self._folder, name) for name in names]
        return [path for path in paths if os.path.isfile(path)]

    # A script

    def _start(self, script: str, now: float) -> None:
        assert self._job is not None
        group, action = self._job
        environment = {**os.environ, "PATH": PATH, "HOTPLUG_TYPE": "haven", "LOGNAME": "root", "USER": "root"}
        names = {"ACTION": action, "GROUP": group, "NODE": node_name(self._run_dir)}
        try:
            self._child = subprocess.Popen(
                ["/bin/sh", "-c", SHELL, "hotplug-call", "haven", script],
                stdin=subprocess.DEVNULL,
                stdout=2,
                env={**environment, **names},
                start_new_session=True,
            )
        except OSError as why:
            self._say(script, str(why.strerror))
            return
        self._descriptor = os.pidfd_open(self._child.pid)
        self._deadline, self._killed = now + self._limit, False
        self._script = script

    def _look_after(self, child: "subprocess.Popen[bytes]", now: float) -> None:
        if not self._killed and now >= self._deadline and child.poll() is None:
            self._say(self._script, f"killed, it was not done after {self._limit:g} s")
            self._kill(child)
        if child.poll() is None:
            return
        os.close(self._descriptor)
        self._child, self._descriptor = None, -1
        if child.returncode and not self._killed:
            self._say(self._script, f"ended with status {child.returncode}")

    def _kill(self, child: "subprocess.Popen[bytes]") -> None:
        # The shell is the head of a group with all that it has started.
        os.killpg(child.pid, signal.SIGKILL)
        self._killed = True
        child.wait()

    def _say(self, script: str, what: str) -> None:
        group, action = self._job or ("", "")
        text = f"haven-agent: {script} for {group}, {action}: {what}"
        print(text, file=sys.stderr, flush=True)

    # What has been told, so that an agent that is started again does not tell it twice

    def _note_told(self, group: str, state: str) -> None:
        self._told[group] = state
        try:
            with open(f"{self._record}.new", "w") as file:
                json.dump(self._told, file)
            os.replace(f"{self._record}.new", self._record)
        except OSError as why:
            print(f"haven-agent: {self._record}: {why.strerror}", file=sys.stderr, flush=True)

    def _read_record(self) -> dict[str, str]:
        try:
            with open(self._record) as file:
                found = json.load(file)
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
