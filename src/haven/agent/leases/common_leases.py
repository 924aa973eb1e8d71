# SPDX-License-Identifier: GPL-2.0-or-later
"""The leases of this router: heard of, told to the others, kept, and given to the DHCP server that serves.

A lease is heard of from the holder, which has seen the ACK, and from the DHCP server's file, which has what
the holder has missed, and the name that the server has settled for.
"""

import time
from collections.abc import Callable
from typing import Any

from haven.agent.leases import lease_problems
from haven.agent.leases.binding import Binding, BindingError, read_new
from haven.agent.leases.dhcp_service import DhcpService
from haven.agent.leases.file_watch import FileWatch
from haven.agent.leases.gate import Gate
from haven.agent.leases.hold_figures import HoldFigures
from haven.agent.leases.holder_link import HolderLink
from haven.agent.leases.lan import Lan, lan_of, read_lans
from haven.agent.leases.lease_exchange import LeaseExchange
from haven.agent.leases.lease_table import Clash, Table
from haven.agent.leases.note import NoteError, Notes
from haven.agent.part import Surroundings

BEAT_S = 1.0
# Whatever has not arrived by then does not: the peer is gone.
PREPARE_S, LOOK_S = 0.5, 0.02
# How long a peer may take to be there after a start.
PEERLESS_S = 15.0


class Leases:
    """Everything about leases on one router."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._scope = around.scope.inner()
        self._table = Table()
        self._notes = Notes(around.root, around.run_dir)
        self._lans: list[Lan] = []
        self._clashes: dict[str, Clash] = {}
        self._figures = HoldFigures()
        self._note_failure = ""
        self._began = time.monotonic()
        self._guard_note(lambda: self._notes.load(self._table, self._began))
        self._gate = Gate(self._scope)
        self._service: DhcpService | None = None
        self._watch: FileWatch | None = None
        self._exchange = LeaseExchange(self._scope, around.carrier, self._table, self._take_news)
        self._holder = HolderLink(self._scope, self._hear_holder)
        self._holder.start()
        self._scope.every(BEAT_S, self._beat)

    def take_plan(self, plan: dict[str, Any]) -> None:
        """Take the LANs; until the roles are known nobody's question is answered."""
        self._lans = read_lans(plan)
        devices = [lan.device for lan in self._lans]
        if self._service is None:
            around, path = self._around, plan["lease_file"]
            self._service = DhcpService(self._scope, around.root, path, self._gate, self._table)
            self._service.catch_up = self._catch_up
            self._service.resume(self._notes.serving)
            self._watch = FileWatch(self._service.server, self._table, self._changed)
            if not self._table.all():
                self._watch.look(self._lans)
        self._gate.hold(devices)
        self._service.take_devices(devices)
        self.take_roles()

    def take_roles(self) -> None:
        """Serve the LANs whose group is Active here."""
        if self._service is not None:
            states = self._around.roles.states
            self._service.serve({lan.device for lan in self._lans if lan.is_served(states)})

    # What is heard

    def _hear_holder(self, word: dict[str, Any]) -> None:
        if "ack" in word:
            self._take_ack(word["ack"], word["binding"], time.monotonic())
        elif "done" in word:
            self._figures.take(word["waited_ms"], word["late"])
            self._follow_holding()

    def _take_ack(self, number: int, document: Any, now: float) -> None:
        try:
            binding = read_new(document, now)
        except BindingError:
            # An odd one, of which the file will tell more.
            self._holder.let_go(number)
            return
        known = self._table.find(binding.key)
        if known is not None and not binding.name:
            # A client says its name once.
            binding.name = known.name
        self._table.put(binding, now)
        if self._service is not None and self._service.is_busy:
            # Of the server that is being ended: the next one does not know it.
            self._service.refresh_soon()
        self._displace(binding, now)
        self._exchange.tell(
            self._table.find(binding.key) or binding, lambda is_kept: self._kept(number, is_kept)
        )

    def _kept(self, number: int, is_kept: bool) -> None:
        # Whoever was waited for is gone, or knows it.
        self._holder.let_go(number)
        self._figures.alone += not is_kept

    def _changed(self, binding: Binding) -> None:
        """Tell the others what the server's file says."""
        if not binding.is_over:
            self._displace(binding, time.monotonic())
        self._exchange.tell(binding, lambda _is_kept: None)

    def _displace(self, binding: Binding, now: float) -> None:
        """End what others had of an address that the server has given anew: it knew of them."""
        if self._service is not None and not self._service.lacks_some and self._is_served(binding):
            for other in self._table.others(binding, now):
                self._end_binding(other.key, now)

    def _end_binding(self, key: tuple[str, str], now: float) -> None:
        ended = self._table.end(key, now)
        if ended is not None:
            self._changed(ended)

    def _take_news(self, taken: list[Binding]) -> None:
        """Let a server that runs already know what it does not: the leases of a split, or of a late peer."""
        now = time.monotonic()
        news = [each for each in taken if each.is_good(now) and self._is_served(each)]
        if self._service is not None and news:
            self._service.refresh_soon()

    def _is_served(self, binding: Binding) -> bool:
        lan = lan_of(self._lans, binding.address)
        return lan is not None and self._serves(lan)

    def _serves(self, lan: Lan) -> bool:
        return self._service is not None and lan.device in self._service.serving

    # What is done all the time

    def _beat(self) -> None:
        now = time.monotonic()
        self._exchange.look()
        self._follow_holding()
        if self._service is not None and self._watch is not None:
            if not self._service.is_busy:
                self._catch_up()
            self._settle(now)
            self._notes.serving = sorted(self._service.serving)
        self._table.forget_old(now)
        self._guard_note(lambda: self._notes.keep(self._table, now))

    def _catch_up(self) -> None:
        served = [lan for lan in self._lans if self._serves(lan)]
        if served and self._service is not None and self._watch is not None:
            self._watch.look(served, self._service.lacking)

    def _follow_holding(self) -> None:
        self._holder.hold(self._exchange.is_waited_for)

    def _settle(self, now: float) -> None:
        """Decide, where this router serves, which of two devices keeps the address that both have."""
        for clash in self._table.clashes(now):
            lan = lan_of(self._lans, clash.winner.address)
            if lan is not None and self._serves(lan) and self._service is not None:
                self._clashes[clash.winner.address] = clash
                self._end_binding(clash.loser.key, now)
                self._service.refresh_soon()
        over = [address for address, each in self._clashes.items() if self._is_settled(each, now)]
        for address in over:
            del self._clashes[address]

    def _is_settled(self, clash: Clash, now: float) -> bool:
        has_another = any(each.mac == clash.loser.mac for each in self._table.good(now))
        return has_another or now >= clash.loser.until

    def _guard_note(self, act: Callable[[], None]) -> None:
        try:
            act()
            self._note_failure = ""
        except NoteError as why:
            self._note_failure = str(why)

    # The ends

    def prepare(self, done: Callable[[], None]) -> None:
        """Call `done` when every lease has arrived, or will not."""
        until = time.monotonic() + PREPARE_S

        def look() -> None:
            if self._exchange.is_told() or time.monotonic() >= until:
                done()
            else:
                self._scope.after(LOOK_S, look)

        look()

    def end(self, stays_closed: bool, done: Callable[[], None]) -> None:
        """Keep what is known; let the server know of it, as it is on its own then."""
        now = time.monotonic()
        self._notes.serving = []
        self._guard_note(lambda: self._notes.keep(self._table, now, for_good=True))
        if self._service is None:
            self._gate.end(False, done)
            return
        self._service.end(lambda: self._gate.end(stays_closed, done))

    def close(self) -> None:
        """Let go of the holder, the channel and all that is waited for."""
        self._holder.close()
        self._exchange.close()
        self._scope.close()

    # What is shown

    def is_in_sync(self) -> bool:
        """Tell whether all leases of the others are here."""
        return self._exchange.is_in_sync()

    def account(self) -> dict[str, Any]:
        """Return how many leases are known where, and how long answers wait."""
        return {
            "known": len(self._table.good(time.monotonic())),
            "serves": sorted(lan.interface for lan in self._lans if self._serves(lan)),
            "peers": self._exchange.account(),
            **self._figures.account(self._holder.is_ready and self._exchange.is_waited_for),
        }

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter."""
        now = time.monotonic()
        found = list(lease_problems.of_clashes(self._clashes.values()))
        found += lease_problems.of_restless(self._table.restless(now))
        if not self._exchange.account() and now - self._began > PEERLESS_S:
            found.append(lease_problems.unpaired())
        unheld = self._gate.unheld or self._holder.failure
        found += lease_problems.of_failures(self._gate.failure, unheld, self._note_failure)
        if self._service is not None and self._watch is not None:
            found += lease_problems.of_server(self._service, self._watch, self._table, now)
        return found
