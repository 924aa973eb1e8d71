# SPDX-License-Identifier: GPL-2.0-or-later
"""One simulated router: the engine, the kernel's addresses, havend's notes, and a clock of its own."""

from haven.core import effects
from haven.core.doubt import oversleep
from haven.core.engine import Engine
from haven.core.events import (
    AddressesChanged,
    AdvertHeard,
    CheckChanged,
    InSync,
    LinkChanged,
    Maintenance,
    Rehearsal,
    RouterHeard,
    Shutdown,
    Startup,
    Switchover,
    WallClock,
    WitnessHeard,
)
from haven.core.spec import GroupSpec, RouterSpec
from haven.core.value import Value
from haven.core.vrrp import states
from haven.havend.witness_asker import pace
from tests.simulation.asking import Asking
from tests.simulation.refused import Refused
from tests.simulation.world import SECOND, TURN, Place, World

# How long an address outlives havend, and how many packets wait for a process that stands still.
LIFETIME = 8 * SECOND
RENEW = 2 * SECOND
BACKLOG = 64
# The check that groups may have, and how long its first verdict takes at the most.
PROVIDER = "provider"
VERDICT_AFTER = 3 * SECOND


class SimNode:
    """A router of a simulated network; `rate` is how fast its clock goes."""

    def __init__(self, world: World, name: str, number: int, rate: float) -> None:
        self.world, self.name, self.number = world, name, number
        self._offset, self._rate = world.rng.randrange(1 << 40), rate
        self.specs: tuple[GroupSpec, ...] = ()
        self.engine: Engine | None = None
        self.powered = self.stopping = False
        self.reaches = True
        self.maintenance = False
        self.held: set[Place] = set()
        self.down: set[str] = set()
        self.addresses: dict[tuple[str, int], bytes] = {}
        self.paused_until = 0
        self.transitions: list[tuple[int, effects.Transition]] = []
        self._waiting: list[AdvertHeard] = []
        self._refused = Refused(self)
        self.asking = Asking(self)
        self._note: dict[str, int] = {}
        self._life = 0
        # What was taken, by the names of now.
        self._applied: dict[str, RouterSpec] = {}
        self._wakes_at = -1
        self._begun = False
        # What its clock showed when the world began, where anybody asks.
        self.wall_us: int | None = None

    # What others ask

    @property
    def running(self) -> bool:
        """Tell whether havend runs."""
        return self.engine is not None

    def local(self) -> int:
        """Return the time of this node's own clock."""
        return self._offset + int(self.world.now * self._rate)

    def moment(self, local: int) -> int:
        """Return when this node's own clock shows a time."""
        return int((local - self._offset) / self._rate) + 1

    def has_link(self, device: str) -> bool:
        """Tell whether this node has power and a cable there."""
        return self.powered and device not in self.down

    def address(self, device: str, family: int) -> bytes:
        """Return this node's own address on a link."""
        return self.addresses[(device, family)]

    def places(self) -> set[Place]:
        """Return what this node may hold by its configuration."""
        return {
            (router.device, each)
            for spec in self.specs
            for router in spec.routers
            for each in router.addresses
        }

    def state(self, group: str) -> str:
        """Return the state of a group."""
        found = self.engine.groups.get(group) if self.engine else None
        return found.state if found else "none"

    # Operations of a user, and of fate

    def power_on(self, specs: "tuple[GroupSpec, ...] | None" = None) -> None:
        """Boot: nothing is left of before but the configuration."""
        self.powered = True
        self._note, self.maintenance = {}, False
        self.start(specs)

    def power_off(self) -> None:
        """Die with everything."""
        self.kill()
        self.powered = False
        self.held.clear()
        self.world.recount()

    def kill(self) -> None:
        """End havend at once; its addresses live on for a while."""
        self._leave()
        self.asking.end()
        self.engine = None
        self._waiting.clear()
        self._life += 1
        life, lifetime = self._life, self.world.rng.randint(LIFETIME - RENEW, LIFETIME)
        self.world.at(self.world.now + lifetime, lambda: self._expire(life))
        self.world.note(self.name, "killed")

    def _expire(self, life: int) -> None:
        if self._life == life and self.engine is None:
            self.held.clear()
            self.world.recount()

    def start(self, specs: "tuple[GroupSpec, ...] | None" = None) -> None:
        """Start havend, as havend/daemon.py does."""
        self.specs = specs if specs is not None else self.specs
        self.engine, self.stopping, self.paused_until = Engine(), False, 0
        self._begun = False
        self._applied.clear()
        self._life += 1
        self.world.note(self.name, "started")
        self.look_at_clock()
        self._describe()
        self._perform(self.engine.load(self.specs, self.local()))
        adopt = self._adoptable()
        kept = {
            (r.device, a)
            for spec in self.specs
            if spec.name in adopt
            for r in spec.routers
            for a in r.addresses
        }
        self.held &= kept
        self.world.recount()
        if self.maintenance:
            self.handle(Maintenance(True))
        self.handle(Startup(adopt))
        self._clean()
        self._begun = True
        self._check()
        # The agent takes a while to know.
        known_at = self.world.now + self.world.rng.randint(0, VERDICT_AFTER)
        self.world.at(known_at, lambda: self.handle(CheckChanged(PROVIDER, self.reaches)))
        self._look_around(self._life)
        self.asking.begin()

    def _look_around(self, life: int) -> None:
        """Ask and greet, as havend/witness_asker.py does."""
        if self.engine is None or self._life != life:
            return
        groups = [group for group in self.engine.groups.values() if group.isolation is not None]
        for group in groups if self.world.now >= self.paused_until else ():
            for device, address in group.spec.witnesses:
                self.world.ask_witness(self, device, address)
            for member in group.members:
                if member.source is not None:
                    spec = member.spec
                    event = RouterHeard(spec.device, spec.family, spec.vrid, member.source)
                    self.world.greet(self, event)
        if groups:
            wait = int(min([pace(group) for group in groups]) / self._rate)
            self.world.at(self.world.now + wait, lambda: self._look_around(life))

    def look_at_clock(self) -> None:
        """Let havend see how the clock is set, which others than the process may have done."""
        if self.engine is not None and self.wall_us is not None and self.world.now >= self.paused_until:
            self.handle(WallClock(self.wall_us + self.world.now - self.local()))

    def _clean(self) -> None:
        """Let go of what a group was to go on with that it cannot go on."""
        assert self.engine is not None
        for group in self.engine.groups.values():
            if group.state != states.ACTIVE:
                self.held -= {place for member in group.members for place in _places(member.spec)}
        self.world.recount()

    def _adoptable(self) -> tuple[str, ...]:
        return tuple(
            spec.name
            for spec in self.specs
            if spec.name in self._note
            and 0
            <= self.local() - self._note[spec.name]
            < 3 * min(r.advert_interval_us for r in spec.routers)
        )

    def stop(self) -> None:
        """Ask havend to end in good order."""
        self.stopping = True
        self.world.note(self.name, "told to stop")
        self.handle(Shutdown())

    def reload(self, specs: tuple[GroupSpec, ...]) -> None:
        """Give havend another configuration, as havend/daemon.py does."""
        assert self.engine is not None
        self.world.note(
            self.name, f"reloads: {[(s.name, [(r.name, r.vrid) for r in s.routers]) for s in specs]}"
        )
        self._perform(self.engine.retire(specs, self.local()))
        self.specs = specs
        self._describe()
        self._perform(self.engine.load(specs, self.local()))
        self._note_active()
        self.asking.look_anew()

    def switch_over(self) -> None:
        """Ask for a switchover of every group."""
        self.world.note(self.name, "switchover")
        self.handle(Switchover(None))

    def play_dead(self, limit: int) -> None:
        """Rehearse a power cut with every group."""
        self.world.note(self.name, f"plays dead, for {limit} us at the most")
        self.handle(Rehearsal(None, limit))

    def set_maintenance(self, on: bool) -> None:
        """Begin or end maintenance."""
        self.maintenance = on
        self.world.note(self.name, f"maintenance {'on' if on else 'off'}")
        self.handle(Maintenance(on))

    def set_reaches(self, on: bool) -> None:
        """Let the provider be reached from here, or not."""
        self.reaches = on
        self.world.note(self.name, f"{'reaches' if on else 'does not reach'} the provider")
        self.handle(CheckChanged(PROVIDER, on))

    def set_in_sync(self, on: bool) -> None:
        """Let the agent vouch for the connections, or not."""
        self.handle(InSync(on))

    def pause(self, duration: int) -> None:
        """Let the process stand still."""
        self.world.note(self.name, f"stands still for {duration / SECOND:.3f} s")
        self.paused_until = self.world.now + duration
        self.world.at(self.paused_until, self._wake)

    def set_link(self, device: str, up: bool) -> None:
        """Plug or pull a cable."""
        self.down = self.down - {device} if up else self.down | {device}
        self.world.note(self.name, f"{device} is {'plugged' if up else 'pulled'}")
        self.world.recount()
        self.handle(LinkChanged(device, up))
        if not up:
            self.asking.hurry(device)

    def set_address(self, device: str, family: int, address: bytes) -> None:
        """Give the node another address of its own."""
        self.addresses[(device, family)] = address
        self.world.note(self.name, f"has another address on {device}")
        self.handle(AddressesChanged(device, family, (address,)))

    # The process

    def receive(self, event: AdvertHeard) -> None:
        """Take a packet off the link."""
        if self.engine is None or not self.has_link(event.device):
            return
        if self.world.now < self.paused_until:
            self._waiting = (self._waiting + [event])[:BACKLOG]
            return
        self.handle(event)

    def hear_answer(self, event: RouterHeard | WitnessHeard) -> None:
        """Take what a witness answers or another router greets with."""
        if self.has_link(event.device):
            self.handle(event)

    def handle(self, event: Value) -> None:
        """Give the engine an event, now or when the process goes on."""
        if self.engine is None:
            return
        if self.world.now < self.paused_until and not isinstance(event, AdvertHeard):
            self.world.at(self.paused_until + TURN, lambda: self.handle(event))
            return
        self._perform(self.engine.handle(event, self.local()))

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self.engine is None or self.world.now < self.paused_until:
            return
        late_us = self.local() - self.engine.next_deadline()
        if late_us > 0:
            oversleep(self.engine.groups.values(), late_us, self.local())
        for event in waiting:
            self.handle(event)
        self._tick()

    def _tick(self) -> None:
        if self.engine is None or self.world.now < self.paused_until:
            return
        if self.local() >= self.engine.next_deadline():
            self._perform(self.engine.tick(self.local()))
        else:
            self._sleep()

    def _sleep(self) -> None:
        assert self.engine is not None
        deadline = self.engine.next_deadline()
        if deadline < 1 << 61:
            wakes_at = self.moment(deadline)
            if wakes_at != self._wakes_at or wakes_at <= self.world.now:
                self._wakes_at = wakes_at
                self.world.at(max(wakes_at, self.world.now + TURN), self._tick)

    def _describe(self) -> None:
        assert self.engine is not None
        for spec in self.specs:
            for router in spec.routers:
                devices = [router.device, *(device for device, _weight in router.tracks)]
                for device in devices:
                    self._perform(
                        self.engine.handle(LinkChanged(device, device not in self.down), self.local())
                    )
                own = (self.address(router.device, router.family),)
                event = AddressesChanged(router.device, router.family, own)
                self._perform(self.engine.handle(event, self.local()))

    # What the engine wants

    def _perform(self, wanted: "list[Value] | tuple[Value, ...]") -> None:
        for effect in wanted:
            self._carry_out(effect)
        if self.engine is None:
            return
        self._check()
        if self.stopping and self.engine.is_stopped():
            self._end()
        else:
            self._sleep()

    def _carry_out(self, effect: Value) -> None:
        kind = type(effect)
        if kind is effects.Send:
            self._send(effect)
        elif kind is effects.TakeOver:
            for name in effect.routers:
                self._take(name)
            self.world.recount()
        elif kind is effects.Release:
            for name in effect.routers:
                self.held -= _places(self._applied.pop(name))
            self.world.recount()
        elif kind is effects.Renamed:
            moved = {
                effect.routers[old]: self._applied.pop(old) for old in effect.routers if old in self._applied
            }
            self._applied.update(moved)
        elif kind is effects.Announce:
            spec = self._spec(effect.router)
            self.world.announce(self, spec.device, spec.addresses)
        elif kind is effects.Reapply:
            self._reapply(effect.router)
        elif kind is effects.Transition:
            self._note_transition(effect)
        elif kind in (effects.HandoverBegun, effects.HandoverEnded):
            self._note_active()

    def _spec(self, name: str) -> RouterSpec:
        assert self.engine is not None
        found = self.engine.routers.get(name)
        # The last word of a group that a reload drops.
        return self._applied[name] if found is None else found.spec

    def _take(self, name: str) -> None:
        self._applied[name] = self._spec(name)
        self.held |= _places(self._applied[name])

    def _send(self, effect: effects.Send) -> None:
        spec = self._spec(effect.router)
        assert self.engine is not None
        for name, group in self.engine.groups.items():
            if name in self._note and effect.router in [member.spec.name for member in group.members]:
                self._note[name] = self.local()
        for destination, message in effect.messages():
            event = AdvertHeard(spec.device, spec.family, effect.source, destination, 255, message)
            if self.has_link(spec.device):
                self.world.carry(self, spec.device, event)
        self._refused.note(effect.router, spec.device)

    def _reapply(self, name: str) -> None:
        before, now = _places(self._applied[name]), _places(self._spec(name))
        self.held -= before - now
        self._take(name)
        self.world.recount()
        if now - before:
            self.world.announce(self, self._spec(name).device, self._spec(name).addresses)

    def _note_transition(self, change: effects.Transition) -> None:
        self.transitions.append((self.world.now, change))
        self.world.note(self.name, f"{change.group}: {change.before} -> {change.after}: {change.reason}")
        assert self.engine is not None
        if change.reason in ("higher", "stalled"):
            self.world.note_yield(change.group)
        self._note_active()

    def _note_active(self) -> None:
        assert self.engine is not None
        groups = self.engine.groups.items()
        active = [name for name, group in groups if group.state == states.ACTIVE and group.handover is None]
        self._note = {name: self._note.get(name, self.local()) for name in active}

    def _check(self) -> None:
        """See that what is held is what the states of the groups say."""
        if self.engine is None or not self._begun:
            # What a havend that was killed held is looked at after the configuration.
            return
        wanted = set()
        for group in self.engine.groups.values():
            if group.state == states.ACTIVE:
                wanted |= {place for member in group.members for place in _places(member.spec)}
        assert self.held == wanted, f"{self.name} holds {self.held}, by its states {wanted}"

    def _leave(self) -> None:
        if self._note:
            self.world.note_departure()

    def _end(self) -> None:
        self._leave()
        self.asking.end()
        self.engine, self._note = None, {}
        self.held.clear()
        self.world.note(self.name, "ended")
        self.world.recount()


def _places(spec: RouterSpec) -> set[Place]:
    return {(spec.device, address) for address in spec.addresses}
