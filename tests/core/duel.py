# SPDX-License-Identifier: GPL-2.0-or-later
"""Two nodes with one virtual router each, and a third that speaks when the test says so."""

from haven.core.clock import SECOND
from haven.core.vrrp.advert import Advert, encode
from tests.core.wire import Wire, group, octets_of, router

PEER = octets_of("10.0.0.9")


def two(a, b, **changes):
    """Return a wire with two nodes that run one virtual router, with these priorities."""
    wire = Wire()
    return (
        wire,
        wire.node("a", group(router(priority=a), **changes)),
        wire.node("b", group(router(priority=b), **changes)),
    )


def say(node, priority, source=PEER, advert_interval_us=None):
    """Let a node hear another router."""
    spec = node.member().spec
    message = encode(
        Advert(
            spec.version,
            spec.vrid,
            priority,
            advert_interval_us or spec.advert_interval_us,
            spec.addresses,
            spec.auth,
        ),
        source,
        spec.destinations()[0],
    )
    return node.hear(message, source)


def down_interval(version, priority, advert_interval_us):
    """Return Active_Down_Interval in the RFCs' own words."""
    if version == 2:
        return 3 * advert_interval_us + (256 - priority) * SECOND // 256
    return 3 * advert_interval_us + (256 - priority) * advert_interval_us // 256
