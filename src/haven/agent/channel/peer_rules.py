# SPDX-License-Identifier: GPL-2.0-or-later
"""The firewall's rules for paired routers: the service is told when these, or their addresses, are others."""

import sys
from collections.abc import Iterable

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.loop import Scope
from haven.agent.service import reload_argv
from haven.reload_time import WITH_TURN_S


class PeerRules:
    """Reloads the service, one call at a time; off OpenWrt there is none."""

    def __init__(self, scope: Scope, config: str) -> None:
        self._scope, self._argv = scope, reload_argv(config)
        self._known: frozenset[str] | None = None
        self._is_running = False

    def follow(self, paired: Iterable[str]) -> None:
        """Take the addresses of who is paired; the service that started us knew the first of them."""
        addresses = frozenset(paired)
        known, self._known = self._known, self._known if self._is_running else addresses
        if self._argv is not None and not self._is_running and known not in (None, addresses):
            self._is_running = True
            self._scope.run(self._argv, self._ended, WITH_TURN_S)

    def _ended(self, outcome: ChildEnd | CallFailure) -> None:
        self._is_running = False
        if isinstance(outcome, CallFailure) or outcome.status:
            print("haven-agent: the firewall was not told of the paired routers", file=sys.stderr, flush=True)
