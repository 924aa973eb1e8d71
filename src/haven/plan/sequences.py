# SPDX-License-Identifier: GPL-2.0-or-later
"""What each group will do, and in which order: asked of the engine that does it.

The engine of a plan is played through a takeover and through each way of ceasing to be Active; what it wants
done, in its order, is the sequence.
"""

import struct
from collections.abc import Iterator
from typing import Any

from haven.contract.plan import Plan
from haven.contract.steps import step_text
from haven.core.effects import Announce, Release, Send, TakeOver
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, AdvertHeard, LinkChanged, Startup, Switchover
from haven.core.spec import BY_ARP, CARP, GroupSpec, RouterSpec
from haven.core.value import Value
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import (
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    PASSWORD_LENGTH,
    RESIGNATION,
    TTL,
)
from haven.inet import text_of
from haven.plan import carp

Item = dict[str, Any]

# How the addresses of the play begin: any will do that the group does not have; the peer's are the higher.
OWN = {4: bytes((10, 0)), 6: bytes((0xFE, 0x80)) + bytes(12)}
PEER = {4: bytes((223, 255)), 6: bytes((0xFE, 0xBF)) + bytes(12)}

_STAGE = {TakeOver: "takeover", Release: "release"}


def with_sequences(document: dict[str, Any]) -> dict[str, Any]:
    """Return a plan's document in which every group has its sequences, for those who look at it."""
    plan = Plan(document)
    described = [
        {**each, "sequences": sequences(group, _advert_sources(plan, group))}
        for each, group in zip(document["groups"], plan.groups, strict=True)
    ]
    return {**document, "groups": described}


def _advert_sources(plan: Plan, group: GroupSpec) -> list[str]:
    found = [plan.routers[router.name].advertises for router in group.routers]
    return [text_of(each.source) for each in found if each is not None]


def sequences(group: GroupSpec, adverts: list[str]) -> dict[str, list[Item]]:
    """Return what a group does on taking over, and on each way of leaving.

    `adverts` are the addresses that router advertisements come from, which is no concern of the engine's.
    """
    plays = {"handover": _hand_over, "yield": _yield, "fault": _fail}
    found = {"takeover": _items(group, _Play(group).take_over())}
    if adverts:
        found["takeover"].append(_item("router-advert", addresses=adverts))
    for name, act in plays.items():
        play = _Play(group)
        play.take_over()
        found[name] = act(group, play)
    return found


class _Play:
    """An engine with one group on a machine where all is well; time is what the play makes it."""

    def __init__(self, group: GroupSpec) -> None:
        self.now = self._words = 0
        self.engine = Engine()
        for router in group.routers:
            # The peer of the play has no key.
            router.authentication = None
        self.engine.load((group,), 0)
        self._group = group

    def handle(self, event: Value) -> list[Value]:
        """Return what the engine wants for an event."""
        return list(self.engine.handle(event, self.now))

    def take_over(self) -> list[Value]:
        """Return what it does when nobody is heard."""
        for device in sorted({router.device for router in self._group.routers}):
            self.handle(LinkChanged(device, True))
        for router in self._group.routers:
            for device, _weight in router.tracks:
                self.handle(LinkChanged(device, True))
        for (device, family), sources in self._sources().items():
            self.handle(AddressesChanged(device, family, tuple(sources)))
        done = self.handle(Startup())
        while not any(type(effect) is TakeOver for effect in done):
            self.now = self.engine.next_deadline()
            done = list(self.engine.tick(self.now))
        return done

    def _sources(self) -> dict[tuple[str, int], list[bytes]]:
        found: dict[tuple[str, int], list[bytes]] = {}
        for router in self._group.routers:
            source = router.source or self._spare(OWN[router.family])
            found.setdefault((router.device, router.family), []).append(source)
        return found

    def _spare(self, head: bytes) -> bytes:
        """Return an address that begins like this and is not in the configuration of the group."""
        taken = {address for router in self._group.routers for address in (*router.addresses, router.source)}
        return next(
            each for each in (head + struct.pack("!H", n) for n in range(1, 65536)) if each not in taken
        )

    def hear(self, priority: int) -> list[Value]:
        """Return what it does on the ADVERTISEMENT of another Active."""
        router = next(iter(self.engine.groups.values())).members[0].spec
        source = max(router.unicast_peers) if router.unicast_peers else self._spare(PEER[router.family])
        destination = router.destinations()[0]
        self._words += 1
        if router.protocol == CARP:
            message = carp.word(router, priority, self._words)
        else:
            message = encode(_advert(router, priority), source, destination)
        heard = AdvertHeard(router.device, router.family, source, destination, TTL, message)
        return self.handle(heard)


def _advert(router: RouterSpec, priority: int) -> Advert:
    auth = router.auth[:PASSWORD_LENGTH] if router.auth is not None else None
    return Advert(
        router.version,
        router.vrid,
        priority,
        router.advert_interval_us,
        router.addresses,
        auth,
        router.checksum,
    )


def _hand_over(group: GroupSpec, play: _Play) -> list[Item]:
    """Stop, switchover, maintenance: the addresses stay until another router is Active."""
    begun = _items(group, play.handle(Switchover()))
    wait_us = next(iter(play.engine.groups.values())).succession.until - play.now
    # The first word of another may be its last as one that yields: it is asked, and an Active answers.
    asked, answered = play.hear(LOWEST_PRIORITY), play.hear(LOWEST_PRIORITY)
    return [*begun, _item("await-active", wait_us=wait_us), *_items(group, [*asked, *answered])]


def _yield(group: GroupSpec, play: _Play) -> list[Item]:
    """A router that ranks higher is Active."""
    return _items(group, play.hear(HIGHEST_PRIORITY))


def _fail(group: GroupSpec, play: _Play) -> list[Item]:
    """A link or a tracked device goes down."""
    return _items(group, play.handle(LinkChanged(group.routers[0].device, False)))


def _items(group: GroupSpec, done: list[Value]) -> list[Item]:
    """Return effects as items, those of one kind that follow each other as one."""
    found: list[Item] = []
    for code, facts in _described(group, done):
        last = found[-1] if found else None
        if last is not None and last["code"] == code:
            for key in facts:
                last["facts"][key] += facts[key]
            last["say"] = step_text(code, last["facts"])
        else:
            found.append(_item(code, **facts))
    return found


def _described(group: GroupSpec, done: list[Value]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    specs = {router.name: router for router in group.routers}
    for effect in done:
        if type(effect) is Send:
            code = _word(specs[effect.router], effect.packets[0][1])
            yield code, {"virtual_routers": [effect.router]}
        elif isinstance(effect, (TakeOver, Release)):
            yield _STAGE[type(effect)], {"virtual_routers": list(effect.routers)}
        elif type(effect) is Announce:
            spec = specs[effect.router]
            code = "announce6" if spec.family == 6 else "announce"
            if spec.announce == BY_ARP:
                yield code, {"addresses": [text_of(address) for address in spec.addresses]}


def _word(router: RouterSpec, message: bytes) -> str:
    if router.protocol == CARP:
        return "resign-carp" if carp.resigns(message) else "advertise"
    # The octet after the VRID (RFC 9568 5.2).
    return "resign" if message[2] == RESIGNATION else "advertise"


def _item(code: str, **facts: Any) -> Item:
    return {"code": code, "facts": facts, "say": step_text(code, facts)}
