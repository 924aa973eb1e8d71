# SPDX-License-Identifier: GPL-2.0-or-later
"""What this router says to a PPPoE provider before its client does: the end of a session, and a question."""

import sys
from collections.abc import Callable
from typing import Any

from haven.agent.loop import Scope
from haven.agent.wan.customer import mac_of
from haven.agent.wan.pppoe import Probe, SessionEnd
from haven.light import suppress

Document = dict[str, Any]

# How long the provider's PPP may take to ask for the end itself; it has a timeout of 3 s.
ANSWER_S = 4.0


class ProviderLine:
    """One device; `let_in` is called when the provider has answered the question."""

    def __init__(self, scope: Scope, let_in: Callable[[], None]) -> None:
        self._scope, self._let_in = scope, let_in
        self._end: SessionEnd | None = None
        self._probe: Probe | None = None

    def end_session(self, device: str, session: Document, is_first: bool) -> bool:
        """Say that a session is over, and answer for a while; tell whether it went out."""
        try:
            if is_first or self._end is None:
                self._begin(SessionEnd(device, session))
            assert self._end is not None
            self._end.send()
        except OSError as why:
            print(f"haven-agent: {device}: no PADT: {why.strerror}", file=sys.stderr, flush=True)
            return False
        return True

    def _begin(self, end: SessionEnd) -> None:
        self._close_end(self._end)
        self._end = end
        self._scope.watch(end.socket, lambda _events: self._answer(end))
        self._scope.after(ANSWER_S, lambda: self._close_end(end))

    def _answer(self, end: SessionEnd) -> None:
        with suppress(OSError):
            end.answer()

    def _close_end(self, end: SessionEnd | None) -> None:
        if end is not None and end is self._end:
            self._scope.forget(end.socket)
            end.close()
            self._end = None

    def ask(self, device: str, service: str) -> None:
        """Ask whether the provider lets anybody in."""
        with suppress(OSError, ValueError):
            if self._probe is None:
                self._probe = probe = Probe(device, mac_of(device), service)
                self._scope.watch(probe.socket, lambda _events: self._hear(probe))
            self._probe.send()

    def _hear(self, probe: Probe) -> None:
        with suppress(OSError):
            if probe.is_answered():
                self.stop_asking()
                self._let_in()

    def stop_asking(self) -> None:
        """Ask no more."""
        probe, self._probe = self._probe, None
        if probe is not None:
            self._scope.forget(probe.socket)
            probe.close()

    def close(self) -> None:
        """Say nothing more."""
        self._close_end(self._end)
        self.stop_asking()
