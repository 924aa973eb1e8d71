# SPDX-License-Identifier: GPL-2.0-or-later
"""The services that have to follow the files, and what haven says of itself."""

import json
import os
import socket
import subprocess
import time
from contextlib import suppress
from typing import Any

from haven import paths
from haven.contract.control import request
from haven.openwrt.netifd import Claim, bring_up, hold
from haven.setup.trial_times import SERVICE_S
from haven.sole_agent import is_running

RELOAD_CONFIG = "/sbin/reload_config"
ANSWER_S = 5
# procd does not wait for what it tells to end; it kills the agent after 20 s.
ENDING_S = 30
POLL_S = 0.25
LARGEST_STATUS = 1 << 22


class RouterServices:
    """Calls the init scripts below a root; one that is not there is nobody's service."""

    def __init__(self, root: str, run_dir: str) -> None:
        self._root = root
        self.run_dir = run_dir

    def call(self, name: str, action: str) -> None:
        """Call an init script, and wait for it as long as one may take."""
        script = "%s/etc/init.d/%s" % (self._root, name)
        if not os.access(script, os.X_OK):
            return
        self._run([script, action])

    def _run(self, argv: list[str]) -> None:
        try:
            nowhere = subprocess.DEVNULL
            subprocess.Popen(argv, stdin=nowhere, stdout=nowhere, stderr=nowhere).wait(SERVICE_S)
        except subprocess.TimeoutExpired:
            # Killed half-way, a reload of the network leaves some interfaces up and some down.
            self.log("%s: not done after %d s; it goes on, unwaited for" % (" ".join(argv), SERVICE_S))
        except OSError as error:
            self.log("%s: %s" % (" ".join(argv), error))

    def forget_plan(self) -> None:
        """Remove the plan of a haven that has ended: the next one may be another router of another pair."""
        if os.path.exists(paths.inside(self.run_dir, paths.RESTART_NOTE)):
            # It was killed, and what it has left is found by its plan.
            return
        with suppress(OSError):
            os.unlink(paths.inside(self.run_dir, paths.PLAN))

    def let_wait_for_others(self, on: bool) -> None:
        """Let a havend that is started wait for the first word of the routers that this one joins, or not."""
        place = paths.inside(self.run_dir, paths.NEWCOMER_NOTE)
        with suppress(OSError):
            if on:
                with open(place, "w"):
                    pass
            else:
                os.unlink(place)

    def reload_config(self) -> None:
        """Let the other services follow what was committed."""
        program = self._root + RELOAD_CONFIG
        if os.access(program, os.X_OK):
            self._run([program])

    def keep_bridge(self, device: str) -> None:
        """Let netifd keep a bridge, with what stands on it, while its interface is set up anew."""
        for text in hold([Claim(device)]) if self._is_of_this_machine() else ():
            self.log(text)

    def release_bridge(self) -> None:
        """Take that back."""
        for text in hold([]) if self._is_of_this_machine() else ():
            self.log(text)

    def bring_up(self, interfaces: list[str]) -> None:
        """Let netifd bring interfaces up, also those that haven-agent, which is ending, still takes down."""
        if not interfaces or not self._is_of_this_machine():
            return
        end = time.monotonic() + ENDING_S
        is_ending = True
        while is_ending:
            # Asked first: what it does last is undone after it.
            is_ending = is_running(self.run_dir) and time.monotonic() < end
            for text in bring_up(interfaces):
                self.log(text)
            time.sleep(POLL_S)

    def _is_of_this_machine(self) -> bool:
        # A node in a folder has no netifd, unless it is named.
        return not self._root or "HAVEN_UBUS_SOCKET" in os.environ

    def state(self) -> str:
        """Return the state of haven as its status has it, empty while it does not answer."""
        return str(self._status().get("state", ""))

    def word(self) -> str:
        """Return what haven says of itself: its first problem, or its state."""
        found = self._status()
        messages = [each["message"] for each in found.get("problems", [])]
        return str((messages or [found.get("state") or "it does not answer"])[0])

    def _status(self) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(ANSWER_S)
                line.connect(paths.inside(self.run_dir, paths.CONTROL_SOCKET))
                line.sendall(request("status"))
                with line.makefile("rb") as answers:
                    answer = json.loads(answers.readline(LARGEST_STATUS))
            return dict(answer["result"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def log(self, text: str) -> None:
        """Say something to the log."""
        if not self._root:
            with suppress(OSError):
                subprocess.run(["logger", "-t", "haven", "-p", "daemon.notice", text], check=False)
