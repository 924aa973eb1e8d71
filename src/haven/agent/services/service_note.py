# SPDX-License-Identifier: GPL-2.0-or-later
"""What services were told, for an agent that is started again; of before a reboot it says nothing."""

import os
import signal
import sys
from collections.abc import Iterable
from typing import Any

from haven.agent.services.service_queue import ServiceQueue
from haven.contract.strict_json import read_json, write_json

BOOT_ID = "/proc/sys/kernel/random/boot_id"


class ServiceNote:
    """The note as it was found, written anew when something of it has changed.

    `services` are states by identity, `moves` the times of each group's moves, `groups` those whose role has
    been known.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = ""
        found = _read(path)
        self.services: dict[str, dict[str, Any]] = found.get("services", {})
        self.moves: dict[str, list[float]] = found.get("moves", {})
        self.groups: list[str] = found.get("groups", [])
        self._child: list[Any] | None = found.get("child")

    def end_leftover(self) -> None:
        """End what an agent that was killed has left running: no service is told two things at once."""
        if self._child is None or _start_of(self._child[0]) != self._child[1]:
            return
        try:
            os.killpg(self._child[0], signal.SIGKILL)
        except OSError as why:
            print(f"haven-agent: process {self._child[0]}: {why.strerror}", file=sys.stderr, flush=True)

    def write(self, queue: ServiceQueue, groups: Iterable[str], pid: int | None) -> None:
        """Note the states as they are."""
        states = {
            each.identity_text: {"is": each.state, "told_role": each.told_role} for each in queue.services
        }
        moves = {group: pauses.moves for group, pauses in sorted(queue.pauses.items()) if pauses.moves}
        child = None if pid is None else [pid, _start_of(pid)]
        note: dict[str, Any] = {"services": states, "moves": moves, "groups": sorted(groups), "child": child}
        note["boot"] = _boot()
        text = write_json(note)
        if text == self._written:
            return
        try:
            with open(f"{self._path}.new", "w") as file:
                file.write(text)
            os.replace(f"{self._path}.new", self._path)
            self._written = text
        except OSError as why:
            print(f"haven-agent: {self._path}: {why.strerror}", file=sys.stderr, flush=True)


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path) as file:
            found = read_json(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("boot") == _boot() and _is_note(found) else {}


def _boot() -> str:
    """Return what tells this boot from others: a run directory may be on a disk."""
    try:
        with open(BOOT_ID) as file:
            return file.read().strip()
    except OSError:
        return ""


def _is_note(found: dict[str, Any]) -> bool:
    services, moves, child = found.get("services"), found.get("moves"), found.get("child")
    if not isinstance(services, dict) or not all(isinstance(each, dict) for each in services.values()):
        return False
    if not isinstance(moves, dict) or not all(_are(each, (int, float)) for each in moves.values()):
        return False
    good_child = child is None or (_are(child, int) and len(child) == 2)
    return good_child and _are(found.get("groups"), str)


def _are(values: Any, kinds: Any) -> bool:
    return isinstance(values, list) and all(isinstance(each, kinds) for each in values)


def _start_of(pid: int) -> int:
    """Return when a process was started, in the kernel's ticks; 0 where there is none."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0
