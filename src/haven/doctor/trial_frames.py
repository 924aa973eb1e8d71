# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames that doctor sends to see whether VRRP gets through: real ones, of a VRID that nobody uses.

They are ADVERTISEMENTs of priority 1 to 3, which tells how they were sent, with the longest interval there
is and the sender's own address as the virtual one. A router that has this VRID all the same goes on as
before, as it has a higher priority.
"""

from haven.core.announce import BROADCAST
from haven.core.frame import multicast_frame
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import (
    HIGHEST_VRID,
    INTERVAL_UNIT_US,
    LOWEST_VRID,
    longest_interval_us,
    multicast_group,
    virtual_mac,
)

MULTICAST, AS_BROADCAST, FOREIGN_MAC = 1, 2, 3
MARKS = (MULTICAST, AS_BROADCAST, FOREIGN_MAC)
VERSION = 3
INTERVAL_US = longest_interval_us(VERSION) // INTERVAL_UNIT_US[VERSION] * INTERVAL_UNIT_US[VERSION]


def free_vrid(used: set[int]) -> int:
    """Return a VRID that nobody uses, as far as was heard; 0 for none."""
    return next((vrid for vrid in range(HIGHEST_VRID, LOWEST_VRID, -1) if vrid not in used), 0)


def message(vrid: int, mark: int, source: bytes, destination: bytes) -> bytes:
    """Return the octets of the ADVERTISEMENT alone."""
    return encode(Advert(VERSION, vrid, mark, INTERVAL_US, (source,)), source, destination)


def frames(mac: bytes, source: bytes, vrid: int, with_foreign: bool) -> list[bytes]:
    """Return what is sent on a link each time: by multicast, by broadcast, and with a virtual MAC."""
    family = 6 if len(source) == 16 else 4
    group = multicast_group(family)
    found = [multicast_frame(mac, source, group, message(vrid, MULTICAST, source, group))]
    hidden = multicast_frame(mac, source, group, message(vrid, AS_BROADCAST, source, group))
    found.append(BROADCAST + hidden[len(BROADCAST) :])
    if with_foreign:
        foreign = virtual_mac(family, vrid)
        found.append(multicast_frame(foreign, source, group, message(vrid, FOREIGN_MAC, source, group)))
    return found


def is_trial(advert: Advert, source: bytes) -> bool:
    """Tell whether an ADVERTISEMENT is one of these."""
    return advert.priority in MARKS and advert.interval_us == INTERVAL_US and advert.addresses == (source,)
