# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells the notices of one section: one program at a time, ended at its limit, and not too often."""

import sys
import time
from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.loop import Scope
from haven.agent.notify.notice_text import letter
from haven.agent.notify.outbox import Notice, Outbox
from haven.agent.notify.ways import WayMissing, dispatch, error_of, late_text
from haven.contract.problems import problem

Document = dict[str, Any]

# Of what a program says, the end.
LONGEST_WORDS = 4096


class Teller:
    """A section of the plan; `changed` is called when it has told something, or could not."""

    def __init__(self, scope: Scope, outbox: Outbox, changed: Callable[[], None]) -> None:
        self._scope, self._outbox, self._changed = scope.inner(), outbox, changed
        self.section: Document = {}
        self._is_busy = False
        self._next_at = 0.0
        self._sent_at: float | None = None
        self._error = ""

    def take_plan(self, section: Document) -> None:
        """Take how it tells."""
        self.section = section

    def rest(self) -> None:
        """Take that another router has told something: the next message has to wait for a while here, too."""
        self._next_at = time.monotonic() + self.section["interval_us"] / 1e6
        self._error = ""

    def tell(self, ring: list[str], status: Document) -> None:
        """Tell what is this router's to tell, if it is time."""
        now = time.monotonic()
        if self._is_busy or now < self._next_at:
            return
        due = self._outbox.due(self.section, ring, now)
        if due:
            self._begin(due, letter([each.say(now) for each in due], status, self._outbox.left_out))

    def _begin(self, due: list[Notice], text: Any) -> None:
        def done(outcome: ChildEnd | CallFailure) -> None:
            self._is_busy = False
            self._take(due, self._error_of(outcome))

        limit_s = self.section["timeout_us"] / 1e6
        self._is_busy = True
        try:
            how = dispatch(self.section, text)
            options: Document = {"environment": how.environment, "whole_group": True, "keeps": LONGEST_WORDS}
            self._scope.run(how.argv, done, limit_s, how.stdin, **options)
        except (OSError, WayMissing) as why:
            self._is_busy = False
            self._take(due, str(why.strerror if isinstance(why, OSError) else why))

    def _error_of(self, outcome: ChildEnd | CallFailure) -> str:
        if isinstance(outcome, CallFailure):
            return late_text(self.section)
        return error_of(self.section, outcome.status, outcome.complaint) if outcome.status else ""

    def _take(self, due: list[Notice], error: str) -> None:
        name, now = self.section["name"], time.monotonic()
        if error:
            if error != self._error:
                print("haven-agent: notify %s: %s" % (name, error), file=sys.stderr, flush=True)
            self._outbox.note_failure(name, due, now)
        else:
            self._outbox.note_sent(name, due)
            self._outbox.left_out = 0
            self._sent_at, self._next_at = now, now + self.section["interval_us"] / 1e6
        self._error = error
        self._changed()

    # What is shown

    def account(self) -> Document:
        """Return what waits, and when something was told."""
        sent_s = None if self._sent_at is None else int(time.monotonic() - self._sent_at)
        waiting = len(self._outbox.waiting(self.section))
        about = {"name": self.section["name"], "way": self.section["way"]}
        return {**about, "waiting": waiting, "sent_s": sent_s, "is_failing": bool(self._error)}

    def problems(self) -> list[Document]:
        """Return why it could not tell."""
        count = len(self._outbox.waiting(self.section))
        if not self._error or not count:
            return []
        name = self.section["name"]
        return [problem("notify-failed", "notify", section=name, error=self._error, count=count)]

    def close(self) -> None:
        """End what is under way."""
        self._scope.close()
