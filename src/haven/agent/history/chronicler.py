# SPDX-License-Identifier: GPL-2.0-or-later
"""Notes what happens to this router: its states, the outages that it ended, its drills, its clock."""

import os
import sys
import time
from typing import Any

from haven.agent.carrier import forget
from haven.agent.history.first_packet import FirstPacket
from haven.agent.history.link_quality import LinkQuality
from haven.agent.loop import Timer
from haven.agent.part import Surroundings
from haven.agent.roles import ACTIVE, Change
from haven.contract.history_words import BEGUN, DRILL, MOST_DRILLS, OUT, ROLE, STEP
from haven.contract.outages import outage_of
from haven.contract.problems import problem
from haven.history.history_file import HistoryFile
from haven.history.pending import Pending, WriteLimit
from haven.history.short_entry import shortened
from haven.light import suppress
from haven.paths import HISTORY, PENDING_HISTORY, inside

BOOT_ID = "/proc/sys/kernel/random/boot_id"
# The clock of a router goes wrong by less than this between two looks, unless it is set.
STEP_S = 5.0
LOOK_S = 1.0
# What has changed a state comes after the states.
COMPARE_S = 0.5
# How often a router that runs leaves a sign of it; a time stamp is all that is written.
ALIVE_S = 3600.0
# What is read of the drills again, when there is another one.
SHOWN_DRILL = ("at", "drill", "groups", "ok", "code", "facts", "legs", "before", "after", "missing")


class Chronicler:
    """Takes what the agent hears, and writes it by and by."""

    def __init__(self, around: Surroundings) -> None:
        self._around, self._scope = around, around.scope
        self._file = HistoryFile(around.root.rstrip("/") + HISTORY)
        self._pending = Pending(inside(around.run_dir, PENDING_HISTORY))
        self._limit = WriteLimit(time.monotonic())
        self._first_packet = FirstPacket(around.scope, time.monotonic)
        self._offset = time.time() - _uptime()
        self._failure, self._told = "", ""
        self._is_waiting = False
        self._compares: Timer | None = None
        self._states: dict[str, str] = {}
        self._drills: list[dict[str, Any]] = []
        self._drills_of: Any = None
        around.carrier.remember = self._remember
        self._links = LinkQuality(around)
        self._begin()
        around.scope.every(LOOK_S, self._look)
        around.scope.every(ALIVE_S, self._file.note_alive)

    # What is noted

    def _begin(self) -> None:
        """Note that the agent has begun, and go on with the states of before unless the router has booted."""
        last, boot = self._file.last_sign(), _boot()
        known = self._known()
        before = next((each for each in reversed(known) if each["kind"] == BEGUN), None)
        is_same = before is not None and before["boot"] == boot
        if is_same:
            self._states = {each["group"]: each["state"] for each in known if each["kind"] == ROLE}
        if not is_same:
            self._note(BEGUN, boot=boot, node=self._around.node or "?", last=last)

    def _known(self) -> list[dict[str, Any]]:
        try:
            return self._file.read(time.time(), self._pending.entries).entries
        except OSError as why:
            self._fail(why)
            return []

    def _note(self, kind: str, at: float | None = None, **facts: Any) -> None:
        when = {"at": round(time.time() if at is None else at, 3), "up": round(_uptime(), 3)}
        entry = shortened({"kind": kind, **when, **facts})
        if entry is not None:
            self._pending.add(entry)
            self._write_soon()

    def take_plan(self) -> None:
        """Take the links to listen on."""
        self._links.take_plan()

    def take_roles(self) -> None:
        """Look soon for states that nobody has told as a change."""
        if self._compares is None:
            self._compares = self._scope.after(COMPARE_S, self._compare)

    def _compare(self) -> None:
        """Note the states that the agent has found."""
        self._compares = None
        for group, state in self._around.roles.states.items():
            if self._states.get(group) != state:
                self._states[group] = state
                self._note(ROLE, group=group, state=state, reason="restart")

    def take_change(self, change: Change) -> None:
        """Note a change, and soon the outage that it ended."""
        self._links.begin_anew()
        self._states[change.group] = change.after
        self._note(ROLE, change.at, group=change.group, state=change.after, reason=change.reason)
        if change.after == ACTIVE and change.silence_us:
            self._first_packet.wait(change.at, lambda forward_ms: self._note_outage(change, forward_ms))

    def _note_outage(self, change: Change, forward_ms: int | None) -> None:
        at = change.at + (forward_ms or 0) / 1000
        record = outage_of(change.group, change.reason, change.silence_us, forward_ms, at)
        self._note(OUT, **record)

    def _remember(self, kind: str, entry: dict[str, Any]) -> None:
        """Note what another part has."""
        self._note(kind, **entry)

    # The clock, and the flash

    def _look(self) -> None:
        offset = time.time() - _uptime()
        by = offset - self._offset
        if abs(by) > STEP_S:
            self._note(STEP, by=round(by, 3))
        self._offset = offset

    def _write_soon(self) -> None:
        """Write what waits as soon as the flash may be written again."""
        if self._pending.entries:
            wait_s = self._limit.wait_s(time.monotonic())
            if wait_s:
                self._later(wait_s)
            else:
                self._write()

    def _later(self, wait_s: float) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._scope.after(wait_s, self._again)

    def _again(self) -> None:
        self._is_waiting = False
        self._write_soon()

    def _write(self) -> None:
        self._limit.count()
        try:
            self._file.append(self._pending.entries)
        except OSError as why:
            self._fail(why)
            self._later(60.0)
            return
        self._failure = ""
        self._pending.clear()

    def _fail(self, why: OSError) -> None:
        self._failure = str(why.strerror or why)
        if self._failure != self._told:
            self._told = self._failure
            print(f"haven-agent: the history: {self._failure}", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Write what waits, whatever was written lately."""
        self._first_packet.settle()
        self._compare()
        if self._pending.entries:
            self._write()
        self._file.note_alive()

    def close(self) -> None:
        """Let go of the sockets; until there is another one, what others have is for nobody."""
        self._around.carrier.remember = forget
        self._links.close()

    # What is shown

    def account(self) -> dict[str, Any]:
        """Return the last drills and how well the links are heard, where there is something."""
        self._read_drills()
        found = {"drills": self._drills, "links": self._links.account()}
        return {key: value for key, value in found.items() if value}

    def _read_drills(self) -> None:
        """Look for drills when something was written, be it by another process."""
        sign = (self._file.last_sign(), len(self._pending.entries))
        if sign == self._drills_of:
            return
        self._drills_of = sign
        found = [each for each in self._known() if each["kind"] == DRILL][-MOST_DRILLS:]
        self._drills = [{key: each.get(key) for key in SHOWN_DRILL} for each in found]

    def problems(self) -> list[dict[str, Any]]:
        """Return what keeps the history from the flash, and what was the matter with the last drill."""
        found = self._links.problems()
        if self._failure:
            found.append(problem("history-unwritten", "history", error=self._failure))
        last = self._drills[-1] if self._drills else None
        if last is not None and not last["ok"]:
            outcome = {"code": last["code"], "facts": last["facts"]}
            found.append(problem("drill-failed", "drill", outcome=outcome))
        return found


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _boot() -> str:
    with suppress(OSError), open(BOOT_ID) as file:
        return file.read(8)
    return str(os.getpid())
