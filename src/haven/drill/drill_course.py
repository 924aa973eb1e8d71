# SPDX-License-Identifier: GPL-2.0-or-later
"""A drill from its beginning to its end, by asking the routers: who gives, who takes, what followed.

What has to be taken back whatever dies is nobody's here: a router that plays dead takes its addresses back by
havend's timer, its kernel's rules run out, and the agents let go of a drill when its time is over.
"""

import os
import time
from collections.abc import Callable
from typing import Any, Protocol

from haven.contract.control import LONGEST_REHEARSAL_MS
from haven.contract.drill_words import HARD, HOLD_S, LIMIT_S, SILENT_MS, DrillFailed
from haven.drill.findings import (
    after_last_answer_ms,
    entries,
    followed,
    is_active,
    leg_of,
    missing_at,
    told,
    without_answer_ms,
)

Document = dict[str, Any]
# Says a step to whoever watches.
Say = Callable[[str], None]

POLL_S = 0.05
# Another router has taken over after fewer intervals than this.
DOWN_INTERVALS = 5
# A pair that is not well is waited for so long.
SOON_S = 15.0
HOLD_AGAIN_S = 4.0
# Services and connections follow; a router that starts them needs a while.
FOLLOW_S = 20.0
# How long the kernel is deaf to questions after the takeover: who has been taken for dead and answers sooner
# is taken for one that was not (havend/heartbeats.py).
DEAF_S = 3.5
# Before the switchover back, as the other one has to hear that everybody is in step.
REST_S = 1.0
# What may be the matter without any harm to a drill: the last one.
BORNE = ("drill-failed",)


class Silent(Exception):
    """A router, or a program on it, does not answer."""


class Refusing(Exception):
    """A router answers that it will not; `code` says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class World(Protocol):
    """What a drill asks, and what it does to this router."""

    def ask(self, node: str, command: str, **arguments: Any) -> Any:
        """Return what a router answers. Raises Silent or Refusing."""

    def peers(self) -> list[str]:
        """Return the names of the routers that are paired. Raises Silent."""

    def missing_in(self, status: Document) -> list[str]:
        """Return what keeps a router from being well, as phrases."""

    def prepare_death(self) -> None:
        """Make ready what does not take effect yet. Raises DrillFailed."""

    def play_dead(self, forwarding: list[str], devices: list[str], silent_s: float, deaf_s: float) -> None:
        """Let the kernel forward and answer nothing for so long. Raises DrillFailed."""

    def come_alive(self, forwarding_only: bool) -> None:
        """Let the kernel forward again, or do everything again."""

    def asker(self, routers: list[Document]) -> Any:
        """Return the probe, which has begun."""

    def client_ms(self) -> float | None:
        """Return the longest outage that a client has seen since the last call, where one volunteers."""


class Drill:
    """One drill; `run` makes it, `result` is what came of it so far."""

    def __init__(self, world: World, own: str, kind: str, group: str | None, back: bool, say: Say) -> None:
        self._world, self._own, self._kind, self._back, self._say = world, own, kind, back, say
        self._group = group
        self._token = os.urandom(8).hex()
        self._nodes: list[str] = []
        self._held: list[str] = []
        self._held_at = 0.0
        self._silent_ms = SILENT_MS
        self._end = time.monotonic() + LIMIT_S
        self.groups: list[str] = []
        self.legs: list[Document] = []
        self.missing: list[Document] = []
        self.before: int | None = None
        self.after: int | None = None

    def run(self) -> Document:
        """Make it; return its result. Raises DrillFailed where nothing was begun."""
        statuses = self._look()
        self._hold()
        try:
            result = self._carry_out(statuses)
        except DrillFailed as why:
            result = self._result(why.code, why.facts)
        except (Silent, Refusing) as why:
            result = self._result("lost-peer", {"node": self._taker() or "?", "error": str(why)})
        except KeyboardInterrupt:
            result = self._result("interrupted", {})
        finally:
            self._world.come_alive(False)
        self._let_go(result)
        return result

    # Whether it may be

    def _look(self) -> dict[str, Document]:
        """Return the status of each router. Raises DrillFailed unless the pair is well, or is so soon."""
        until = time.monotonic() + SOON_S
        while True:
            statuses = self._statuses()
            self._choose(statuses)
            missing = {node: self._missing_in(status) for node, status in statuses.items()}
            unwell = next((node for node in missing if missing[node]), None)
            if unwell is None:
                self._nodes = sorted(statuses)
                return statuses
            if time.monotonic() > until:
                raise DrillFailed("not-well", node=unwell, missing="; ".join(missing[unwell]))
            # Connections are told of by and by: right after another takeover not all are there.
            time.sleep(0.5)

    def _missing_in(self, status: Document) -> list[str]:
        kept = [each for each in status["problems"] if each["code"] not in BORNE]
        return self._world.missing_in({**status, "problems": kept})

    def _statuses(self) -> dict[str, Document]:
        try:
            own = self._world.ask(self._own, "status")
            peers = self._world.peers()
        except (Silent, Refusing) as why:
            raise DrillFailed("no-agent") if isinstance(why, Silent) else _refusal(self._own, why) from None
        if not peers:
            raise DrillFailed("not-paired")
        statuses = {self._own: own}
        for node in peers:
            try:
                statuses[node] = self._world.ask(node, "status")
            except (Silent, Refusing) as why:
                raise DrillFailed("peer-away", node=node, error=str(why)) from None
        return statuses

    def _choose(self, statuses: dict[str, Document]) -> None:
        meant = [each for each in statuses[self._own]["groups"] if self._group in (None, each["name"])]
        names = [each["name"] for each in meant]
        if not names:
            raise DrillFailed("no-group", groups=[self._group])
        self.groups = [each["name"] for each in meant if each["state"] == "active"]
        if self.groups:
            return
        for node, status in statuses.items():
            if any(each["name"] in names and each["state"] == "active" for each in status["groups"]):
                raise DrillFailed("elsewhere", node=node, groups=names)
        raise DrillFailed("nobody-active", groups=names)

    def _hold(self) -> None:
        """Hold every router, in the same order whoever asks: of two drills one gets all of them."""
        for node in self._nodes:
            try:
                self._hold_one(node)
            except (Silent, Refusing) as why:
                self._let_go(None)
                if isinstance(why, Refusing) and why.code == "request-denied":
                    raise DrillFailed("peer-older", node=node) from None
                if isinstance(why, Refusing) and why.code == "drill-busy":
                    raise DrillFailed("busy", error=str(why)) from None
                raise _refusal(node, why) from None
            self._held.append(node)

    def _hold_one(self, node: str) -> None:
        self._held_at = time.monotonic()
        asked = {"token": self._token, "owner": self._own, "groups": self.groups, "limit_s": HOLD_S}
        back = self._back and node != self._own
        self._world.ask(node, "drill-hold", back=back, drill=self._kind, **asked)

    def _hold_on(self) -> None:
        """Hold all of them for longer, now and then."""
        if time.monotonic() - self._held_at > HOLD_AGAIN_S:
            for node in self._held:
                self._hold_one(node)

    def _let_go(self, result: Document | None) -> None:
        for node in self._held:
            more = {} if result is None else {"result": result}
            try:
                self._world.ask(node, "drill-end", token=self._token, **more)
            except (Silent, Refusing):
                # Its agent lets go by itself when the time is over.
                continue
        self._held = []

    # What is done

    def _carry_out(self, statuses: dict[str, Document]) -> Document:
        own = statuses[self._own]
        self.before = entries(own)
        routers = [each for each in own["virtual_routers"] if each["group"] in self.groups]
        slowest = max([each.get("interval_ms") or 0 for each in routers], default=0)
        self._silent_ms = min(LONGEST_REHEARSAL_MS, max(SILENT_MS, DOWN_INTERVALS * slowest))
        self._say(f"{self._own} is Active for {', '.join(self.groups)}; everybody is well")
        self._leg(self._own, routers, own)
        taker = self._taker()
        self._follow(taker, statuses)
        if self._back:
            self._go_back(taker, routers)
        return self._result("missing" if self.missing else "done", {})

    def _taker(self) -> str:
        return str(self.legs[-1]["to"]) if self.legs else ""

    def _leg(self, giver: str, routers: list[Document], own: Document) -> None:
        """Let another router take over from this one, and measure it."""
        self._world.client_ms()
        asker = self._world.asker(routers)
        try:
            # The first answers of the probe.
            time.sleep(0.1)
            if self._kind == HARD:
                given_at = self._fall_silent(routers, own)
                taker = self._wait_for_taker(self._silent_ms / 1000 + 2)
                self._world.come_alive(True)
            else:
                given_at = self._hand_over()
                taker = self._wait_for_taker(2.0)
            time.sleep(0.2)
        finally:
            answers = asker.answers()
        if taker is None:
            self.legs.append(leg_of(giver, giver, None, None))
            raise DrillFailed("not-taken", node=giver, seconds=self._silent_ms // 1000)
        outage_ms = without_answer_ms(answers, given_at)
        if self._kind == HARD:
            time.sleep(DEAF_S)
            self._world.come_alive(False)
        self.legs.append(leg_of(giver, taker, outage_ms, self._world.client_ms()))
        self._say(f"{taker} has taken over; {told(self.legs[-1])}")

    def _fall_silent(self, routers: list[Document], own: Document) -> float:
        forwarding = [each["device"] for each in routers]
        link = own["conntrack"].get("device")
        self._say(f"{self._own} falls silent, without a word")
        devices = forwarding + ([link] if link else [])
        limit_s = self._silent_ms / 1000 + 1
        self._world.prepare_death()
        # First, so that who takes over a moment later finds no Active.
        for group in self.groups:
            self._order(self._own, "rehearse", group=group, limit_ms=self._silent_ms)
        self._world.play_dead(forwarding, devices, limit_s, limit_s + DEAF_S)
        return time.monotonic()

    def _hand_over(self) -> float:
        self._say(f"{self._own} hands over")
        since = self._last_event()
        for group in self.groups:
            self._order(self._own, "switchover", group=group)
        return self._changed_at("active", since)

    def _order(self, node: str, command: str, **arguments: Any) -> None:
        try:
            self._world.ask(node, command, **arguments)
        except Refusing as why:
            raise DrillFailed("refused", node=node, error=str(why)) from None

    def _last_event(self) -> int:
        return max([each["seq"] for each in self._world.ask(self._own, "events")], default=-1)

    def _changed_at(self, before: str, since: int) -> float:
        """Return when a group left a state after an event, by the clock that only grows."""
        ahead = time.time() - time.monotonic()
        found = [
            each["at"] - ahead
            for each in self._world.ask(self._own, "events")
            if each["seq"] > since and each["kind"] == "transition" and before in (each["from"], each["to"])
        ]
        return max(found, default=time.monotonic())

    def _wait_for_taker(self, seconds: float) -> str | None:
        """Return who is Active now; None where that is nobody else, or nobody, when the time is over."""
        until = time.monotonic() + seconds
        others = [node for node in self._nodes if node != self._own]
        while time.monotonic() < until:
            self._hold_on()
            for node in others:
                if is_active(self._world.ask(node, "status"), self.groups):
                    return node
            time.sleep(POLL_S)
        return None

    # What follows

    def _follow(self, taker: str, statuses: dict[str, Document]) -> None:
        """Wait until all that belongs to the role runs at the taker, and note what does not."""
        until = min(time.monotonic() + FOLLOW_S, self._end - FOLLOW_S)
        while True:
            self._hold_on()
            status = self._world.ask(taker, "status")
            self.after = entries(status)
            self.missing = missing_at(taker, status, statuses[self._own], self.before)
            if not self.missing or time.monotonic() > until:
                break
            time.sleep(0.5)
        self._say(followed(self.before, self.after, self.missing, taker))

    def _go_back(self, taker: str, routers: list[Document]) -> None:
        self._wait_until_well(taker)
        self._say(f"{taker} hands back")
        self._world.client_ms()
        asker, since = self._world.asker(routers), self._last_event()
        try:
            time.sleep(0.1)
            for group in self.groups:
                try:
                    self._world.ask(taker, "switchover", group=group)
                except (Silent, Refusing) as why:
                    raise DrillFailed("not-back", node=self._own, error=str(why)) from None
            time.sleep(0.2)
            taken_at = self._changed_at("active", since)
        finally:
            answers = asker.answers()
        if not is_active(self._world.ask(self._own, "status"), self.groups):
            raise DrillFailed("not-back", node=self._own, error="")
        outage_ms = after_last_answer_ms(answers, taken_at)
        self.legs.append(leg_of(taker, self._own, outage_ms, self._world.client_ms()))
        self._say(f"{self._own} is Active again; {told(self.legs[-1])}")

    def _wait_until_well(self, taker: str) -> None:
        """Wait until this router could take over without a loss, as long as there is time."""
        time.sleep(REST_S)
        while time.monotonic() < self._end - FOLLOW_S:
            self._hold_on()
            missing = []
            for node in (self._own, taker):
                missing += self._missing_in(self._world.ask(node, "status"))
            if not missing:
                return
            time.sleep(0.5)

    def _result(self, code: str, facts: Document) -> Document:
        facts = {"missing": self.missing[:5]} if code == "missing" else facts
        return {
            "at": round(time.time(), 3),
            "drill": self._kind,
            "groups": self.groups,
            "ok": code == "done",
            "code": code,
            "facts": facts,
            "legs": self.legs,
            "before": self.before,
            "after": self.after,
            "missing": self.missing[:5],
        }


def _refusal(node: str, why: Exception) -> DrillFailed:
    return DrillFailed("refused", node=node, error=str(why))
