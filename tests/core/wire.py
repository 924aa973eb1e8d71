# SPDX-License-Identifier: GPL-2.0-or-later
"""Several engines on links that can delay, drop and be cut; time is a number that the test moves."""

import heapq
import socket

from haven.core.clock import SECOND
from haven.core.effects import Announce, Reapply, Release, Renamed, Send, TakeOver, Transition
from haven.core.engine import AT_ONCE, Engine
from haven.core.events import (
    AddressesChanged,
    AdvertHeard,
    LinkChanged,
    OtherPath,
    SendResults,
    Shutdown,
    Startup,
)
from haven.core.mute import is_in_doubt
from haven.core.spec import GroupSpec, RouterSpec
from haven.core.vrrp import states

DELAY = 100


def octets_of(text):
    """Return the octets of an address of either family."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def link_local(number):
    """Return the octets of fe80::NUMBER."""
    return bytes((0xFE, 0x80)) + bytes(13) + bytes((number,))


def router(name="lan", **changes):
    """Return the specification of a virtual router; only what a test is about has to be said."""
    fields = {
        "device": name,
        "vrid": {"lan": 51, "wan": 52}.get(name, 53),
        "family": 4,
        "version": 3,
        "priority": 100,
        "advert_interval_us": SECOND,
    }
    fields.update(changes)
    if "addresses" not in fields:
        virtual = link_local(99) if fields["family"] == 6 else octets_of("192.168.%d.1" % fields["vrid"])
        fields["addresses"] = (virtual,)
    return RouterSpec(name, **fields)


def group(*routers, **changes):
    """Return the specification of a group, of one virtual router 'lan' when none is given."""
    return GroupSpec(changes.pop("name", "gateway"), routers or (router(),), **changes)


def pair(priority=100, **changes):
    """Return the specification of a group of a LAN and a WAN side."""
    return group(router("lan", priority=priority), router("wan", priority=priority), **changes)


def open_other_path(nodes, on=True):
    """Tell nodes that there is another path between them, and forget what they did until now."""
    for node in nodes:
        node.handle(OtherPath(on))
        node.forget()


def gaps(times):
    """Return the distances between points in time."""
    return [times[at + 1] - times[at] for at in range(len(times) - 1)]


class Node:
    """One engine with the machine around it; it checks each effect against what it holds."""

    def __init__(self, wire, name, number, specs):
        self.wire = wire
        self.name = name
        self.number = number
        self.specs = specs
        self.engine = Engine()
        self.held = []
        self.effects = []
        # Of what went to links that take nothing, or did not lately: whose it was, and whether it was taken.
        self.results = []
        self.powered = False
        self.told_to_stop = False
        self.asleep_until = 0
        self.down = []
        # The devices whose links take no packets, although they have a carrier.
        self.mute = []
        self.addresses = {}
        self.known = {}

    # What a test does to it

    def start(self, adopt=(), patience_us=0):
        """Power on: learn the machine, take the configuration, start."""
        self.powered = True
        self.told_to_stop = False
        self.engine = Engine()
        self.held = []
        self.load(*self.specs)
        return self.handle(Startup(adopt, patience_us))

    def power_off(self):
        """Die without a word."""
        self.powered = False
        self.held = []

    def sleep(self, duration):
        """Let the process stand still, as on a machine without time for it."""
        self.asleep_until = self.wire.now + duration

    def set_link(self, device, up):
        """Plug or pull the cable between this node and a link."""
        self.down = [each for each in self.down if each != device]
        if not up:
            self.down.append(device)
        return self.handle(LinkChanged(device, up))

    def load(self, *specs):
        """Take another configuration while running."""
        self.specs = specs
        self._describe_machine()
        known = {each.name: each for group_spec in specs for each in group_spec.routers}
        effects = self.engine.load(specs, self.wire.now)
        # What is sent while loading is the farewell of virtual routers as they were.
        for name in known:
            self.known.setdefault(name, known[name])
        self._perform(effects)
        self.known = known
        return effects

    def stop(self):
        """Be told to stop."""
        self.told_to_stop = True
        return self.handle(Shutdown())

    def handle(self, event):
        """Give the engine an event now."""
        return self._perform(self.engine.handle(event, self.wire.now))

    def hear(self, message, source, name="lan", destination=None, ttl=255):
        """Let a packet arrive at a virtual router now."""
        spec = self.engine.routers[name].spec
        destination = destination or spec.destinations()[0]
        event = AdvertHeard(spec.device, spec.family, source, destination, ttl, message)
        return self.handle(event)

    # What a test asks of it

    def state(self, name="gateway"):
        """Return the state of a group."""
        return self.engine.groups[name].state

    def member(self, name="lan"):
        """Return a virtual router of the engine."""
        return self.engine.routers[name]

    def address(self, device, family=4):
        """Return the address of this node on a link."""
        return self.addresses.get((device, family), (self._default_address(device, family),))[0]

    def transitions(self):
        """Return (time, state, reason) of every change of state."""
        return [
            (at, effect.after, effect.reason) for at, effect in self.effects if type(effect) is Transition
        ]

    def sent(self, priority=None):
        """Return (time, virtual router, priority) of every ADVERTISEMENT sent."""
        found = []
        for at, effect in self.effects:
            if type(effect) is Send:
                value = effect.packets[0][1][2]
                if priority is None or value == priority:
                    found.append((at, effect.router, value))
        return found

    def said(self, kind):
        """Return (time, effect) of every effect of a kind."""
        return [(at, effect) for at, effect in self.effects if type(effect) is kind]

    def forget(self):
        """Forget the effects so far."""
        self.effects = []

    # What the wire does to it

    def is_awake(self):
        """Tell whether the process runs now."""
        return self.powered and self.wire.now >= self.asleep_until

    def next_time(self):
        """Return when this node next does something by itself."""
        return max(self.engine.next_deadline(), self.asleep_until)

    def tick(self):
        """Let time do its work; afterwards nothing may be overdue."""
        self._perform(self.engine.tick(self.wire.now))
        for _ in range(len(self.engine.groups) // AT_ONCE):
            # Of many the rest, as by the next turns of the host.
            self._perform(self.engine.tick(self.wire.now))
        assert self.engine.next_deadline() > self.wire.now, self.name

    def _describe_machine(self):
        for group_spec in self.specs:
            for spec in group_spec.routers:
                key = (spec.device, spec.family)
                present = self.addresses.get(key, (self._default_address(spec.device, spec.family),))
                self.handle(LinkChanged(spec.device, spec.device not in self.down))
                for device, _weight in spec.tracks:
                    self.handle(LinkChanged(device, device not in self.down))
                self.handle(AddressesChanged(spec.device, spec.family, present))

    def _default_address(self, device, family):
        if family == 6:
            return link_local(self.number)
        return bytes((10, {"lan": 0, "wan": 1}.get(device, 2), 0, self.number))

    def _perform(self, effects):
        for effect in effects:
            self.effects.append((self.wire.now, effect))
            self._check(effect)
            if type(effect) is Send:
                self._send(effect)
        self._check_groups()
        return effects

    def _send(self, effect):
        spec = self.known[effect.router]
        taken, member = spec.device not in self.mute, self.engine.routers.get(effect.router)
        if taken:
            self.wire.carry(self, spec, effect)
        if member is not None and (not taken or is_in_doubt(member)):
            self.results.append((effect.router, taken))

    def tell_results(self):
        """Let the engine know what its links took, as the host does in the next turn of its loop."""
        results, self.results = tuple(self.results), []
        if results:
            self.handle(SendResults(results))

    def probe(self):
        """Try the links that took nothing lately, as the host does each second while nobody speaks."""
        for each in self.engine.groups.values():
            for member in each.members if each.state != states.ACTIVE else ():
                if is_in_doubt(member):
                    self.results.append((member.spec.name, member.spec.device not in self.mute))

    def _check(self, effect):
        kind = type(effect)
        if kind is TakeOver:
            for name in effect.routers:
                assert name not in self.held, "%s takes %s twice" % (self.name, name)
                self.held.append(name)
        elif kind is Release:
            for name in effect.routers:
                assert name in self.held, "%s releases %s, which it does not hold" % (self.name, name)
                self.held.remove(name)
        elif kind is Renamed:
            self.held = [effect.routers.get(name, name) for name in self.held]
        elif kind is Announce or kind is Reapply:
            assert effect.router in self.held, "%r without the address" % effect

    def _check_groups(self):
        for each in self.engine.groups.values():
            names = [member.spec.name for member in each.members]
            held = [name for name in names if name in self.held]
            wanted = names if each.state == states.ACTIVE else []
            assert held == wanted, "%s: %s holds %r of %r" % (self.name, each.state, held, names)


class Wire:
    """The links between the nodes, one for each device name, and the clock."""

    def __init__(self):
        self.now = 1000 * SECOND
        self.nodes = []
        self.delays = {}
        self.loses = None
        self._cuts = []
        self._queue = []
        self._count = 0

    def node(self, name, *specs, **addresses):
        """Add a node, powered off; addresses as lan="10.0.0.7" if the usual ones will not do."""
        new = Node(self, name, len(self.nodes) + 1, specs)
        for device in addresses:
            new.addresses[(device, 4)] = (octets_of(addresses[device]),)
        self.nodes.append(new)
        return new

    def start(self):
        """Power every node on and wait until the election is over."""
        for node in self.nodes:
            node.start()
        self.run(10 * SECOND)

    def cut(self, device, sender=None, receiver=None):
        """Carry nothing more on a link, or only nothing from one node, or to one node."""
        self._cuts.append((device, sender, receiver))

    def heal(self):
        """Carry everything again."""
        self._cuts = []

    def carry(self, sender, spec, effect):
        """Take the packets that a node sends to whoever is on its link."""
        device, family = spec.device, spec.family
        for destination, message in effect.messages():
            for node in self.nodes:
                if self._reaches(sender, node, device, family, destination, message):
                    event = AdvertHeard(device, family, effect.source, destination, 255, message)
                    self._count += 1
                    at = self.now + self.delays.get(device, DELAY)
                    heapq.heappush(self._queue, (at, self._count, node, event))

    def run(self, duration):
        """Let time pass."""
        end = self.now + duration
        while True:
            at = self._next_time()
            if at > end:
                break
            self.now = max(self.now, at)
            self._step()
        self.now = end

    def run_until(self, holds, budget=30 * SECOND):
        """Let time pass until a condition holds; return how long that took."""
        begin = self.now
        while not holds():
            at = self._next_time()
            assert at <= begin + budget, "it did not come about"
            self.now = max(self.now, at)
            self._step()
        return self.now - begin

    def active(self, name="gateway"):
        """Return the names of the nodes where a group is Active."""
        return [node.name for node in self.nodes if node.powered and node.state(name) == states.ACTIVE]

    def _reaches(self, sender, node, device, family, destination, message):
        if node is sender or not node.powered or device in sender.down or device in node.down:
            return False
        multicast = destination[0] in (224, 0xFF)
        if not multicast and destination != node.address(device, family):
            return False
        for cut_device, cut_sender, cut_receiver in self._cuts:
            if cut_device == device and cut_sender in (None, sender) and cut_receiver in (None, node):
                return False
        return self.loses is None or not self.loses(sender, node, device, message)

    def _next_time(self):
        times = [node.next_time() for node in self.nodes if node.powered]
        times.extend(max(at, node.asleep_until) for at, _count, node, _event in self._queue)
        return min(times) if times else 1 << 62

    def _step(self):
        # A process that wakes up reads its sockets before it looks at its timers.
        later = []
        while self._queue and self._queue[0][0] <= self.now:
            entry = heapq.heappop(self._queue)
            node = entry[2]
            if node.is_awake():
                node.handle(entry[3])
            elif node.powered:
                later.append(entry)
        for entry in later:
            heapq.heappush(self._queue, entry)
        for node in self.nodes:
            if node.is_awake() and self.now >= node.engine.next_deadline():
                node.tick()
        for node in self.nodes:
            if node.is_awake():
                node.tell_results()
