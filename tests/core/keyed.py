# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers with keys, each with a clock of its own."""

from haven.core.auth.auth_spec import ENFORCE, TIME, AuthSpec
from haven.core.clock import SECOND
from haven.core.events import WallClock
from tests.core.wire import Wire, group, router

# 00 01 02 ... 1f: the key of the draft's appendix.
KEY = bytes(range(32))
OTHER_KEY = bytes(range(100, 132))
# 2026-11-22, and when a router without a battery begins.
TODAY = 1795305600 * SECOND
IN_1970 = 0


def keys(mode=ENFORCE, replay=TIME, window_us=5 * SECOND, pairs=((1, KEY),)):
    """Return what a virtual router is told of its keys."""
    return AuthSpec(tuple(pairs), mode, replay, window_us)


def keyed_router(authentication=None, **changes):
    """Return the specification of a virtual router with keys, the usual ones if none are said."""
    spec = router(**changes)
    spec.authentication = authentication or keys()
    return spec


def set_clock(node, unix_us):
    """Set the machine's clock of a node."""
    node.handle(WallClock(unix_us - node.wire.now))


def keyed_pair(clocks=(TODAY, TODAY), specs=(None, None), priorities=(100, 90), **changes):
    """Return a wire with two nodes that have keys, not started, and how to start one with its clock."""
    wire = Wire()
    for at in range(2):
        wire.node("ab"[at], group(keyed_router(specs[at], priority=priorities[at], **changes)))
    return wire, [starter(wire.nodes[at], clocks[at]) for at in range(2)]


def starter(node, clock):
    """Return what starts a node whose clock shows a time at the wire's begin."""
    begin = node.wire.now

    def start():
        node.start()
        set_clock(node, clock + node.wire.now - begin)

    return start
