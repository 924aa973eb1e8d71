# SPDX-License-Identifier: GPL-2.0-or-later
"""All groups of a node: events in, effects out.

effects = engine.handle(AdvertHeard("lan", ...), now=1200)
wait = max(0, engine.next_deadline() - now)
"""

from haven.core.authentication import Authentication
from haven.core.clock import MILLISECOND, NEVER
from haven.core.doubt import is_word_needed, take_word
from haven.core.effects import Reapply, Release, Renamed, TakeOver
from haven.core.events import (
    AddressesChanged,
    AdvertHeard,
    AnnounceAgain,
    CheckChanged,
    Flooded,
    InSync,
    KernelSilent,
    LinkChanged,
    Maintenance,
    OtherPath,
    Rehearsal,
    RouterHeard,
    SendResults,
    Shutdown,
    Startup,
    Switchover,
    Together,
    Vouched,
    WallClock,
    WitnessHeard,
)
from haven.core.group import Group
from haven.core.mute import note_results
from haven.core.protocols import virtual_router_for
from haven.core.reload import Reload
from haven.core.spec import GroupSpec, RouterSpec
from haven.core.strangers import Strangers
from haven.core.tracking import LinkStates
from haven.core.unread import doubt_link
from haven.core.value import Value
from haven.core.virtual_router import VirtualRouter
from haven.core.vrrp import states
from haven.core.vrrp.advert import PacketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.carp.counter import Counter
    from haven.core.effects import Effects

# So many virtual routers are looked at in less time than a call for nothing takes.
FEW = 4
# So many groups change their state in one go: then it is read first what other routers have taken meanwhile.
AT_ONCE = 64
# In the midst of an effect it is not looked more often what is due: a takeover of many has many parts.
PAUSE_US = 5 * MILLISECOND

NO_EFFECTS: "tuple[Value, ...]" = ()


class Engine:
    """The protocol side of one node; time is `now`, microseconds on a clock that only grows."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.routers: dict[str, VirtualRouter] = {}
        self._links = LinkStates()
        self._by_wire: dict[tuple[str, int, int], tuple[VirtualRouter, Group]] = {}
        self._by_device: dict[str, list[Group]] = {}
        self._virtual_addresses: dict[tuple[str, int], set[bytes]] = {}
        self._effects: Effects = []
        self._strangers = Strangers(self._effects)
        self._maintenance = False
        self._in_sync = False
        self._has_other_path = False
        self._authentication = Authentication()
        self._started = False
        self._next_deadline = NEVER
        self._advertise_at = 0
        # The counters of CARP, which outlive this process, by wire.
        self.carp_counters: dict[tuple[str, int, int], Counter] = {}
        self._in_order: list[Group] = []
        self._reload: Reload | None = None

    # What the host asks

    def next_deadline(self) -> int:
        """Return when to call tick() at the latest; a call too early does no harm.

        Of many virtual routers, a deadline that moved away is noticed only when its old time comes:
        postponing a timer, which is what almost every packet does, costs nothing that way.
        """
        return self._next_deadline

    def tick(self, now: int) -> "Effects | tuple[Value, ...]":
        """Do what time asks for; what is left of much of it is due at once, and next_deadline() says so."""
        if now < self._next_deadline:
            return NO_EFFECTS
        left = AT_ONCE
        for group in self._in_order:
            if group.has_lost_source(now):
                group.follow_links(self._links, self._virtual_addresses, now)
            before = group.state
            group.tick(now)
            left -= group.state != before
            if not left:
                break
        return self._flush()

    def handle(self, event: Value, now: int) -> "Effects | tuple[Value, ...]":
        """Do what an event asks for."""
        if type(event) is AdvertHeard:
            return self.hear(*event.packet(), now)
        if type(event) is Vouched:
            return self._hear_vouched(event, now)
        self._dispatch(event, now)
        return self._flush()

    def _hear_vouched(self, event: Vouched, now: int) -> "Effects | tuple[Value, ...]":
        """Take an ADVERTISEMENT as if its link had brought it, and remember that it did not."""
        found = self._by_wire.get((event.device, event.family, event.message[1]))
        if found is None or not found[1].can_be_vouched_for(event.mute):
            return NO_EFFECTS
        found[0].anomalies["vouched"] = (event.source, now)
        is_needed = is_word_needed(found[0], found[1].state)
        heard = self.hear(*event.packet(), now)
        if is_needed and found[1].state == states.BACKUP and found[0].heard_at == now:
            take_word(found[0], now)
        return heard

    def hear(
        self, device: str, family: int, source: bytes, destination: bytes, ttl: int, message: bytes, now: int
    ) -> "Effects | tuple[Value, ...]":
        """Do what a received packet asks for (the arguments are those of AdvertHeard)."""
        found = self._by_wire.get((device, family, message[1] if len(message) > 1 else 0))
        if found is None:
            # Other people's virtual routers on the same link are nothing to tell of.
            return NO_EFFECTS
        router, group = found
        packet = (message, source, destination, ttl)
        try:
            if router.auth is not None:
                router.check_way(packet)
                packet = router.auth.open(packet, now)
            if router.is_last_accepted(packet):
                router.hear_repeated(now)
                # A timer that was off may have to be looked at sooner than anything else.
                self._next_deadline = min(router.deadline, self._postponed())
                return NO_EFFECTS
            advert = router.check(packet)
        except PacketError as error:
            self._strangers.refuse(router, error, source, now)
            self._authentication.note_refusal(router, group.state, error.reason, now, self._effects)
            return self._flush(group)
        self._strangers.look(router, group.state, advert.priority, source, now)
        group.hear(router, advert, packet, now)
        return self._flush(group)

    def advertise(self, now: int) -> "Effects | tuple[Value, ...]":
        """Send the ADVERTISEMENTs that are due, and do nothing else.

        The host may ask for this between two parts of an effect that takes long: no state changes by it.
        """
        if now < max(self._next_deadline, self._advertise_at):
            return NO_EFFECTS
        self._advertise_at = now + PAUSE_US
        for group in self._in_order:
            for member in group.members if group.state == states.ACTIVE else ():
                if now >= member.deadline:
                    self._effects.append(member.advertise_again(now))
        return self._flush()

    def could_change_source(self, device: str, family: int, address: bytes) -> bool:
        """Tell whether AddressesChanged has to follow an address that has come, as the last, or gone."""
        return self._links.could_change_source(device, family, address)

    def verdict(self, check: str) -> "bool | None":
        """Return the last verdict of a check, None before the first."""
        return self._links.verdict(check)

    def is_stopped(self) -> bool:
        """Tell whether every group is in Initialize, as after a Shutdown."""
        return all(group.state == states.INITIALIZE for group in self.groups.values())

    # What happens

    def _dispatch(self, event: Value, now: int) -> None:
        if type(event) is LinkChanged:
            self._links.set_link(event.device, event.up)
            self._follow_device(event.device, now)
        elif type(event) is CheckChanged:
            self._links.set_check(event.check, event.up)
            self._follow_links(now)
        elif type(event) is AddressesChanged:
            self._links.set_addresses(event.device, event.family, event.addresses)
            self._follow_device(event.device, now)
        elif type(event) is Startup:
            self._startup(event, now)
        elif type(event) is Shutdown:
            self._started = False
            for group in self._ordered():
                group.shutdown(now)
        elif type(event) is Switchover:
            for group in self._ordered():
                if event.group in (None, group.spec.name) and group.state == states.ACTIVE:
                    group.switchover(now)
        elif type(event) is Rehearsal:
            # Rarely asked for; nobody has it in memory for nothing.
            from haven.core.rehearsal import rehearse_asked

            rehearse_asked(self._in_order, event, now)
        elif type(event) is Maintenance:
            self._maintenance = event.on
            for group in self._ordered():
                group.set_maintenance(event.on, now)
        elif type(event) is InSync:
            self._in_sync = event.on
            for group in self._ordered():
                group.set_in_sync(event.on, now)
        elif type(event) is Flooded:
            doubt_link(self._by_wire.values(), event, now)
        elif type(event) is OtherPath:
            self._has_other_path = event.on
            for group in self._ordered():
                group.has_other_path = event.on
        elif type(event) is WitnessHeard:
            for group in self._ordered():
                group.hear_witness(event.device, event.address, now)
        elif isinstance(event, KernelSilent):
            # By the time the host says so, the group may be gone.
            if event.group in self.groups:
                self.groups[event.group].hear_nothing_from(event, now)
        elif type(event) is RouterHeard:
            self._hear_router(event, now)
        elif type(event) is SendResults:
            for device in note_results(self.routers, event.results, now):
                self._follow_device(device, now)
        elif type(event) is Together:
            for each in event.events:
                self._dispatch(each, now)
        elif type(event) is AnnounceAgain:
            self._announce_again(event.router, now)
        elif type(event) is WallClock:
            self._authentication.set_wall(event.ahead_us, self.routers.values())
        else:
            raise TypeError("the engine knows no event %r" % event)

    def _hear_router(self, event: RouterHeard, now: int) -> None:
        found = self._by_wire.get((event.device, event.family, event.vrid))
        if found is not None and event.source != found[0].source:
            found[1].hear_router(found[0], event.source, now)

    def _startup(self, event: Startup, now: int) -> None:
        self._started = True
        self._follow_links(now)
        for group in self._ordered():
            group.startup(now, group.spec.name in event.adopt, event.patience_us)

    def _announce_again(self, name: str, now: int) -> None:
        # By the time the host says so, another may be Active, or the virtual router gone.
        router = self.routers.get(name)
        if router is not None and self._by_wire[router.spec.wire()][1].state == states.ACTIVE:
            router.allow_announcement_now()
            router.announce(now, self._effects)

    def _follow_links(self, now: int) -> None:
        for group in self._ordered():
            group.follow_links(self._links, self._virtual_addresses, now)

    def _follow_device(self, device: str, now: int) -> None:
        for group in self._by_device.get(device, ()):
            group.follow_links(self._links, self._virtual_addresses, now)

    def _ordered(self) -> "list[Group]":
        return [self.groups[name] for name in sorted(self.groups)]

    def _postponed(self) -> int:
        """Return when to call tick() after a timer has moved away: of many the old time, which costs less."""
        return self._soonest() if len(self.routers) <= FEW else self._next_deadline

    def _soonest(self) -> int:
        return min([NEVER] + [group.next_deadline() for group in self.groups.values()])

    def renew_deadline(self, group: "Group | None" = None) -> None:
        """Reckon anew when tick() has something to do: timers have moved, those of one group or of any."""
        soonest = self._soonest() if group is None else self._postponed()
        self._next_deadline = soonest if group is None else min(soonest, group.next_deadline())

    def _flush(self, group: "Group | None" = None) -> "Effects":
        self.renew_deadline(group)
        effects = self._effects[:]
        # Groups hold this very list.
        del self._effects[:]
        return effects

    # Configuration

    def retire(self, specs: "tuple[GroupSpec, ...]", now: int) -> "Effects":
        """Let go of every group and virtual router that is not among these, and say what is renamed."""
        reload = self._reload = Reload(self._ordered(), specs)
        for group in self._ordered():
            if not reload.goes_on(group):
                group.drop(now)
                del self.groups[group.spec.name]
                continue
            stay = [member for member in group.members if reload.stays(member)]
            gone = tuple([member.spec.name for member in group.members if member not in stay])
            # No priority 0: others would take it for the whole group's.
            if gone and group.state == states.ACTIVE:
                self._effects.append(Release(gone))
            group.set_members(stay)
        routers, groups = reload.names()
        if routers or groups:
            self._effects.append(Renamed(routers, groups))
        self._index()
        return self._flush()

    def load(self, specs: "tuple[GroupSpec, ...]", now: int) -> "Effects":
        """Run these groups from now on, and change nothing about those that stay as they are.

        What is not among them goes away first, as in retire().
        """
        gone: Effects = []
        if self._reload is None or self._reload.specs is not specs:
            gone = self.retire(specs, now)
        reload, self._reload = self._reload, None
        assert reload is not None
        self.groups = {spec.name: self._group_for(spec, reload, now) for spec in specs}
        for spec in specs:
            self._load_members(spec, reload, now)
        self._index()
        self._links.keep_checks([name for spec in specs for name, _weight in spec.checks])
        self._follow_links(now)
        if self._started:
            self._startup(Startup(), now)
        return gone + self._flush()

    def _group_for(self, spec: GroupSpec, reload: Reload, now: int) -> Group:
        group = reload.kept.get(spec.name)
        if group is None:
            group = Group(spec, self._effects)
            group.set_maintenance(self._maintenance, now)
            group.set_in_sync(self._in_sync, now)
            group.has_other_path = self._has_other_path
            donor = reload.donors[spec.name]
            if donor is not None:
                group.inherit(donor)
        return group

    def _load_members(self, spec: GroupSpec, reload: Reload, now: int) -> None:
        group = self.groups[spec.name]
        members = []
        for router in spec.routers:
            found = reload.members.get(router.wire())
            if found is not None and reload.stays(found[0]):
                member = found[0]
                self._change(group, member, router, now)
            else:
                member = self._add(group, router, now)
            member.last_accepted = None
            self._authentication.equip(member)
            members.append(member)
        group.set_spec(spec)
        group.set_members(members)
        group.recheck_silence(now)

    def _change(self, group: Group, router: VirtualRouter, spec: RouterSpec, now: int) -> None:
        if router.spec != spec or router.deadline == NEVER:
            router.set_spec(spec)
            if group.state == states.ACTIVE and group.handover is None:
                router.deadline = now
        if group.state == states.ACTIVE:
            # Routes and the like differ outside the core's sight, too: the host compares.
            self._effects.append(Reapply(spec.name))

    def _add(self, group: Group, spec: RouterSpec, now: int) -> VirtualRouter:
        router = virtual_router_for(spec, self.carp_counters)
        if group.state == states.ACTIVE:
            router.become_active(now)
            if group.handover is None:
                router.deadline = now
            self._effects.append(TakeOver((spec.name,)))
            router.announce(now, self._effects)
        elif group.state == states.BACKUP:
            router.perform(states.START_ACTIVE_DOWN_TIMER, now, self._effects)
        return router

    def _index(self) -> None:
        self.routers, self._by_wire, self._virtual_addresses, self._by_device = {}, {}, {}, {}
        self._in_order = self._ordered()
        for group in self._in_order:
            for device in sorted(group.spec.devices()):
                self._by_device.setdefault(device, []).append(group)
            for router in group.members:
                spec = router.spec
                self.routers[spec.name] = router
                self._by_wire[spec.wire()] = (router, group)
                self._virtual_addresses.setdefault((spec.device, spec.family), set()).update(spec.addresses)
