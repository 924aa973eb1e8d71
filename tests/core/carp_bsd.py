# SPDX-License-Identifier: GPL-2.0-or-later
"""How FreeBSD's and OpenBSD's kernels speak CARP, by what their netinet/ip_carp.c does on each word."""

from haven.core.carp.packet import CarpAdvert, Digests, decode, encode
from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Send
from tests.core.carp_line import ADDRESSES, FAR, PASSWORD, PEER

FREEBSD, OPENBSD = "freebsd", "openbsd"
MASTER, BACKUP = "master", "backup"
STEP = 20 * MILLISECOND


class Bsd:
    """One kernel: it is told words and time, and what it says is in `said`."""

    def __init__(self, kind, advskew, preempt=False, demote=0, now=0):
        self.kind, self.advskew, self.preempt, self.demote = kind, advskew, preempt, demote
        self.counter = 3 * FAR
        self.is_up = True
        self.source = PEER
        self.said = []
        self._digests = Digests(PASSWORD, 42, ADDRESSES)
        self._follow(now)

    def hear(self, message, now):
        """Do what carp_input_c does."""
        heard = decode(message)
        if not self.is_up or not self._digests.fit(heard):
            return
        if self.kind == OPENBSD and heard.counter == self.counter:
            return
        if self.kind == FREEBSD:
            self.counter = heard.counter
        own, other = (1, self.advskew), (heard.advbase, heard.advskew)
        theirs, ours = (heard.demote, self.demote) if self.kind == OPENBSD else (0, 0)
        if self.state == MASTER:
            if (own >= other and theirs <= ours) or theirs < ours:
                self._follow(now)
        elif (self.preempt and own < other and theirs >= ours) or theirs > ours or other > (3, 0):
            self._lead(now)
        else:
            self._follow(now)

    def tick(self, now):
        """Do what is due."""
        if self.is_up and now >= self.deadline:
            if self.state == BACKUP:
                self._lead(now)
            else:
                self._speak(1, self.advskew)
                self.deadline = now + self._skewed(1)

    def leave(self):
        """Bow out, as on `ifconfig down`."""
        if self.state == MASTER:
            self._speak(255, 255)
        self.is_up, self.state = False, BACKUP

    def _lead(self, now):
        self.state = MASTER
        self._speak(1, self.advskew)
        self.deadline = now + self._skewed(1)

    def _follow(self, now):
        self.state = BACKUP
        self.deadline = now + self._skewed(3)

    def _skewed(self, seconds):
        return seconds * SECOND + self.advskew * SECOND // 256

    def _speak(self, advbase, advskew):
        if self.kind == FREEBSD:
            self.counter += 1
        demote = self.demote if self.kind == OPENBSD else 0
        advert = CarpAdvert(42, advbase, advskew, demote, self.counter, self._digests.of(self.counter))
        self.said.append(encode(advert))


class Link:
    """haven's node and a kernel on one link, which can be cut."""

    def __init__(self, wire, node, bsd):
        self.wire, self.node, self.bsd = wire, node, bsd
        self.is_cut = False

    def run(self, duration):
        """Let time pass."""
        for _ in range(duration // STEP):
            self.wire.run(STEP)
            self.bsd.tick(self.wire.now)
            for _turn in range(4):
                self._carry()

    def _carry(self):
        ours, theirs = self.node.said(Send), self.bsd.said
        self.node.forget()
        self.bsd.said = []
        for _at, effect in () if self.is_cut else ours:
            self.bsd.hear(effect.packets[0][1], self.wire.now)
        for message in () if self.is_cut else theirs:
            self.node.hear(message, self.bsd.source)

    def masters(self):
        """Return who has the addresses."""
        found = ["haven"] if self.node.powered and self.node.state() == "active" else []
        return found + (["bsd"] if self.bsd.state == MASTER else [])
