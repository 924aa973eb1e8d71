# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether this router's DHCP server answers: closed at once, opened when the server has all leases.

A server reads its leases only when it starts. So one that is to serve gets them as its file, is started
anew, which takes it some hundredths of a second, and then hears the clients.
"""

import time
from collections.abc import Callable, Iterable

from haven.agent.leases import lease_file
from haven.agent.leases.binding import Key
from haven.agent.leases.dnsmasq import Dnsmasq
from haven.agent.leases.gate import Gate
from haven.agent.leases.lease_file import LeaseFileError
from haven.agent.leases.lease_table import Table
from haven.agent.loop import Scope

# What comes together is done together.
TOGETHER_S = 0.3
AGAIN_S = 30.0


class DhcpService:
    """The devices on which the server answers: `serving` is so, by `serve` it is to be."""

    def __init__(self, scope: Scope, root: str, path: str, gate: Gate, table: Table) -> None:
        self._scope, self._gate, self._table = scope, gate, table
        self.server = Dnsmasq(scope, root, path)
        self._devices: tuple[str, ...] = ()
        self._wanted: set[str] = set()
        self._resumed: set[str] = set()
        self.serving: set[str] = set()
        self.is_busy = self._is_stale = self._is_due = False
        self.failure = ""
        # Called before the server is given leases or answers no more: nothing is lost that it alone knows.
        self.catch_up: Callable[[], None] = lambda: None
        # How many leases the server did not get, and which: that they are not in its file says nothing.
        self.left_out = 0
        self.lacking: set[Key] = set()

    def resume(self, devices: Iterable[str]) -> None:
        """Take it that the server has served these until now, if it still is to."""
        self._resumed = set(devices)

    def take_devices(self, devices: Iterable[str]) -> None:
        """Take all devices on which it could serve; closed are those where it does not."""
        self._devices = tuple(devices)
        self.serving &= set(self._devices)
        self._close(self.serving)

    def serve(self, devices: set[str]) -> None:
        """Answer on these devices and no others."""
        self._wanted = set(devices)
        if self._resumed and devices:
            self.serving |= self._resumed & devices
            self._resumed = set()
            self._close(self.serving)
        if self.serving - devices:
            self.catch_up()
            self.serving &= devices
            self._close(self.serving)
        if devices - self.serving:
            self._begin()

    @property
    def lacks_some(self) -> bool:
        """Whether the server does not know all leases yet that are known here."""
        return self.is_busy or self._is_stale or self._is_due or bool(self.lacking)

    def refresh_soon(self) -> None:
        """Let the server have what it does not know yet."""
        self._is_stale = True
        if not self._is_due:
            self._is_due = True
            self._scope.after(TOGETHER_S, self._refresh)

    def _refresh(self) -> None:
        self._is_due = False
        if self.serving:
            self._begin()

    def _close(self, open_ones: set[str], done: Callable[[], None] = lambda: None) -> None:
        self._gate.close([each for each in self._devices if each not in open_ones], done)

    # Giving the server its leases: one at a time

    def _begin(self) -> None:
        if self.is_busy:
            self._is_stale = True
            return
        self.is_busy, self._is_stale = True, False
        # What it gave from now on it would forget.
        self._close(set(), self._start_anew)

    def _start_anew(self) -> None:
        self.catch_up()
        if not self._write():
            self._open()
            return
        self.server.restart(self._restarted)

    def _write(self) -> bool:
        now, wall = time.monotonic(), time.time()
        self.server.look()
        leases = sorted(self._table.good(now), key=lambda each: each.until, reverse=True)
        self.left_out = max(0, len(leases) - self.server.most)
        self.lacking = {each.key for each in leases}
        try:
            six = lease_file.read(self.server.path, now, wall).six
            lease_file.write(self.server.path, leases[: self.server.most], six, now, wall)
        except LeaseFileError as why:
            self._fail(f"{self.server.path}: {why}")
            return False
        self.lacking = {each.key for each in leases[self.server.most :]}
        return True

    def _fail(self, why: str) -> None:
        self.failure = why
        self._scope.after(AGAIN_S, self._try_again)

    def _try_again(self) -> None:
        if self.failure and self.serving:
            self._begin()

    def _restarted(self, why: str) -> None:
        self.failure = ""
        if why:
            self._fail(why)
        self._open()

    def _open(self) -> None:
        """Open what is wanted now; a server that could not be started anew may still answer."""
        self.is_busy = False
        self.serving = set(self._wanted)
        self._close(self.serving)
        if self._is_stale and self.serving:
            self._begin()

    def end(self, done: Callable[[], None]) -> None:
        """Give the server what it does not know where it has not served, as it is on its own from now on."""
        if set(self._devices) <= self.serving or self.is_busy or not self._write():
            done()
        else:
            self.server.restart(lambda _why: done())
