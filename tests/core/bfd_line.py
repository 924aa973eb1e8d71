# SPDX-License-Identifier: GPL-2.0-or-later
"""Two BFD sessions on a line and a clock that exist only here; every packet goes through its octets."""

from haven.core.bfd.bfd_session import BfdSession, SessionSpec
from haven.core.bfd.control_packet import decode
from haven.core.clock import MILLISECOND

OWN, OTHER = b"\x0a\x00\x00\x02", b"\x0a\x00\x00\x03"


def spec(tx_ms=10, rx_ms=10, multiplier=3, address=OTHER):
    return SessionSpec("peer", "lan", address, tx_ms * MILLISECOND, rx_ms * MILLISECOND, multiplier)


def session(discriminator=5, address=OTHER, now=0, **changes):
    return BfdSession(spec(address=address, **changes), discriminator, now)


class Line:
    """Carries what two sessions send; `cut` has the directions in which nothing passes."""

    def __init__(self, one, two):
        self.now = 0
        self.sessions = (one, two)
        self.cut = set()
        # Of each: when it sent what.
        self.sent = ([], [])
        self.changes = ([], [])
        self._chances = 1

    def _chance(self):
        # Any sequence that is spread evenly will do.
        self._chances = self._chances * 69069 % 65537
        return self._chances / 65537

    def run(self, duration):
        """Let time pass from deadline to deadline."""
        end = self.now + duration
        while True:
            soonest = min([each.deadline() for each in self.sessions])
            if soonest >= end:
                break
            assert soonest >= 0
            self.now = max(self.now, soonest)
            self.turn()
        self.now = end

    def turn(self):
        """Do what is due at this moment."""
        for number in (0, 1):
            self.sessions[number].tick(self.now)
            self._send(number)

    def _send(self, number):
        octets = self.sessions[number].to_send(self.now, self._chance())
        if octets is not None:
            self.sent[number].append((self.now, decode(octets)))
            if number not in self.cut:
                self.sessions[1 - number].hear(decode(octets), self.now)
        for each in (0, 1):
            self.changes[each].extend(self.sessions[each].changes)
            self.sessions[each].changes = []

    def causes(self, number):
        """Return what has happened to a session: None for Up, else why it is no more."""
        return [change.cause for change in self.changes[number]]

    def since(self, number, at):
        """Return what a session has sent from a moment on."""
        return [(when, packet) for when, packet in self.sent[number] if when >= at]


def line(one=None, two=None, run_s=5):
    """Return a line on which both sessions have come up."""
    found = Line(session(1, **(one or {})), session(2, address=OWN, **(two or {})))
    found.run(run_s * 1000 * MILLISECOND)
    return found
