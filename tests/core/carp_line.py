# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers that speak CARP on a wire, and one that says what a test wants."""

from haven.core.carp.carp_spec import CarpSpec
from haven.core.carp.packet import CarpAdvert, Digests, encode
from haven.core.clock import SECOND
from tests.core.wire import Wire, group, octets_of

PASSWORD = b"secretpw"
ADDRESSES = (octets_of("10.0.0.100"),)
PEER = octets_of("10.0.0.9")
# A router that has counted for long.
FAR = 1 << 60


def carp(advskew=100, name="lan", **changes):
    """Return the specification of a virtual router of CARP."""
    fields = {
        "device": name,
        "vrid": {"lan": 42, "wan": 43}.get(name, 44),
        "family": 4,
        "version": 2,
        "priority": 100,
        "advert_interval_us": SECOND,
        "addresses": ADDRESSES,
        "auth": PASSWORD,
        "advskew": advskew,
    }
    fields.update(changes)
    return CarpSpec(name, **fields)


def two(a, b, **changes):
    """Return a wire with two nodes of these advskews."""
    wire = Wire()
    first = wire.node("a", group(carp(a), **changes))
    return wire, first, wire.node("b", group(carp(b), **changes))


def message(advskew, counter, advbase=1, demote=0, password=PASSWORD, addresses=ADDRESSES, vhid=42):
    """Return the octets of an advertisement."""
    digest = Digests(password, vhid, addresses).of(counter)
    return encode(CarpAdvert(vhid, advbase, advskew, demote, counter, digest))


class Other:
    """Another implementation: it counts from somewhere, and says what it is told to."""

    def __init__(self, node, source=PEER, counter=FAR):
        self.node, self.source, self.counter = node, source, counter

    def say(self, advskew, **facts):
        """Let the node hear an advertisement; return it."""
        self.counter += 1
        said = message(advskew, self.counter, **facts)
        self.node.hear(said, self.source)
        return said
