# SPDX-License-Identifier: GPL-2.0-or-later
"""Links, hosts and true time: what the nodes of a simulated network have in common."""

import heapq
import itertools
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from haven.core.events import AdvertHeard, RouterHeard, WitnessHeard

if TYPE_CHECKING:
    from tests.simulation.frames import Wire
    from tests.simulation.node import SimNode

SECOND = 1_000_000
# Every turn of a loop takes a moment.
TURN = 20
MULTICAST = (224, 0xFF)

# What a third machine on each link is called in cuts.
WITNESS = "witness"

# A link and an address on it.
Place = tuple[str, bytes]


class Link:
    """What carries packets between nodes and to hosts; times in microseconds, chances from 0 to 1."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.delay = (50, 300)
        self.loss = 0.0
        self.twice = 0.0
        # (sender, receiver): nothing comes through; None is everybody.
        self.cuts: set[tuple[str | None, str | None]] = set()
        # Whose packets it does not take, although they have a carrier: their sends fail.
        self.mute: set[str] = set()
        # Which node the hosts take for the gateway, by its announcements.
        self.believed: dict[bytes, str] = {}

    def calm(self) -> None:
        """Carry everything again, as a good link does."""
        self.delay, self.loss, self.twice = (50, 300), 0.0, 0.0
        self.cuts.clear()
        self.mute.clear()

    def is_good(self) -> bool:
        """Tell whether it loses nothing."""
        return not (self.cuts or self.mute or self.loss)

    def passes(self, sender: str, receiver: str | None) -> bool:
        """Tell whether there is a way from one node to another, or to the hosts (None)."""
        ways = ((sender, receiver), (sender, None), (None, receiver), (None, None))
        return sender not in self.mute and not any(way in self.cuts for way in ways)


class World:
    """A network and its clock; `holders` says who holds each address, as hosts would find it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.now = 0
        self.links: dict[str, Link] = {}
        self.nodes: list[SimNode] = []
        # What questions to kernels go over, where anybody asks.
        self.wire: Wire | None = None
        # When hosts last may have missed who is Active, and when one of a group has surely yielded aloud.
        self.last_lost_announcement = -1
        self.last_yield: dict[str, int] = {}
        self.log: list[tuple[int, str, str]] = []
        # Since when nobody holds a place, and how long at most that went on since it was last asked.
        self._bare_since: dict[Place, int] = {}
        self._longest_bare: dict[Place, int] = {}
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, when: int, act: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._queue, (max(when, self.now), next(self._numbers), act))

    def run(self, duration: int) -> None:
        """Let time pass."""
        end = self.now + duration
        while self._queue and self._queue[0][0] <= end:
            self.now, _number, act = heapq.heappop(self._queue)
            act()
        self.now = end

    def note(self, who: str, what: str) -> None:
        """Write something down, for the story of a finding."""
        self.log.append((self.now, who, what))

    def story(self, since: int = 0) -> str:
        """Return what has happened."""
        return "\n".join(f"{at / SECOND:12.6f}  {who:4}  {what}" for at, who, what in self.log if at >= since)

    # Packets

    def carry(self, sender: "SimNode", device: str, event: AdvertHeard) -> None:
        """Take a packet to whoever is on the link and is meant."""
        link = self.links[device]
        for node in self.nodes:
            unicast = event.destination[0] not in MULTICAST
            meant = not unicast or event.destination == node.address(device, event.family)
            if node is not sender and meant and link.passes(sender.name, node.name):
                for _copy in range(1 + (self.rng.random() < link.twice)):
                    if self.rng.random() >= link.loss:
                        self.at(
                            self.now + self.rng.randint(*link.delay), lambda node=node: node.receive(event)
                        )

    def ask_witness(self, sender: "SimNode", device: str, address: bytes) -> None:
        """Bring the answer of the witness on a link, if it is reached there and back."""
        link = self.links[device]
        reached = link.passes(sender.name, WITNESS) and link.passes(WITNESS, sender.name)
        if sender.has_link(device) and reached and self.rng.random() >= 2 * link.loss:
            event = WitnessHeard(device, address)
            self.at(self.now + 2 * self.rng.randint(*link.delay), lambda: sender.hear_answer(event))

    def greet(self, sender: "SimNode", event: RouterHeard) -> None:
        """Take a greeting to whoever is on the link."""
        link = self.links[event.device]
        for node in self.nodes:
            passes = node is not sender and link.passes(sender.name, node.name)
            if sender.has_link(event.device) and passes and self.rng.random() >= link.loss:
                delay = self.rng.randint(*link.delay)
                self.at(self.now + delay, lambda node=node: node.hear_answer(event))

    def announce(self, sender: "SimNode", device: str, addresses: tuple[bytes, ...]) -> None:
        """Tell the hosts of a link where addresses are."""
        link = self.links[device]
        if sender.has_link(device) and link.passes(sender.name, None) and self.rng.random() >= link.loss:
            for address in addresses:
                link.believed[address] = sender.name
        else:
            self.last_lost_announcement = self.now

    def note_yield(self, group: str) -> None:
        """Remember that an Active has given way, and whether the other can have heard so."""
        if self._is_good():
            self.last_yield[group] = self.now
        else:
            self.last_lost_announcement = self.now

    def _is_good(self) -> bool:
        return all(link.is_good() for link in self.links.values())

    def note_departure(self) -> None:
        """Remember that an Active is gone, if another one may not have heard that there was one."""
        if not self._is_good():
            self.last_lost_announcement = self.now

    # Addresses

    def holders(self, place: Place) -> list[str]:
        """Return the nodes that answer for an address on a link."""
        return [node.name for node in self.nodes if place in node.held and node.has_link(place[0])]

    def recount(self) -> None:
        """Notice which places are held by nobody now."""
        for place in {place for node in self.nodes for place in node.places()}:
            bare = not self.holders(place)
            if bare and place not in self._bare_since:
                self._bare_since[place] = self.now
            elif not bare and place in self._bare_since:
                gap = self.now - self._bare_since.pop(place)
                self._longest_bare[place] = max(gap, self._longest_bare.get(place, 0))

    def longest_bare(self, place: Place) -> int:
        """Return for how long at most nobody held a place since forget_bare()."""
        now = self.now - self._bare_since[place] if place in self._bare_since else 0
        return max(now, self._longest_bare.get(place, 0))

    def forget_bare(self) -> None:
        """Count anew from here."""
        self._longest_bare.clear()
        for place in self._bare_since:
            self._bare_since[place] = self.now
