# SPDX-License-Identifier: GPL-2.0-or-later
"""Play a scenario: a configuration and events in, effects out, one JSON document a line.

    NN-name/config.json     "story" in words, and the groups and virtual routers as in the plan
    NN-name/events.jsonl    what happens; at_ms counts from the start of the scenario
    NN-name/effects.jsonl   what the engine wants for it

An event {"event": "timer"} lets time pass until the engine's next deadline that brings about something.
HAVEN_REGENERATE=1 in the environment writes effects.jsonl anew instead of comparing it.
"""

import json
import os
import socket

from haven.core import effects as wanted
from haven.core import events
from haven.core.carp.carp_spec import CarpSpec
from haven.core.clock import MILLISECOND
from haven.core.doubt import oversleep
from haven.core.engine import Engine
from haven.core.spec import GroupSpec, RouterSpec
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import PSEUDO_HEADER

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."


def octets_of(text):
    """Return the octets of an address."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def text_of(octets):
    """Return an address as a user writes it."""
    return socket.inet_ntop(socket.AF_INET6 if len(octets) == 16 else socket.AF_INET, octets)


def names():
    """Return the names of the scenarios, in order."""
    return sorted(name for name in os.listdir(HERE) if name[:2].isdigit())


def play(name):
    """Return what the engine wants in a scenario, as documents."""
    with open("%s/%s/config.json" % (HERE, name)) as file:
        config = json.load(file)
    player = Player(config)
    for event in _lines("%s/%s/events.jsonl" % (HERE, name)):
        player.happen(event)
    return player.seen


def check(name):
    """Compare a scenario with what was expected of it, or write that anew."""
    seen = play(name)
    path = "%s/%s/effects.jsonl" % (HERE, name)
    if os.getenv("HAVEN_REGENERATE"):
        with open(path, "w") as file:
            for document in seen:
                file.write(json.dumps(document) + "\n")
        return
    expected = _lines(path)
    for number, (one, other) in enumerate(zip(seen, expected)):  # noqa: B905 (not in MicroPython)
        assert one == other, "%s: effect %d is %r, expected %r" % (name, number + 1, one, other)
    assert len(seen) == len(expected), "%s: %d effects, expected %d" % (name, len(seen), len(expected))


def _lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def specs_of(config):
    """Return the groups of a configuration."""
    return tuple(
        GroupSpec(
            each["name"],
            tuple(router_of(row) for row in config["virtual_routers"] if row["group"] == each["name"]),
            preempt=each.get("preempt", False),
            preempt_delay_us=each.get("preempt_delay_us", 0),
        )
        for each in config["groups"]
    )


def router_of(row):
    """Return a virtual router of a configuration."""
    kind, settings = RouterSpec, {}
    if "advskew" in row:
        kind, settings = CarpSpec, {"advskew": row["advskew"]}
    return kind(
        row["name"],
        row["device"],
        row["family"],
        tuple(octets_of(each) for each in row["addresses"]),
        vrid=row["vrid"],
        version=row["version"],
        priority=row["priority"],
        advert_interval_us=row["interval_us"],
        checksum=row.get("checksum", PSEUDO_HEADER),
        auth=row["password"].encode() if "password" in row else None,
        unicast_peers=tuple(octets_of(each) for each in row.get("unicast_peers", ())),
        tracks=tuple((device, weight) for device, weight in row.get("tracks", ())),
        announce_refresh_us=row.get("announce_refresh_us", 0),
        **settings,
    )


class Player:
    """One engine that is told what happens; `seen` is what it wanted."""

    def __init__(self, config):
        self.engine = Engine()
        self.now = 0
        self.seen = []
        self._config = config

    def happen(self, event):
        """Let one event of a scenario happen."""
        if "at_ms" in event:
            self._wait(event["at_ms"] * MILLISECOND)
        getattr(self, "_on_" + event["event"])(event)

    def _wait(self, until):
        while self.engine.next_deadline() <= until:
            self.now = max(self.now, self.engine.next_deadline())
            self._write(self.engine.tick(self.now))
        self.now = until

    def _handle(self, event):
        self._write(self.engine.handle(event, self.now))

    def _on_wait(self, event):
        pass

    def _on_timer(self, event):
        before = len(self.seen)
        while len(self.seen) == before:
            self._wait(self.engine.next_deadline())

    def _on_link(self, event):
        self._handle(events.LinkChanged(event["device"], event["up"]))

    def _on_addresses(self, event):
        addresses = tuple(octets_of(each) for each in event["addresses"])
        self._handle(events.AddressesChanged(event["device"], event["family"], addresses))

    def _on_startup(self, event):
        self._on_load(self._config)
        self._handle(events.Startup(tuple(event.get("adopt", ()))))

    def _on_shutdown(self, event):
        self._handle(events.Shutdown())

    def _on_switchover(self, event):
        self._handle(events.Switchover(event.get("group")))

    def _on_maintenance(self, event):
        self._handle(events.Maintenance(event["on"]))

    def _on_load(self, event):
        self._write(self.engine.load(specs_of(event), self.now))

    def _on_late(self, event):
        # The process does not run meanwhile: no timer is looked at.
        self.now += event["ms"] * MILLISECOND
        oversleep(self.engine.groups.values(), event["ms"] * MILLISECOND, self.now)

    def _on_sent(self, event):
        self._handle(events.SendResults(((event["virtual_router"], event["taken"]),)))

    def _on_packet(self, event):
        source, destination = octets_of(event["source"]), octets_of(event["destination"])
        message = bytes.fromhex(event["octets"])
        family = 6 if len(source) == 16 else 4
        ttl = event.get("ttl", 255)
        self._handle(events.AdvertHeard(event["device"], family, source, destination, ttl, message))

    def _on_advert(self, event):
        # What is not said is as the virtual router itself would say it.
        spec = self.engine.routers[event["virtual_router"]].spec
        source, destination = octets_of(event["source"]), spec.destinations()[0]
        addresses = tuple(octets_of(each) for each in event.get("addresses", ())) or spec.addresses
        advert = Advert(
            event.get("version", spec.version),
            event.get("vrid", spec.vrid),
            event["priority"],
            event.get("interval_us", spec.advert_interval_us),
            addresses,
            event["password"].encode() if "password" in event else spec.auth,
        )
        message = encode(advert, source, destination)
        ttl = event.get("ttl", 255)
        self._handle(events.AdvertHeard(spec.device, spec.family, source, destination, ttl, message))

    def _write(self, effects):
        for effect in effects:
            self.seen.append(document_of(effect, self.now))


def document_of(effect, now):
    """Return an effect as it stands in effects.jsonl."""
    document = {"at_ms": now / MILLISECOND, "effect": type(effect).__name__}
    if now % MILLISECOND == 0:
        document["at_ms"] = now // MILLISECOND
    document.update(_fields(effect))
    return document


def _fields(effect):
    kind = type(effect)
    if kind is wanted.Send:
        return {
            "virtual_router": effect.router,
            "priority": effect.packets[0][1][2],
            "source": text_of(effect.source),
            "packets": [[text_of(to), message.hex()] for to, message in effect.packets],
        }
    if kind is wanted.Transition:
        found = {"group": effect.group, "from": effect.before, "to": effect.after, "reason": effect.reason}
        if effect.router is not None:
            found["virtual_router"] = effect.router
        if effect.peer is not None:
            found["peer"] = text_of(effect.peer)
            found["peer_priority"] = effect.peer_priority
        if effect.silence is not None:
            found["silence_us"] = effect.silence
        return found
    if kind in (wanted.TakeOver, wanted.Release):
        return {"virtual_routers": list(effect.routers)}
    if kind in (wanted.Announce, wanted.Reapply):
        return {"virtual_router": effect.router}
    if kind is wanted.HandoverBegun:
        return {"group": effect.group}
    if kind is wanted.HandoverEnded:
        return {"group": effect.group, "done": effect.done}
    if kind is wanted.FaultsChanged:
        return {"group": effect.group, "faults": [list(each) for each in effect.faults]}
    if kind is wanted.PriorityChanged:
        return {"group": effect.group, "penalty": effect.penalty, "maintenance": effect.maintenance}
    return {
        "virtual_router": effect.router,
        "reason": effect.reason,
        "source": text_of(effect.source),
        "more": effect.suppressed,
    }
