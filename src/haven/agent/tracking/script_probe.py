# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of a user's program: with its rights, within its time, and with an end to what it says."""

import os
import time
from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildCall, ChildEnd
from haven.agent.loop import Scope
from haven.agent.tracking.check_state import ANSWERED, FAILED, CheckOutcome
from haven.contract.check_documents import SCRIPT
from haven.core.clock import SECOND

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# What it may write before it is ended, and what is shown of that.
MOST_OUTPUT = 1 << 16
MOST_WORDS = 160


class ScriptProbe:
    """Runs a program of the plan once; `done` gets the CheckOutcome."""

    def __init__(self, scope: Scope, check: dict[str, Any], done: Callable[[CheckOutcome], None]) -> None:
        self._scope, self._check, self._done = scope, check, done
        self._begun_at = time.monotonic()
        self._call: ChildCall | None = None

    def begin(self) -> None:
        """Start it; how it ends comes by the loop, that it cannot be started at once."""
        environment = {"PATH": PATH, "CHECK": self._check["name"]}
        try:
            self._call = self._scope.run(
                self._check["argv"],
                self._take,
                self._check["timeout_us"] / SECOND,
                environment=environment,
                user=_other_user(self._check.get("user") or ""),
                most=MOST_OUTPUT,
                whole_group=True,
            )
        except OSError as why:
            self._end(FAILED, f"{self._check['argv'][0]}: {why.strerror}")

    def close(self) -> None:
        """End it, and tell nobody."""
        if self._call is not None:
            self._call.abandon()

    def _take(self, outcome: ChildEnd | CallFailure) -> None:
        if isinstance(outcome, CallFailure):
            late = "it was not done after %g s" % (self._check["timeout_us"] / SECOND)
            self._end(FAILED, late if outcome.kind == "late" else str(outcome))
        elif outcome.status == 0:
            self._end(ANSWERED, "")
        else:
            how = f"status {outcome.status}" if outcome.status > 0 else f"ended by signal {-outcome.status}"
            words = last_words(outcome.complaint) or last_words(outcome.output)
            self._end(FAILED, f"{how}: {words}" if words else how)

    def _end(self, result: str, error: str) -> None:
        self._call = None
        took_ms = round((time.monotonic() - self._begun_at) * 1000, 2)
        self._done(CheckOutcome(result, SCRIPT, error, took_ms if result == ANSWERED else None))


def last_words(text: str) -> str:
    """Return the last line that says something, as far as a line of the status has room for it."""
    lines = [line.strip() for line in text[-4 * MOST_WORDS :].splitlines() if line.strip()]
    return "".join(char for char in lines[-1] if char.isprintable())[:MOST_WORDS] if lines else ""


def _other_user(name: str) -> str | None:
    """Return whom to become, or None where we are that user. Raises OSError for one that is not there."""
    import pwd

    try:
        return name if pwd.getpwnam(name).pw_uid != os.geteuid() else None
    except KeyError:
        raise OSError(0, f"there is no user '{name}'") from None
