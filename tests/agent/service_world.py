# SPDX-License-Identifier: GPL-2.0-or-later
"""A router with services as a text: what happens to it, and what the queue wants, each with its time.

    0 role active                what happens: the group's role, how what runs ends, a handover's answer
    0 > start vpn                what follows
    2.5 end                      what runs has ended well; `end status 3`, `end late`, `end alive`,
                                 `end dead`, `end pids 7 8`, `end unknown` otherwise

The time goes on from line to line, and every deadline on the way is kept.
"""

from typing import Any

from haven.agent.services.service_queue import (
    Abandon,
    Cut,
    Effects,
    HandOver,
    JobEnd,
    Run,
    ServiceQueue,
    Tell,
)

GROUP = "gateway"


def planned(name: str, **more: Any) -> dict[str, Any]:
    """Return a service as the plan has it: a script of OpenWrt's, unless it is said otherwise."""
    found: dict[str, Any] = {
        "name": name,
        "group": GROUP,
        "role": "active",
        "required": False,
        "start": [["start", name]],
        "stop": [["stop", name]],
        "reload": [],
        "check": None,
        "inits": [],
        "process": False,
        "start_timeout_us": 30_000_000,
        "stop_timeout_us": 15_000_000,
        "check_interval_us": 10_000_000,
    }
    assert set(more) <= set(found)
    return {**found, **more}


class ServiceWorld:
    """A queue, what it wants, and the time."""

    def __init__(self, *services: dict[str, Any], before: "ServiceWorld | None" = None) -> None:
        self.now = 0.0
        self.queue = ServiceQueue()
        self.running: Run | None = None
        self.wanted: list[str] = []
        self.role = ""
        remembered: dict[str, dict[str, Any]] = {}
        if before is not None:
            known = before.queue.services
            remembered = {
                each.identity_text: {"is": each.state, "told_role": each.told_role} for each in known
            }
        self.take(self.queue.load(list(services), remembered, self.now))

    def take(self, effects: Effects) -> None:
        """Note what is wanted; hold it to what is always so."""
        for effect in effects:
            if isinstance(effect, Run):
                assert self.running is None, "two things at once"
                self.running = effect
                self._say(f"{effect.action} {effect.service.name}")
            elif isinstance(effect, Abandon):
                assert self.running is not None and self.running.action in ("check", "look")
                self.running = None
                self._say("abandon")
            elif isinstance(effect, Cut):
                assert self.running is not None and self.running.action == "start"
                self._say("cut")
            elif isinstance(effect, HandOver):
                self._say(f"hand over {effect.group}")
            else:
                assert isinstance(effect, Tell)

    def _say(self, what: str) -> None:
        self.wanted.append(f"{self.now:g} > {what}")

    def pass_until(self, until: float) -> None:
        """Let time go on, and keep every deadline on the way."""
        while True:
            at = self.queue.next_deadline(self.now)
            if at is None or at > until:
                break
            assert at > self.now or self.running is None, "a deadline that never passes"
            before, self.now = self.now, max(at, self.now)
            said = len(self.wanted)
            self.take(self.queue.tick(self.now))
            if self.now == before and said == len(self.wanted) and at <= before:
                raise AssertionError(f"nothing follows from the deadline {at}")
        self.now = until

    def happen(self, words: list[str]) -> None:
        """Let one thing happen now."""
        if words[0] == "role":
            self.set_role(words[1])
        elif words[0] == "end":
            self.end(*words[1:])
        elif words[0] == "answer":
            self.take(self.queue.answered(GROUP, words[1] == "done", self.now))
        else:
            assert words == ["time"]

    def set_role(self, role: str) -> None:
        """Let the group have another role; "unknown" for none."""
        before, self.role = self.role, role
        reason = "resigned" if role == "active" else "handed_over"
        if before in ("active", "backup"):
            self.queue.take_move(GROUP, before, role, reason, self.now)
        self.take(self.queue.take_roles({} if role == "unknown" else {GROUP: role}, self.now))

    def end(self, how: str = "", *more: str) -> None:
        """Let what runs end."""
        assert self.running is not None, "nothing runs"
        self.running = None
        pids = frozenset(int(each) for each in more) if how == "pids" else frozenset()
        alive = {"alive": True, "dead": False, "not-given": False, "pids": True}.get(how)
        code = how if how in ("late", "missing", "status", "not-given") else ""
        facts: dict[str, Any] = {
            "late": {"limit_s": 30},
            "status": {"status": int(more[0]) if how == "status" else 0},
            "missing": {"path": "/etc/init.d/x"},
        }.get(how, {})
        self.take(self.queue.ended(JobEnd(code, facts, "its last words", alive, pids), self.now))

    def play(self, story: str) -> None:
        """Let a text happen, and hold what is wanted to it."""
        lines = [line.strip() for line in story.strip().splitlines()]
        told: list[str] = []
        for line in lines:
            at, *words = line.split()
            if words[0] == ">":
                told.append(line)
                continue
            self.pass_until(float(at))
            self.happen(words)
        assert self.wanted == told, "\n".join(["it wanted", *self.wanted])
        self.wanted = []

    def state(self, name: str) -> str:
        """Return what a service does."""
        (found,) = [each for each in self.queue.services if each.name == name]
        return found.state
