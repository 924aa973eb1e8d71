# SPDX-License-Identifier: GPL-2.0-or-later
"""What the DHCP server's file has that the table has not: names, renewals, leases that have ended."""

import os
import time
from collections.abc import Callable, Sequence

from haven.agent.leases import lease_file
from haven.agent.leases.binding import FOREVER_S, Binding, Key
from haven.agent.leases.dnsmasq import Dnsmasq
from haven.agent.leases.lan import Lan, lan_of
from haven.agent.leases.lease_file import LeaseFile, LeaseFileError
from haven.agent.leases.lease_table import Table

# The server's clock has whole seconds.
SAME_S = 2.5
# A lease is in the file some milliseconds after its ACK.
FRESH_S = 3.0


class FileWatch:
    """Reads the file when it has changed; `odd` says what is wrong with it, `changed` is called for news."""

    def __init__(self, server: Dnsmasq, table: Table, changed: Callable[[Binding], None]) -> None:
        self._server, self._table, self._changed = server, table, changed
        self._seen: tuple[object, ...] = ()
        self._missing: set[Key] = set()
        self.odd = ""

    def look(self, lans: Sequence[Lan], lacking: set[Key] | None = None) -> None:
        """Take what is new of these LANs; what the server was not given is `lacking`, until it has it."""
        signature = self._signature()
        if signature == self._seen and not self._missing:
            return
        now = time.monotonic()
        try:
            found = lease_file.read(self._server.path, now, time.time())
        except LeaseFileError as why:
            self.odd = f"{self._server.path}: {why}"
            return
        self._seen = signature
        self.odd = self._oddity(found)
        for binding in found.bindings:
            if lan_of(lans, binding.address) is not None:
                self._take(binding, now)
        self._look_for_ends(found, lans, set() if lacking is None else lacking, now)

    def _signature(self) -> tuple[object, ...]:
        try:
            found = os.stat(self._server.path)
        except OSError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _oddity(self, found: LeaseFile) -> str:
        if found.odd:
            return f"{self._server.path}: {found.odd} lines are none of dnsmasq's"
        return "" if found.is_whole else f"{self._server.path}: its last line is cut short"

    def _take(self, binding: Binding, now: float) -> None:
        known = self._table.find(binding.key)
        if not binding.is_good(now):
            return
        if known is not None and known.is_good(now):
            if _is_same(binding, known):
                return
            binding.began = known.began
            binding.lasts_s = max(known.lasts_s, binding.lasts_s)
        if self._table.put(binding, now):
            self._changed(binding)

    def _look_for_ends(self, found: LeaseFile, lans: Sequence[Lan], lacking: set[Key], now: float) -> None:
        """Take for ended what is in the file no more, twice: it may have been in the middle of a change."""
        if self.odd:
            self._missing = set()
            return
        there = {binding.key for binding in found.bindings}
        lacking -= there
        gone = {each.key for each in self._table.good(now) if self._is_missing(each, there, lans, now)}
        gone -= lacking
        for key in gone & self._missing:
            ended = self._table.end(key, now)
            if ended is not None:
                self._changed(ended)
        self._missing = gone - self._missing

    def _is_missing(self, binding: Binding, there: set[Key], lans: Sequence[Lan], now: float) -> bool:
        is_old = now - binding.changed > FRESH_S
        return is_old and binding.key not in there and lan_of(lans, binding.address) is not None


def _is_same(binding: Binding, known: Binding) -> bool:
    if (binding.client_id, binding.name) != (known.client_id, known.name):
        return False
    if min(binding.lasts_s, known.lasts_s) >= FOREVER_S:
        return True
    return abs(binding.until - known.until) < SAME_S
