# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's scripts in /etc/hotplug.d/haven: told of each state, one at a time, and never waited for."""

import os
import sys
from collections.abc import Callable, Collection

from haven import paths
from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.part import Part, Surroundings
from haven.contract.strict_json import read_json, write_json

LIMIT_S = 30.0
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# As /sbin/hotplug-call does it: sourced, in a shell of its own, after OpenWrt's functions.
SHELL = 'script=$2; set -- "$1"; [ ! -f /lib/functions.sh ] || . /lib/functions.sh; . "$script"'


class ScriptsPart(Part):
    """Calls the scripts until each group's last wanted state has been told."""

    name = "scripts"

    def __init__(self, around: Surroundings, folder: str = paths.SCRIPTS, limit_s: float = LIMIT_S) -> None:
        super().__init__(around)
        self._folder, self._limit_s = folder, limit_s
        self._note = paths.inside(around.run_dir, paths.SCRIPTS_NOTE)
        self._told = self._read_note()
        self._wanted: dict[str, str] = {}
        self._job: tuple[str, str] | None = None
        # What it tells has to be told again when it is done.
        self._job_is_stale = False
        self._scripts: list[str] = []
        self._is_running = False
        self._ended: Callable[[], None] | None = None

    def take_roles(self) -> None:
        """Note what state each group is to be told in."""
        for group, state in self.around.roles.states.items():
            if state != "initialize":
                self._wanted[group] = state
            elif group in self._wanted or group in self._told:
                # It has stopped, or has not begun again.
                self._wanted[group] = "backup"
        self._run_next()

    def take_again(self, groups: Collection[str]) -> None:
        """Tell the state of these groups again, also where it is being told."""
        for group in groups:
            self._told.pop(group, None)
        self._job_is_stale = self._job_is_stale or (self._job is not None and self._job[0] in groups)
        self._run_next()

    def end(self, done: Callable[[], None]) -> None:
        """Tell what is left to tell, in the time that there is."""
        self._ended = done
        self._run_next()

    def _run_next(self) -> None:
        while not self._is_running and self._find_job():
            self._start(self._scripts.pop(0))
        if not self._is_running and self._ended is not None:
            self._ended()

    def _find_job(self) -> bool:
        """Tell whether there is a script to run; a job ends with its last one."""
        while not self._scripts:
            if self._job is not None:
                if not self._job_is_stale:
                    self._note_told(*self._job)
                self._job, self._job_is_stale = None, False
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
        found = [os.path.join(self._folder, name) for name in names]
        return [path for path in found if os.path.isfile(path)]

    # A script

    def _start(self, script: str) -> None:
        assert self._job is not None
        group, action = self._job
        environment = {**os.environ, "PATH": PATH, "HOTPLUG_TYPE": "haven", "LOGNAME": "root", "USER": "root"}
        environment |= {"ACTION": action, "GROUP": group, "NODE": self.around.node}
        argv = ["/bin/sh", "-c", SHELL, "hotplug-call", "haven", script]

        def done(outcome: ChildEnd | CallFailure) -> None:
            self._is_running = False
            if isinstance(outcome, CallFailure):
                self._say(script, f"killed, it was not done after {self._limit_s:g} s")
            elif outcome.status:
                self._say(script, f"ended with status {outcome.status}")
            self._run_next()

        self._is_running = True
        try:
            self.around.scope.run(argv, done, self._limit_s, captures=False, environment=environment)
        except OSError as why:
            self._is_running = False
            self._say(script, str(why.strerror))

    def _say(self, script: str, what: str) -> None:
        group, action = self._job or ("", "")
        print(f"haven-agent: {script} for {group}, {action}: {what}", file=sys.stderr, flush=True)

    # What has been told, so that an agent that is started again does not tell it twice

    def _note_told(self, group: str, state: str) -> None:
        self._told[group] = state
        try:
            with open(f"{self._note}.new", "w") as file:
                file.write(write_json(self._told))
            os.replace(f"{self._note}.new", self._note)
        except OSError as why:
            print(f"haven-agent: {self._note}: {why.strerror}", file=sys.stderr, flush=True)

    def _read_note(self) -> dict[str, str]:
        try:
            with open(self._note) as file:
                found = read_json(file.read())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
